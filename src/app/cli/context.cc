#include "app/cli/context.h"

#include <cstdio>
#include <cstdlib>

#include "base/terminal.h"
#include "http/message.h"

namespace caudal::app::cli {

std::string Context::ConfigFile() const {
  if (!config_file.empty()) return config_file;
  const char* named = std::getenv("CAUDAL_CONFIG");
  return named && *named ? named : "caudal.yaml";
}

void Context::PrintLine(const std::string& line) const {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void Context::PrintJson(const Json& value) const { PrintLine(DumpJson(value)); }

int Context::Fail(const Error& error) const {
  if (json) {
    const std::string reason = error.code.empty() ? std::string(NameOf(error.kind)) : error.code;
    const Json line = {
        {"error",
         {{"code", http::StatusOf(error.kind)}, {"message", error.message}, {"reason", reason}}}};
    std::fprintf(stderr, "%s\n", DumpJson(line).c_str());
  } else if (error.code == "config.invalid") {
    std::fprintf(stderr, "%s\n", error.message.c_str());  // each line begins with its place
  } else {
    const std::string text = Say(language, Text::kError, error.message);
    const bool color = WantsColor(Stream::kError);
    std::fprintf(stderr, "%s%s%s\n", color ? "\033[31m" : "", text.c_str(), color ? "\033[0m" : "");
  }
  if (error.code == "server.not_running" || error.code == "server.unreachable") return kNotRunning;
  if (error.code.starts_with("config.") || error.code == "usage" || error.code == "auth.no_keys")
    return kUsage;
  return kFailed;
}

std::string Cell(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return DumpJson(*found);
}

}  // namespace caudal::app::cli
