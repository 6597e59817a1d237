// Objects from objects: compose, copy, move, restore.
#pragma once

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Signatures as in objects/store.h.
Result<Object> Compose(Core& core, const ComposeRequest& request);
Result<Object> Copy(Core& core, const CopyRequest& request);
Result<Object> Restore(Core& core, const ObjectRef& soft_deleted, const Preconditions& conditions);

}  // namespace caudal::objects
