#include "app/data_folder.h"

#include <algorithm>
#include <charconv>

#include "app/server_file.h"
#include "base/failpoint.h"
#include "base/log.h"

namespace caudal::app {
namespace {

constexpr std::string_view kHeading = "caudal data folder, version ";

Error InUse(const DataPaths& paths) {
  std::string by = "another process";
  Result<ServerFile> server = ReadServerFile(paths.server_file());
  if (server.ok())
    by = "a server (process " + std::to_string(server->pid) + ", " + server->url + ")";
  return MakeError(ErrorKind::kConflict,
                   "the data folder " + paths.folder + " is in use by " + by +
                       "; stop it first, or use another data folder",
                   "data.in_use");
}

// Only what a start that was cut short leaves behind.
bool LooksNew(const std::vector<os::DirEntry>& entries) {
  return std::all_of(entries.begin(), entries.end(), [](const os::DirEntry& entry) {
    return entry.name == "LOCK" || entry.name == "run" || entry.name == "logs" ||
           entry.name == "lost+found" || entry.name.starts_with("FORMAT.");
  });
}

Result<int> Upgrade(const std::string& folder, int version, const FormatRules& rules) {
  while (version < rules.version) {
    const auto step = std::find_if(rules.steps.begin(), rules.steps.end(),
                                   [&](const FormatStep& s) { return s.from == version; });
    if (step == rules.steps.end())
      return MakeError(ErrorKind::kUnsupported,
                       "the data folder " + folder + " has version " + std::to_string(version) +
                           ", which this Caudal no longer upgrades; upgrade it with an older one "
                           "first",
                       "data.too_old");
    LogInfo("upgrading the data folder", {{"folder", folder}, {"from", version}});
    TRY(step->run(folder));
    FAILPOINT("app.format.upgraded");
    TRY(WriteFormat(folder, ++version));
  }
  return version;
}

}  // namespace

const FormatRules& CurrentFormat() {
  static const FormatRules rules{1, {}};
  return rules;
}

Result<void> WriteFormat(const std::string& folder, int version) {
  return os::ReplaceFile(DataPaths{folder}.format(),
                         std::string(kHeading) + std::to_string(version) + "\n");
}

Result<int> ReadFormat(const std::string& folder) {
  const std::string path = DataPaths{folder}.format();
  const std::string text = TRY(os::ReadFile(path, 4096));
  int version = 0;
  if (text.starts_with(kHeading)) {
    const char* begin = text.data() + kHeading.size();
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(begin, end, version);
    if (error == std::errc() && version > 0 && std::string_view(last, end) == "\n") return version;
  }
  return MakeError(ErrorKind::kCorrupt,
                   path + " doesn't say a format version; restore the folder from a backup",
                   "data.corrupt");
}

Result<DataFolder> DataFolder::Open(const std::string& folder, Missing missing,
                                    const FormatRules& rules) {
  DataPaths paths{folder};
  if (!os::Exists(folder)) {
    if (missing == Missing::kRefuse)
      return MakeError(ErrorKind::kNotFound,
                       "there is no data folder " + folder + "; `caudal up` makes one",
                       "data.not_found");
    TRY(os::MakeDirs(folder, 0700));  // it holds secrets
  }
  Result<int> version = ReadFormat(folder);
  if (!version.ok() && !version.error().Is(ErrorKind::kNotFound)) return std::move(version).error();
  if (!version.ok()) {
    // Looked at before the lock file is made: a foreign folder is left untouched.
    if (!LooksNew(TRY(os::ListDir(folder))))
      return MakeError(ErrorKind::kCorrupt,
                       folder +
                           " isn't a data folder (it isn't empty and has no FORMAT file); "
                           "name an empty one. If a restore was cut short, delete it and "
                           "restore again",
                       "data.foreign");
    if (missing == Missing::kRefuse)
      return MakeError(ErrorKind::kNotFound, folder + " holds no data yet; `caudal up` makes it",
                       "data.not_found");
  }
  Result<os::FileLock> lock = os::FileLock::Take(paths.lock());
  if (!lock.ok()) {
    if (lock.error().Is(ErrorKind::kConflict)) return InUse(paths);
    return std::move(lock).error();
  }
  version = ReadFormat(folder);  // again, now that nobody else writes it
  if (!version.ok()) {
    if (!version.error().Is(ErrorKind::kNotFound)) return std::move(version).error();
    TRY(WriteFormat(folder, rules.version));
    FAILPOINT("app.format.created");
    version = rules.version;
  }
  if (*version > rules.version)
    return MakeError(ErrorKind::kUnsupported,
                     "the data folder " + folder + " has version " + std::to_string(*version) +
                         ", this Caudal knows up to " + std::to_string(rules.version) +
                         "; use the newer Caudal that made it",
                     "data.too_new");
  const int reached = TRY(Upgrade(folder, *version, rules));
  return DataFolder(std::move(paths), std::move(lock).take(), reached);
}

}  // namespace caudal::app
