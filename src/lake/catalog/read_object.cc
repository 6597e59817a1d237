#include "lake/catalog/read_object.h"

#include "lake/catalog/locations.h"

namespace caudal::lake {
namespace {

constexpr uint64_t kFileBytesMax = 256u << 20;

Result<std::string> ReadAll(objects::Store& store, const ObjectPlace& place) {
  const objects::ObjectContent content = TRY(store.Read({place.bucket, place.name, {}}));
  if (content.bytes) return *content.bytes;
  if (content.object.size > kFileBytesMax)
    return MakeError(ErrorKind::kLimit, "the file is larger than 256 MiB");
  std::string text(content.object.size, '\0');
  for (size_t at = 0; at < text.size();) {
    const size_t n = TRY(content.file->ReadAt(at, text.data() + at, text.size() - at));
    if (n == 0) return MakeError(ErrorKind::kCorrupt, "the file is shorter than its object");
    at += n;
  }
  return text;
}

}  // namespace

Result<std::string> ReadTableFile(objects::Store& store, const std::string& location) {
  const ObjectPlace place = TRY(PlaceOf(location));
  Result<std::string> text = ReadAll(store, place);
  if (text.ok()) return text;
  if (text.error().Is(ErrorKind::kNotFound))
    return MakeError(ErrorKind::kCorrupt, "the file " + location + " is gone");
  return std::move(text).error().Within(location);
}

}  // namespace caudal::lake
