#include "functions/framework/install.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "data/json.h"
#include "functions/framework/source_tree.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

using Runtime = FrameworkPart::Runtime;

constexpr const char* kFormat = "1";  // part of the digest: changes when what is made here does
constexpr const char* kPythonFramework = "functions-framework>=3.10,<4";
constexpr const char* kNodeFramework = "@google-cloud/functions-framework@^5.0.5";
constexpr uint64_t kRequirementsBytesMax = 1u << 20;

// One deployment being made.
class Installer {
 public:
  Installer(const FunctionSpec& spec, const Print& print, std::stop_token stop)
      : spec_(spec),
        part_(std::get<FrameworkPart>(spec.part)),
        print_(print),
        stop_(std::move(stop)) {}

  Result<void> Python(Deployment& deployment);
  Result<void> Node(Deployment& deployment);

 private:
  void Say(const std::string& line) const {
    if (print_) print_(line + "\n");
  }
  Step MakeStep(std::string what, std::vector<std::string> argv, std::string folder) const {
    return {std::move(what), std::move(argv), std::move(folder), InstallerEnvironment()};
  }
  Result<void> Run(std::string what, std::vector<std::string> argv, std::string folder) const {
    Say("$ " + what);
    return RunStep(MakeStep(std::move(what), std::move(argv), std::move(folder)), print_, stop_);
  }
  // With the function's own environment on top: NODE_PATH and the like.
  Result<std::string> Ask(std::string what, std::vector<std::string> argv,
                          std::string folder) const {
    Step step = MakeStep(std::move(what), std::move(argv), std::move(folder));
    for (const auto& [name, value] : spec_.environment)
      step.environment.push_back(name + "=" + value);
    return AskStep(step, stop_);
  }
  Result<void> PipInstall(const Deployment& deployment, std::vector<std::string> what) const;

  const FunctionSpec& spec_;
  const FrameworkPart& part_;
  const Print& print_;
  const std::stop_token stop_;
};

bool Asks(const std::string& requirements, const std::string& package) {
  const std::regex line("(^|\\n)\\s*" + package, std::regex::icase);
  return std::regex_search(requirements, line);
}

Result<void> Installer::PipInstall(const Deployment& deployment,
                                   std::vector<std::string> what) const {
  std::vector<std::string> argv = {deployment.program,
                                   "-m",
                                   "pip",
                                   "install",
                                   "--no-input",
                                   "--disable-pip-version-check",
                                   "--no-warn-script-location",
                                   "--progress-bar",
                                   "off"};
  std::string shown = "pip install";
  for (const std::string& one : what) shown += " " + one;
  argv.insert(argv.end(), what.begin(), what.end());
  return Run(shown, std::move(argv), deployment.source());
}

Result<void> Installer::Python(Deployment& deployment) {
  const std::string python =
      TRY(FindProgram(part_.interpreter.empty() ? "python3" : part_.interpreter));
  deployment.program = python;
  const std::string script = deployment.source() + "/main.py";
  if (!os::Exists(script))
    return MakeError(ErrorKind::kNotFound, fmt::format("there is no main.py in {}", part_.source),
                     "function.source");
  if (part_.install) {
    Say("$ python -m venv");
    Result<void> made =
        RunStep(MakeStep("python -m venv", {python, "-m", "venv", deployment.folder + "/venv"}, ""),
                print_, stop_);
    if (!made.ok()) {
      Error error = std::move(made).error();
      error.message += "; on Debian it needs the package python3-venv";
      return error;
    }
    deployment.program = deployment.folder + "/venv/bin/python";
    std::string requirements;
    if (os::Exists(deployment.source() + "/requirements.txt")) {
      requirements =
          TRY(os::ReadFile(deployment.source() + "/requirements.txt", kRequirementsBytesMax));
      TRY(PipInstall(deployment, {"-r", "requirements.txt"}));
    }
    if (!Asks(requirements, "functions[-_.]framework"))
      TRY(PipInstall(deployment, {kPythonFramework}));
  }
  Result<std::string> found =
      Ask("python", {deployment.program, "-c", "import functions_framework"}, deployment.source());
  if (found.ok()) return {};
  Error error = std::move(found).error().Within("functions-framework can't be used");
  if (!part_.install)
    error.message += "; install it for " + deployment.program + ", or leave out `install: false`";
  return error;
}

Result<void> Installer::Node(Deployment& deployment) {
  const std::string node = TRY(FindProgram(part_.interpreter.empty() ? "node" : part_.interpreter));
  deployment.program = node;
  const std::string source = deployment.source();
  const std::string package = source + "/package.json";
  if (part_.install) {
    const std::string beside = node.substr(0, node.rfind('/')) + "/npm";
    std::string npm = beside;
    if (!os::Exists(beside)) npm = TRY(FindProgram("npm"));
    if (!os::Exists(package)) TRY(os::ReplaceFile(package, "{\"private\": true}\n"));
    const bool locked = os::Exists(source + "/package-lock.json");
    const std::vector<std::string> common = {"--omit=dev", "--no-audit", "--no-fund",
                                             "--no-progress", "--loglevel=http"};
    std::vector<std::string> argv = {npm, locked ? "ci" : "install"};
    argv.insert(argv.end(), common.begin(), common.end());
    TRY(Run(locked ? "npm ci" : "npm install", argv, source));
    if (!os::Exists(source + "/node_modules/@google-cloud/functions-framework/package.json")) {
      argv = {npm, "install", "--no-save", kNodeFramework};
      argv.insert(argv.end(), common.begin(), common.end());
      TRY(Run(std::string("npm install ") + kNodeFramework, argv, source));
    }
  }
  Result<std::string> found =
      Ask("node", {node, "-p", "require.resolve('@google-cloud/functions-framework')"}, source);
  // One that was killed (the kernel is short of memory) says nothing.
  if (!found.ok() &&
      (!found.error().Is(ErrorKind::kUnavailable) || found.error().code == kStepKilled))
    return std::move(found).error();
  if (!found.ok())
    return MakeError(
        ErrorKind::kNotFound,
        fmt::format("@google-cloud/functions-framework isn't installed: {}{}",
                    found.error().message, part_.install ? "" : "; leave out `install: false`"));
  // …/build/src/index.js
  deployment.main = found->substr(0, found->rfind('/')) + "/main.js";
  if (os::Exists(deployment.main)) return {};
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("there is no {}: this version of functions-framework isn't known",
                               deployment.main));
}

