// The folders and processes of all workers: what was left there, what goes there.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "functions/framework/framework_runner.h"
#include "os/control_group.h"
#include "os/file.h"
#include "os/process_watch.h"
#include "os/unix_socket.h"

namespace caudal::functions {
namespace {

// "/<number>:1", "/gunicorn.ctl"
constexpr size_t kSocketNameMax = 14;

void EndLeftovers(const std::string& mark_prefix) {
  os::ProcessWatch watch(kMarkVariable);
  int killed = 0;
  for (const std::string& mark :
       watch.MarksThatBegin(std::string(kMarkVariable) + "=" + mark_prefix + "."))
    killed += watch.Kill({0, mark});
  if (killed > 0) LogWarning("function processes of an earlier server ended", {{"count", killed}});
}

Result<void> RemoveOthers(const std::string& folder, const std::vector<FunctionSpec>& functions) {
  std::set<std::string> names;
  for (const FunctionSpec& function : functions)
    if (std::holds_alternative<FrameworkPart>(function.part)) names.insert(function.name);
  const std::vector<os::DirEntry> entries = TRY(os::ListDir(folder));
  for (const os::DirEntry& entry : entries)
    if (entry.is_dir && !names.contains(entry.name)) TRY(os::RemoveTree(folder + "/" + entry.name));
  return {};
}

}  // namespace

Result<void> PreparePlaces(FrameworkPlaces& places, const std::vector<FunctionSpec>& functions,
                           Random& random) {
  EndLeftovers(places.mark_prefix);
  places.mark_secret = random.Hex(16);
  places.groups = os::ControlGroups::Find("caudal-" + places.mark_prefix);
  TRY(os::MakeDirs(places.folder, 0700));
  TRY(RemoveOthers(places.folder, functions));
  TRY(os::RemoveTree(places.run_folder));
  if (places.run_folder.size() + kSocketNameMax > os::kSocketPathMax)
    places.run_folder = "/tmp/caudal-" + random.Hex(8);
  return os::MakeDirs(places.run_folder, 0700);
}

void LeavePlaces(const FrameworkPlaces& places) {
  const Result<void> removed = os::RemoveTree(places.run_folder);
  if (!removed.ok())
    LogWarning("a folder isn't removed",
               {{"folder", places.run_folder}, {"error", removed.error().message}});
}

}  // namespace caudal::functions
