// A data folder whose server doesn't run, opened by a command.
#pragma once

#include <memory>
#include <string>

#include "app/config/config.h"
#include "app/data_folder.h"
#include "meta/database.h"

namespace caudal::app::cli {

struct OfflineData {
  DataFolder folder;
  std::unique_ptr<meta::Database> database;
};

// Takes the folder's lock. With kCreate a folder that isn't there is made.
Result<OfflineData> OpenOffline(const Config& config, DataFolder::Missing missing);
// Whether a server runs in the folder.
bool ServerRuns(const std::string& data);

}  // namespace caudal::app::cli