std::string MarkerOf(const std::string& folder) { return folder + "/deployed.json"; }

Result<Deployment> ReadDeployment(const std::string& folder) {
  const std::string text = TRY(os::ReadFile(MarkerOf(folder), 1u << 16));
  const Json json = TRY(ParseJson(text, MarkerOf(folder)));
  Deployment deployment;
  deployment.folder = folder;
  deployment.digest = json.value("digest", "");
  deployment.program = json.value("program", "");
  deployment.main = json.value("main", "");
  deployment.deployed = json.value("deployed", Micros{0});
  return deployment;
}

// The newest whole one of this digest.
std::optional<Deployment> FindDeployment(const std::string& place, const std::string& digest) {
  std::optional<Deployment> newest;
  const Result<std::vector<os::DirEntry>> entries = os::ListDir(place);
  if (!entries.ok()) return newest;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.is_dir || !entry.name.starts_with(digest)) continue;
    Result<Deployment> found = ReadDeployment(place + "/" + entry.name);
    if (found.ok() && (!newest || found->deployed > newest->deployed)) newest = std::move(*found);
  }
  return newest;
}

std::string FreeFolder(const std::string& place, const std::string& digest) {
  std::string folder = place + "/" + digest;
  for (int i = 2; os::Exists(folder); ++i) folder = fmt::format("{}/{}-{}", place, digest, i);
  return folder;
}

Result<void> Complete(const Deployment& deployment) {
  // All of it is there before it is said to be.
  os::SyncFileSystem(deployment.folder);
  FAILPOINT("functions.deploy.installed");
  return os::ReplaceFile(MarkerOf(deployment.folder),
                         DumpJson({{"digest", deployment.digest},
                                   {"program", deployment.program},
                                   {"main", deployment.main},
                                   {"deployed", deployment.deployed}}));
}

}  // namespace

Result<Deployment> Install(const InstallRequest& request, Clock& clock, const Print& print,
                           std::stop_token stop) {
  const FunctionSpec& spec = request.spec;
  const auto& part = std::get<FrameworkPart>(spec.part);
  const bool python = part.runtime == Runtime::kPython;
  const std::vector<SourceFile> files = TRY(ListSource(part.source, !part.install));
  Deployment deployment;
  deployment.digest = DigestOf(
      files, {kFormat, python ? "python" : "node", part.interpreter,
              part.install ? "install" : "as it is", python ? kPythonFramework : kNodeFramework});
  const std::string place = request.folder + "/" + spec.name;
  const std::optional<Deployment> there = FindDeployment(place, deployment.digest);
  if (there && !request.again && os::Exists(there->program)) return *there;
  // Never where one may be running.
  deployment.folder = FreeFolder(place, deployment.digest);
  if (print) print(fmt::format("deploying {} from {}\n", spec.name, part.source));
  const auto install = [&]() -> Result<void> {
    TRY(os::MakeDirs(deployment.home(), 0700));
    TRY(CopySource(part.source, files, deployment.source()));
    Installer installer(spec, print, std::move(stop));
    if (python) {
      TRY(installer.Python(deployment));
    } else {
      TRY(installer.Node(deployment));
    }
    deployment.deployed = clock.Now();
    return Complete(deployment);
  };
  Result<void> installed = install();
  if (installed.ok()) return deployment;
  (void)os::RemoveTree(deployment.folder).ok();
  return std::move(installed).error();
}

void RemoveOldDeployments(const Deployment& current) {
  const std::string place = current.folder.substr(0, current.folder.rfind('/'));
  const Result<std::vector<os::DirEntry>> entries = os::ListDir(place);
  if (!entries.ok()) return;
  std::vector<std::pair<Micros, std::string>> old;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.is_dir || place + "/" + entry.name == current.folder) continue;
    const Result<Deployment> there = ReadDeployment(place + "/" + entry.name);
    old.emplace_back(there.ok() ? there->deployed : 0, entry.name);
  }
  std::sort(old.begin(), old.end());
  if (!old.empty() && old.back().first > 0) old.pop_back();
  for (const auto& [when, name] : old) {
    const Result<void> removed = os::RemoveTree(place + "/" + name);
    if (!removed.ok())
      LogWarning("an old deployment isn't removed",
                 {{"folder", place + "/" + name}, {"error", removed.error().message}});
  }
}

}  // namespace caudal::functions
