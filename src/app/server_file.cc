#include "app/server_file.h"

#include <filesystem>

#include "data/json.h"
#include "os/file.h"

namespace caudal::app {

Result<void> WriteServerFile(const std::string& path, const ServerFile& file) {
  TRY(os::MakeDirs(std::filesystem::path(path).parent_path().string()));
  const Json json = {{"url", file.url}, {"pid", file.pid}, {"admin_token", file.admin_token}};
  return os::ReplaceFile(path, DumpJson(json) + "\n", 0600);
}

Result<ServerFile> ReadServerFile(const std::string& path) {
  const Json json = TRY(ParseJson(TRY(os::ReadFile(path, 64u << 10)), path));
  const auto text = [&](const char* key) {
    return json.is_object() && json.contains(key) && json[key].is_string()
               ? json[key].get<std::string>()
               : std::string();
  };
  ServerFile file{text("url"), 0, text("admin_token")};
  if (json.is_object() && json.contains("pid") && json["pid"].is_number_integer())
    file.pid = json["pid"].get<int>();
  if (file.url.empty())
    return MakeError(ErrorKind::kCorrupt, path + " isn't a server file; restart the server");
  return file;
}

}  // namespace caudal::app
