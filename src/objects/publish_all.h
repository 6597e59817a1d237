// Several finished files become objects together.
#pragma once

#include <vector>

#include "base/result.h"
#include "objects/core.h"
#include "objects/store.h"

namespace caudal::objects {

// Store::PublishAll.
Result<std::vector<Object>> PublishFiles(Core& core, const std::vector<FileToPublish>& files,
                                         const JoinPublication& also);

}  // namespace caudal::objects
