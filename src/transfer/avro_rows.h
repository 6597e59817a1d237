// Avro container files of any schema, as Parquet.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/avro/schema.h"
#include "data/schema.h"
#include "engine/in_process.h"
#include "functions/sql/input.h"

namespace caudal::transfer {

// The columns of a file whose records are of that schema: a field each. Unions of null and one type
// are optional; enums are strings; timestamp-millis and -micros are timestamptz, their local forms
// timestamp. kUnsupported names what no table takes: unions of several types, records that contain
// themselves.
Result<Schema> ColumnsOfAvro(const avro::Schema& schema);

// Writes the records of `path` to the new file `to`. kInvalid when the file is damaged or has no
// records.
Result<void> AvroToParquet(engine::InProcessDatabase& database, const std::string& path,
                           const std::string& to, const functions::GoOn& go_on);

}  // namespace caudal::transfer
