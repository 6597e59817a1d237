#include "functions/framework/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "os/file.h"
#include "os/process.h"

extern char** environ;

namespace caudal::functions {
namespace {

constexpr size_t kLastBytes = 8192;
constexpr size_t kLineBytesMax = 300;

void KeepEnd(std::string& kept, std::string_view more) {
  kept += more;
  if (kept.size() > 2 * kLastBytes) kept.erase(0, kept.size() - kLastBytes);
}

std::string_view Trimmed(std::string_view line) {
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
    line.remove_suffix(1);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0)
    line.remove_prefix(1);
  return line;
}

// "ValueError: no", "google.api_core.exceptions.NotFound: 404", "TypeError [X]: y", "ERROR: …"
bool NamesAnError(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" :["));
  return !line.starts_with("Traceback") &&
         (word.ends_with("Error") || word.ends_with("Exception") || word == "ERROR" ||
          word == "error" || (line.find(": ") == word.size() && word.find('.') != word.npos));
}

}  // namespace

std::string TellingLine(std::string_view printed) {
  std::string_view last;
  std::string_view telling;
  while (!printed.empty()) {
    const size_t end = std::min(printed.find('\n'), printed.size());
    const std::string_view line = Trimmed(printed.substr(0, end));
    printed.remove_prefix(std::min(end + 1, printed.size()));
    if (line.empty()) continue;
    last = line;
    if (NamesAnError(line)) telling = line;
  }
  return std::string((telling.empty() ? last : telling).substr(0, kLineBytesMax));
}

Result<void> RunStep(const Step& step, const Print& print, std::stop_token stop) {
  os::Pipe pipe = TRY(os::MakePipe());
  os::ProcessOptions options;
  options.argv = step.argv;
  options.environment = step.environment;
  options.folder = step.folder;
  options.output = pipe.write.fd();
  options.oom_score = 500;
  const std::unique_ptr<os::Process> process = TRY(os::Process::Start(options));
  pipe.write.Close();
  const auto deadline = std::chrono::steady_clock::now() + step.timeout;
  std::string last;
  std::string piece(4096, '\0');
  // To the end of the program, not of its output: what it left behind may hold that open.
  while (true) {
    const bool ended = process->Wait(std::chrono::milliseconds(0)).has_value();
    size_t n = 0;
    if (os::WaitReadable(pipe.read, std::chrono::milliseconds(ended ? 0 : 50)))
      n = TRY(os::ReadSome(pipe.read, piece.data(), piece.size(), std::chrono::milliseconds(0)));
    const std::string_view text = std::string_view(piece).substr(0, n);
    KeepEnd(last, text);
    if (print && n > 0) print(text);
    if (ended && n == 0) break;
    if (stop.stop_requested())
      return MakeError(ErrorKind::kCancelled, fmt::format("{} was stopped", step.what));
    if (std::chrono::steady_clock::now() > deadline)
      return MakeError(ErrorKind::kTimeout, fmt::format("{} took longer than {} s", step.what,
                                                        step.timeout.count() / 1000));
    if (n == 0) (void)process->Wait(std::chrono::milliseconds(10));
  }
  const os::ExitStatus status = *process->Wait(std::chrono::milliseconds(0));
  if (status.ok()) return {};
  return MakeError(
      ErrorKind::kUnavailable,
      fmt::format("{} ended with {}: {}", step.what, os::Describe(status), TellingLine(last)),
      status.signal == 0 ? std::string() : std::string(kStepKilled));
}

Result<std::string> AskStep(const Step& step, std::stop_token stop) {
  std::string printed;
  TRY(RunStep(
      step, [&](std::string_view text) { KeepEnd(printed, text); }, std::move(stop)));
  return std::string(Trimmed(printed));
}

Result<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (os::Exists(name)) return name;
    return MakeError(ErrorKind::kNotFound, fmt::format("there is no program {}", name));
  }
  const char* variable = std::getenv("PATH");
  std::string_view path = variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable;
  while (!path.empty()) {
    const size_t end = std::min(path.find(':'), path.size());
    const std::string candidate = std::string(path.substr(0, end)) + "/" + name;
    if (candidate.starts_with('/') && os::Exists(candidate)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return MakeError(
      ErrorKind::kNotFound,
      fmt::format("there is no {} in PATH: install it, or name it as `interpreter`", name));
}

std::vector<std::string> InstallerEnvironment() {
  std::vector<std::string> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view one(*variable);
    std::string name(one.substr(0, one.find('=')));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const bool wanted = name == "PATH" || name == "HOME" || name == "TMPDIR" || name == "LANG" ||
                        name == "LC_ALL" || name == "SSL_CERT_FILE" || name == "SSL_CERT_DIR" ||
                        name == "REQUESTS_CA_BUNDLE" || name == "NODE_EXTRA_CA_CERTS" ||
                        name.ends_with("_PROXY") || name.starts_with("PIP_") ||
                        name.starts_with("NPM_CONFIG_");
    if (wanted) kept.emplace_back(one);
  }
  return kept;
}

}  // namespace caudal::functions
