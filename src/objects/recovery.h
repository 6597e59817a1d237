// What a crash leaves behind, put right before the store opens.
#pragma once

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Journaled bytes go back into files; garbage is dropped; files that no metadata refers to are
// removed. Idempotent: a crash during recovery is recovered from by the next one.
Result<void> Recover(Core& core);

}  // namespace caudal::objects
