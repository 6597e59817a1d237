#include "lake/files/paths.h"

#include <utility>

#include "lake/catalog/locations.h"

namespace caudal::lake {
namespace {

std::string Folder(const TableMetadata& metadata, const char* property, const char* name) {
  const auto set = metadata.properties.find(property);
  std::string folder = set == metadata.properties.end() ? "" : set->second;
  while (folder.ends_with('/')) folder.pop_back();
  return folder.empty() ? metadata.location + "/" + name : folder;
}

Result<objects::FileToPublish> NewObject(const std::string& location) {
  ObjectPlace place = TRY(PlaceOf(location));
  objects::FileToPublish file;
  file.request.bucket = std::move(place.bucket);
  file.request.name = std::move(place.name);
  file.request.preconditions.generation_match = 0;
  return file;
}

}  // namespace

std::string DataFolder(const TableMetadata& metadata) {
  return Folder(metadata, "write.data.path", "data");
}

std::string MetadataFolder(const TableMetadata& metadata) {
  return Folder(metadata, "write.metadata.path", "metadata");
}

Result<objects::FileToPublish> PublishBytes(const std::string& location, std::string bytes) {
  objects::FileToPublish file = TRY(NewObject(location));
  file.bytes = std::move(bytes);
  return file;
}

Result<objects::FileToPublish> PublishFile(const std::string& location, std::string path) {
  objects::FileToPublish file = TRY(NewObject(location));
  file.path = std::move(path);
  return file;
}

}  // namespace caudal::lake
