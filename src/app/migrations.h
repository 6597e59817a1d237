// The schema of every module that keeps tables, in the order they are applied.
#pragma once

#include <vector>

#include "meta/database.h"

namespace caudal::app {

std::vector<meta::Migration> AllMigrations();

}  // namespace caudal::app
