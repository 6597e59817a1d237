// data/run/server.json: how the local command line finds and may drive the running server. Mode
// 0600: who can read the data folder may administer it.
#pragma once

#include <string>

#include "base/result.h"

namespace caudal::app {

struct ServerFile {
  std::string url;
  int pid = 0;
  std::string admin_token;
};

Result<void> WriteServerFile(const std::string& path, const ServerFile& file);
// kNotFound when no server runs (or one died without removing it: then the URL doesn't answer).
Result<ServerFile> ReadServerFile(const std::string& path);

}  // namespace caudal::app
