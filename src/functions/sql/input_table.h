// Makes tables of the files that a run reads.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "functions/sql/input.h"

namespace caudal::functions {

// Makes a view named as the input of a file that the session has, and reads the whole of it once:
// counts its rows, and finds what can't be read before anything is made of it. kInvalid names the
// input, with line or row and column: not in the format, not with the declared columns, a value
// that isn't of its column's type, no rows (unless allowed). Where `input.complete`, it takes only
// our own reading of a plain file of texts (csv_plain.h).
Result<void> MakeInputTable(engine::Session& session, RunInput& input, WorkFiles& work,
                            const GoOn& go_on);

}  // namespace caudal::functions
