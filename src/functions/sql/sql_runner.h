// Functions in SQL: files in, statements, rules, files out.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "functions/runner.h"
#include "objects/store.h"

namespace caudal::functions {

struct SqlRunnerOptions {
  // For unpacked inputs: emptied when the server starts, on the file system of the objects.
  std::string work_folder;
};

// A run: the inputs become tables, and `event` one with the event; the SQL runs, confined to what
// the session holds, with $bucket, $name and $uri bound; the rules are applied; the outputs are
// written and published, those of quarantine first, in ONE transaction of the object store, which
// the run's success joins: all of them appear and the run has succeeded, or nothing of it shows.
//
// Every error that the file or the function is to blame for is kInvalid. An event whose object was
// replaced by a later one before it could be read is a success without outputs, and says so: the
// later one has an event of its own. `spec` must hold a SqlPart; references must outlive it.
std::unique_ptr<Runner> MakeSqlRunner(const FunctionSpec& spec, SqlRunnerOptions options,
                                      engine::Engine& engine, objects::Store& store);

}  // namespace caudal::functions
