// Where the files of a table go, and how they get there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lake/format/table_metadata.h"
#include "objects/store.h"

namespace caudal::lake {

// Below its location, unless the properties write.data.path and write.metadata.path say otherwise.
std::string DataFolder(const TableMetadata& metadata);
std::string MetadataFolder(const TableMetadata& metadata);

// A new object of these bytes, or of the local file at `path`. kInvalid ("lake.location") when the
// location isn't one of the store's; publishing refuses to replace an object.
Result<objects::FileToPublish> PublishBytes(const std::string& location, std::string bytes);
Result<objects::FileToPublish> PublishFile(const std::string& location, std::string path);

}  // namespace caudal::lake
