// The files that a run reads: found, unpacked where they are packed, and kept until it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "events/event.h"
#include "functions/sql/sql_part.h"
#include "functions/sql/uri.h"
#include "objects/store.h"

namespace caudal::functions {

// Its error ends what goes on: the deadline has passed, or the server stops.
using GoOn = std::function<Result<void>()>;

struct RunInput {
  const SqlInput* spec = nullptr;
  ObjectUri uri;
  objects::OpenedObject opened;  // holds the file in place
  FileFormat format = FileFormat::kCsv;
  CsvOptions csv;
  engine::Input file;  // plain, and what the session calls it
  int64_t rows = 0;    // once it is a table
  // A rule holds what the SQL makes of it to its number of rows, so that one lost on the way shows.
  bool complete = false;

  std::string What() const;  // "input 'raw' (gs://bucket/name)"
};

// A run's own files, which go with it.
class WorkFiles {
 public:
  // `prefix`: a path that the names of the files begin with, of this run alone.
  explicit WorkFiles(std::string prefix) : prefix_(std::move(prefix)) {}
  ~WorkFiles();
  WorkFiles(const WorkFiles&) = delete;
  WorkFiles& operator=(const WorkFiles&) = delete;

  std::string New();

 private:
  const std::string prefix_;
  std::vector<std::string> paths_;
};

// The input `number` of a run. kNotFound when the object isn't there; for the event's own object,
// its generation (code "input.superseded" when a later one has taken its place). kInvalid when it
// can't be unpacked, or its format isn't known.
Result<RunInput> FindInput(objects::Store& store, const SqlInput& spec, const events::Event& event,
                           size_t number, WorkFiles& work, const GoOn& go_on);

}  // namespace caudal::functions
