#include "functions/framework/launch.h"

#include <fmt/format.h>

#include <map>

#include "base/log.h"

namespace caudal::functions {
namespace {

using Runtime = FrameworkPart::Runtime;
using Signature = FrameworkPart::Signature;

// Threads count too. What is watched (WorkerPoolOptions) is less.
constexpr int kTasksMax = 1024;

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::unique_ptr<os::ControlGroup> MakeGroup(const FunctionSpec& spec, const FrameworkPlaces& places,
                                            uint64_t worker) {
  if (!places.groups) return nullptr;
  Result<std::unique_ptr<os::ControlGroup>> group =
      places.groups->Make(fmt::format("{}-{}", spec.name, worker), spec.memory_bytes, kTasksMax);
  if (group.ok()) return std::move(*group);
  LogWarning("a function process has no control group; its memory is watched",
             {{"error", group.error().message}});
  return nullptr;
}

}  // namespace

std::string MarkPrefixOf(const FrameworkPlaces& places) {
  return fmt::format("{}={}.{}.", kMarkVariable, places.mark_prefix, places.mark_secret);
}

Launch MakeLaunch(const FunctionSpec& spec, const Deployment& deployment,
                  const FrameworkPlaces& places, uint64_t worker) {
  const auto& part = std::get<FrameworkPart>(spec.part);
  const bool python = part.runtime == Runtime::kPython;
  const std::string base = fmt::format("{}/{}", places.run_folder, worker);
  Launch launch;
  launch.function = spec.name;
  launch.memory_bytes = spec.memory_bytes;
  launch.group = MakeGroup(spec, places, worker);
  launch.mark = fmt::format("{}{}.{}", MarkPrefixOf(places), spec.name, worker);

  const std::string url = places.url();
  std::map<std::string, std::string> environment = {
      {"PATH", FolderOf(deployment.program) + ":/usr/local/bin:/usr/bin:/bin"},
      {"HOME", deployment.home()},
      {"LANG", "C.UTF-8"},
      {"CAUDAL_URL", url},
      {"STORAGE_EMULATOR_HOST", url},
      // gcsfs would ask a Google server for each bucket's type first.
      {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false"},
      // Google's libraries would look for a metadata server, and wait for it.
      {"NO_GCE_CHECK", "true"},
      {"METADATA_SERVER_DETECTION", "none"},
      {"GOOGLE_CLOUD_PROJECT", places.project},
      {"GCP_PROJECT", places.project},
      // gunicorn has a control socket there; elsewhere its path may be too long.
      {"XDG_RUNTIME_DIR", places.run_folder},
      {"PYTHONUNBUFFERED", "1"},
      {"NODE_ENV", "production"},
  };
  for (const auto& [name, value] : spec.environment) environment[name] = value;
  environment["PORT"] = "8080";
  environment["FUNCTION_TARGET"] = part.target;
  environment["FUNCTION_SIGNATURE_TYPE"] =
      part.signature == Signature::kCloudEvent ? "cloudevent" : "event";
  environment["FUNCTION_SOURCE"] = deployment.source() + (python ? "/main.py" : "");
  environment["K_SERVICE"] = spec.name;
  environment["K_REVISION"] = spec.name + "-" + deployment.digest;
  environment["K_CONFIGURATION"] = spec.name;

  os::ProcessOptions& process = launch.process;
  for (const auto& [name, value] : environment) process.environment.push_back(name + "=" + value);
  process.environment.push_back(launch.mark);
  process.folder = deployment.source();
  process.oom_score = 500;
  // A socket in a folder of ours instead of a port: nobody else can call the function, and no port
  // can be taken in between.
  if (python) {
    // Its server joins host and port with a colon.
    process.argv = {deployment.program, "-m", "functions_framework", "--host", "unix:" + base,
                    "--port",           "1"};
    launch.socket = base + ":1";
  } else {
    process.argv = {deployment.program, deployment.main, "--port=" + base};
    launch.socket = base;
  }
  return launch;
}

}  // namespace caudal::functions
