#include "lake/catalog/metadata_files.h"

#include "lake/catalog/locations.h"

namespace caudal::lake {
namespace {

constexpr uint64_t kFileBytesMax = 256u << 20;

Result<std::string> ReadObject(objects::Store& store, const ObjectPlace& place) {
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

Result<SharedMetadata> MetadataFiles::Read(const std::string& location) {
  {
    MutexLock lock(mutex_);
    const auto found = by_location_.find(location);
    if (found != by_location_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->metadata;
    }
  }
  const ObjectPlace place = TRY(PlaceOf(location));
  Result<std::string> text = ReadObject(store_, place);
  if (!text.ok() && text.error().Is(ErrorKind::kNotFound))
    return MakeError(ErrorKind::kCorrupt, "the metadata file " + location + " is gone");
  if (!text.ok()) return std::move(text).error().Within(location);
  Result<TableMetadata> parsed = ParseTableMetadata(*text);
  if (!parsed.ok() && parsed.error().Is(ErrorKind::kInvalid))
    return MakeError(ErrorKind::kCorrupt, location + ": " + parsed.error().message);
  if (!parsed.ok()) return std::move(parsed).error().Within(location);
  auto metadata = std::make_shared<const TableMetadata>(std::move(parsed).take());
  Keep(location, metadata, text->size());
  return SharedMetadata(std::move(metadata));
}

Result<objects::FileToPublish> MetadataFiles::ToPublish(const std::string& location,
                                                        const TableMetadata& metadata) {
  const ObjectPlace place = TRY(PlaceOf(location));
  objects::FileToPublish file;
  file.request.bucket = place.bucket;
  file.request.name = place.name;
  file.request.metadata.content_type = "application/json";
  file.request.preconditions.generation_match = 0;
  file.bytes = DumpJson(TableMetadataToJson(metadata));
  return file;
}

void MetadataFiles::Keep(const std::string& location, SharedMetadata metadata, uint64_t bytes) {
  MutexLock lock(mutex_);
  if (by_location_.contains(location)) return;
  entries_.push_front({location, std::move(metadata), bytes});
  by_location_[location] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    by_location_.erase(entries_.back().location);
    entries_.pop_back();
  }
}

}  // namespace caudal::lake
