// The files of a load: found, unpacked where they are packed, and kept until it ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/in_process.h"
#include "functions/sql/input.h"
#include "transfer/load.h"

namespace caudal::transfer {

struct Source {
  std::string name;                      // for people: "gs://bucket/name"
  std::string path;                      // plain
  FileFormat format = FileFormat::kCsv;  // Avro files are Parquet by now
  CsvOptions csv;
  std::shared_ptr<void> guard;  // holds the object's file in place
};

// In the order given, those of a pattern by name. kNotFound when a URI or pattern has no object;
// kInvalid when a name doesn't say its format and the request doesn't either.
Result<std::vector<Source>> FindSources(objects::Store& store, engine::InProcessDatabase& database,
                                        const LoadRequest& request, uint64_t unpacked_bytes_max,
                                        functions::WorkFiles& work, const functions::GoOn& go_on);

}  // namespace caudal::transfer
