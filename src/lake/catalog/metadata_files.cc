#include "lake/catalog/metadata_files.h"

#include "codec/gzip/gzip.h"
#include "lake/catalog/locations.h"
#include "lake/catalog/read_object.h"

namespace caudal::lake {
namespace {

constexpr size_t kTextBytesMax = 256u << 20;

// Packed or not, whatever its name says: writers differ in where they put the "gz". `text` is what
// it says then.
Result<TableMetadata> ParseFile(std::string& text) {
  if (IsGzip(text)) text = TRY(Gunzip(text, kTextBytesMax));
  return ParseTableMetadata(text);
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
  std::string text = TRY(ReadTableFile(store_, location));
  Result<TableMetadata> parsed = ParseFile(text);
  if (!parsed.ok() && parsed.error().Is(ErrorKind::kInvalid))
    return MakeError(ErrorKind::kCorrupt, location + ": " + parsed.error().message);
  if (!parsed.ok()) return std::move(parsed).error().Within(location);
  auto metadata = std::make_shared<const TableMetadata>(std::move(parsed).take());
  Keep(location, metadata, text.size());
  return SharedMetadata(std::move(metadata));
}

Result<objects::FileToPublish> MetadataFiles::ToPublish(const std::string& location,
                                                        const TableMetadata& metadata) {
  const ObjectPlace place = TRY(PlaceOf(location));
  objects::FileToPublish file;
  file.request.bucket = place.bucket;
  file.request.name = place.name;
  const bool packed = IsPackedMetadata(location);
  // Not as an encoding of the object: readers go by the name, and unpack it themselves.
  file.request.metadata.content_type = packed ? "application/gzip" : "application/json";
  file.request.preconditions.generation_match = 0;
  std::string text = TableMetadataText(metadata);
  file.bytes = packed ? Gzip(text) : std::move(text);
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
