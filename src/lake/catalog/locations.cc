#include "lake/catalog/locations.h"

#include <fmt/format.h>

#include <charconv>

namespace caudal::lake {
namespace {

constexpr std::string_view kPackedSuffix = ".gz.metadata.json";

}  // namespace

Result<ObjectPlace> PlaceOf(std::string_view location) {
  constexpr std::string_view kScheme = "gs://";
  const size_t slash = location.find('/', kScheme.size());
  if (!location.starts_with(kScheme) || slash == std::string_view::npos ||
      slash == kScheme.size() || slash + 1 == location.size())
    return MakeError(
        ErrorKind::kInvalid,
        fmt::format("'{}' is no location of this catalogue: gs://bucket/path", location),
        "lake.location");
  return ObjectPlace{std::string(location.substr(kScheme.size(), slash - kScheme.size())),
                     std::string(location.substr(slash + 1))};
}

std::string DefaultLocation(const std::string& bucket, const Levels& space) {
  std::string location = "gs://" + bucket;
  for (const std::string& level : space) location += "/" + FolderNameOf(level);
  return location;
}

std::string DefaultLocation(const std::string& bucket, const std::string& base,
                            const TableName& name, std::string_view uuid) {
  std::string location = base;
  while (location.ends_with('/')) location.pop_back();
  if (location.empty()) location = DefaultLocation(bucket, name.space);
  return fmt::format("{}/{}-{}", location, FolderNameOf(name.name), uuid.substr(0, 8));
}

std::string MetadataLocation(const std::string& location, const std::string& folder,
                             int64_t version, std::string_view uuid, bool packed) {
  std::string base = folder.empty() ? location + "/metadata" : folder;
  while (base.ends_with('/')) base.pop_back();
  return fmt::format("{}/{:05}-{}{}", base, version, uuid,
                     packed ? kPackedSuffix : std::string_view(".metadata.json"));
}

bool IsPackedMetadata(std::string_view metadata_location) {
  return metadata_location.ends_with(kPackedSuffix);
}

int64_t VersionOf(std::string_view metadata_location) {
  const std::string_view name = metadata_location.substr(metadata_location.rfind('/') + 1);
  int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (error != std::errc() || end == name.data() + name.size() || *end != '-' || version < 0)
    return -1;
  return version;
}

}  // namespace caudal::lake
