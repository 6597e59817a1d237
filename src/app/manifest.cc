#include "app/manifest.h"

#include "data/digest.h"
#include "data/json.h"
#include "data/timestamp.h"
#include "os/file.h"

namespace caudal::app {
namespace {

std::string PathOf(const std::string& backup) { return backup + "/manifest.json"; }

// A member whose type is what it must be; a plain file name has no folder in it.
struct Members {
  const Json& json;
  bool fine = true;

  uint64_t Number(const char* name) {
    const auto found = json.find(name);
    fine = fine && found != json.end() && found->is_number_unsigned();
    return fine ? found->get<uint64_t>() : 0;
  }
  std::string Text(const char* name) {
    const auto found = json.find(name);
    fine = fine && found != json.end() && found->is_string();
    return fine ? found->get<std::string>() : std::string();
  }
  std::string FileName(const char* name) {
    std::string text = Text(name);
    fine = fine && !text.empty() && text.find('/') == std::string::npos && text[0] != '.';
    return text;
  }
  uint32_t Crc(const char* name) {
    Result<uint32_t> crc = DecodeCrc32c(Text(name));
    fine = fine && crc.ok();
    return fine ? *crc : 0;
  }
};

}  // namespace

Result<Manifest> ReadManifest(const std::string& backup) {
  const std::string path = PathOf(backup);
  const Error damaged =
      MakeError(ErrorKind::kCorrupt, path + " is damaged; use another backup", "backup.corrupt");
  Result<std::string> text = os::ReadFile(path, 1u << 20);
  if (!text.ok()) {
    if (!text.error().Is(ErrorKind::kNotFound)) return std::move(text).error();
    return MakeError(ErrorKind::kNotFound,
                     backup + " holds no complete backup (it has no manifest.json)",
                     "backup.not_found");
  }
  Result<Json> json = ParseJson(*text, path);
  if (!json.ok() || !json->is_object()) return damaged;
  Members members{*json};
  const uint64_t version = members.Number("caudal_backup");
  if (members.fine && version > Manifest::kVersion)
    return MakeError(ErrorKind::kUnsupported,
                     backup + " was made by a newer Caudal; restore it with that one",
                     "backup.too_new");
  Manifest manifest;
  manifest.format = static_cast<int>(members.Number("format"));
  manifest.incarnation = members.Text("incarnation");
  manifest.database_file = members.FileName("database_file");
  manifest.database_bytes = members.Number("database_bytes");
  manifest.database_crc32c = members.Crc("database_crc32c");
  manifest.list_file = members.FileName("list_file");
  manifest.list_crc32c = members.Crc("list_crc32c");
  manifest.blobs = members.Number("blobs");
  manifest.blob_bytes = members.Number("blob_bytes");
  Result<Micros> created = ParseRfc3339(members.Text("created"));
  if (!members.fine || !created.ok()) return damaged;
  manifest.created = *created;
  return manifest;
}

Result<void> WriteManifest(const std::string& backup, const Manifest& manifest) {
  const Json json = {{"caudal_backup", Manifest::kVersion},
                     {"created", FormatRfc3339(manifest.created, 6)},
                     {"format", manifest.format},
                     {"incarnation", manifest.incarnation},
                     {"database_file", manifest.database_file},
                     {"database_bytes", manifest.database_bytes},
                     {"database_crc32c", EncodeCrc32c(manifest.database_crc32c)},
                     {"list_file", manifest.list_file},
                     {"list_crc32c", EncodeCrc32c(manifest.list_crc32c)},
                     {"blobs", manifest.blobs},
                     {"blob_bytes", manifest.blob_bytes}};
  return os::ReplaceFile(PathOf(backup), json.dump(2) + "\n");
}

}  // namespace caudal::app
