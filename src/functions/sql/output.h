// The files that a run writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "functions/sql/sql_part.h"
#include "functions/sql/uri.h"
#include "objects/store.h"

namespace caudal::functions {

struct RunOutput {
  ObjectUri uri;
  std::string table;  // what is written: of a quarantine its own table
  bool quarantine = false;
  FileFormat format = FileFormat::kCsv;
  Compression compression = Compression::kNone;
  int64_t rows = 0;
  std::chrono::duration<double> seconds{0};  // that writing it took
  std::string path;  // once it is taken from the session; removed by whoever holds it
};

// Where an output of the event's object goes, and as what. kInvalid when the URI can't be filled,
// or doesn't say which format.
Result<RunOutput> PlanOutput(const SqlOutput& spec, const std::string& table,
                             const std::string& object);

// Writes all of them, in the session's own order: Parquet files first. A view that went to a
// Parquet file is read back from it by what follows, so that it is worked out only once, and every
// file of it has the same rows. `rows` are filled, and `path`.
Result<void> WriteOutputs(engine::Session& session, std::vector<RunOutput>& outputs);

// As they are to be published, in the order given.
std::vector<objects::FileToPublish> FilesOf(const std::vector<RunOutput>& outputs);

}  // namespace caudal::functions
