#include "lake/format/source_ids.h"

namespace caudal::lake {

Result<std::vector<int32_t>> ReadSourceIds(const JsonReader& reader) {
  std::vector<int32_t> ids;
  if (reader.Has("source-id")) {
    const int32_t source = TRY(reader.Int("source-id"));
    ids.push_back(source);
    return ids;
  }
  ids = TRY(reader.OptionalInts("source-ids"));
  if (ids.empty()) return reader.Bad("source-id", "is missing");
  return ids;
}

}  // namespace caudal::lake
