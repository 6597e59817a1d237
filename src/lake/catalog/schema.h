// The catalogue's tables in the metadata database. Inside lake only.
#pragma once

#include <span>

#include "meta/database.h"

namespace caudal::lake {

std::span<const meta::Migration> CatalogMigrations();

}  // namespace caudal::lake
