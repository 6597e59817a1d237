// Locations of tables and their files: gs:// URIs of objects in the store.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lake/catalog/names.h"

namespace caudal::lake {

struct ObjectPlace {
  std::string bucket;
  std::string name;
};

// kInvalid ("lake.location") when it isn't gs://bucket/name.
Result<ObjectPlace> PlaceOf(std::string_view location);

// Where tables of a namespace go that says nothing of it: "gs://<bucket>/<levels…>".
std::string DefaultLocation(const std::string& bucket, const Levels& space);

// Where a table that doesn't say is put: "gs://<bucket>/<levels…>/<table>-<the uuid's first
// digits>", below the namespace's own "location" where it has one (`base`, else empty). Never a
// place that another table has had.
std::string DefaultLocation(const std::string& bucket, const std::string& base,
                            const TableName& name, std::string_view uuid);

// "<location>/metadata/00007-<uuid>.metadata.json", or of a packed one ".gz.metadata.json";
// `folder` is the property write.metadata.path, or empty.
std::string MetadataLocation(const std::string& location, const std::string& folder,
                             int64_t version, std::string_view uuid, bool packed);
bool IsPackedMetadata(std::string_view metadata_location);
// The number in front of such a name; -1 when there is none.
int64_t VersionOf(std::string_view metadata_location);

}  // namespace caudal::lake
