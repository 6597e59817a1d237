// Values that the source didn't send because they didn't change.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/keys/key_codec.h"
#include "lake/write/row_gatherer.h"
#include "pipeline/change_layout.h"

namespace caudal::pipeline {

// Columns of a replica's rows, as it is with all changes before those that are looked at: see
// lake::WriteTransaction::Rows.
using FindPresent =
    std::function<Result<lake::FoundRows>(const Batch& keys, const Schema& columns)>;

struct FilledChanges {
  Batch changes;
  int64_t absent = 0;  // rows of whose values nothing is known here: they are null
};

// `changes` with those values in place: of the last change of the row before it, else of the
// replica. Looks the replica up once for all of them. `codec` is that of its key.
Result<FilledChanges> FillUnchanged(const ChangeLayout& layout, const lake::KeyCodec& codec,
                                    const Batch& changes, const FindPresent& find);

// Whether any value is missing so.
bool HasUnchanged(const ChangeLayout& layout, const Batch& changes);

}  // namespace caudal::pipeline
