// The Avro schemas of manifests and manifest lists, as text, with the names and the order that
// other writers give their fields.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/type.h"

namespace caudal::lake {

std::string ManifestListAvroSchema(int format_version);
// `partition` is the struct of a file's partition values. kUnsupported when one can't be written.
Result<std::string> ManifestAvroSchema(int format_version, const Type& partition);

// A decimal's bytes in Avro: as few as hold every value of the precision.
int DecimalBytes(int precision);
// A field's name as Avro allows it: "a-b" is "a_x2Db".
std::string AvroName(std::string_view name);

}  // namespace caudal::lake
