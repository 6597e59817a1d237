// Several finished files become objects together; several objects go together.
#pragma once

#include <vector>

#include "base/result.h"
#include "objects/core.h"
#include "objects/store.h"

namespace caudal::objects {

// Store::PublishAll.
Result<std::vector<Object>> PublishFiles(Core& core, const std::vector<FileToPublish>& files,
                                         const JoinPublication& also);

// Store::DeleteAll.
Result<int64_t> DeleteAll(Core& core, const std::vector<ObjectRef>& refs);

}  // namespace caudal::objects
