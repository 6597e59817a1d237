// The data folder: its lock, its format version, and where things are in it. docs/formats/
// data-folder.md describes it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace caudal::app {

// Turns a folder of version `from` into one of version `from + 1`. Must bear being run again after
// a crash: the version is recorded when it has returned.
struct FormatStep {
  int from;
  std::function<Result<void>(const std::string& folder)> run;
};

struct FormatRules {
  int version = 0;                // what this program reads and writes
  std::vector<FormatStep> steps;  // from every older version on
};
const FormatRules& CurrentFormat();

struct DataPaths {
  std::string folder;

  std::string lock() const { return folder + "/LOCK"; }
  std::string format() const { return folder + "/FORMAT"; }
  std::string meta() const { return folder + "/meta"; }
  std::string database() const { return folder + "/meta/caudal.db"; }
  std::string objects() const { return folder + "/objects"; }
  std::string run() const { return folder + "/run"; }
  std::string server_file() const { return folder + "/run/server.json"; }
  std::string functions() const { return folder + "/functions"; }
  std::string function_sockets() const { return folder + "/run/functions"; }
  std::string engine() const { return folder + "/run/engine"; }
  std::string query_engine() const { return folder + "/run/queries"; }
  std::string table_writes() const { return folder + "/run/tables"; }
  std::string landing() const { return folder + "/run/landing"; }
  std::string table_keys() const { return folder + "/keys"; }
  std::string unpacked() const { return folder + "/run/unpacked"; }
  std::string run_logs() const { return folder + "/logs/runs"; }
};

// A data folder that this process owns until destruction.
class DataFolder {
 public:
  enum class Missing : uint8_t { kCreate, kRefuse };
  // Locks, checks and upgrades. kConflict: in use, naming by whom; kUnsupported: made by a newer
  // Caudal; kCorrupt: not a data folder, or its FORMAT can't be read; kNotFound.
  static Result<DataFolder> Open(const std::string& folder, Missing missing,
                                 const FormatRules& rules = CurrentFormat());

  const DataPaths& paths() const { return paths_; }
  int version() const { return version_; }

 private:
  DataFolder(DataPaths paths, os::FileLock lock, int version)
      : paths_(std::move(paths)), lock_(std::move(lock)), version_(version) {}
  DataPaths paths_;
  os::FileLock lock_;
  int version_;
};

// For a folder that is made another way (restore): the last thing to be written.
Result<void> WriteFormat(const std::string& folder, int version);
// kNotFound without a FORMAT file; kCorrupt when it isn't one.
Result<int> ReadFormat(const std::string& folder);

}  // namespace caudal::app
