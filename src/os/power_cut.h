// Cuts a file system off, as a power failure would: test builds only.
#pragma once

#include <string>

#include "base/result.h"

namespace caudal::os {

// Shuts down the ext4 file system mounted at `mount_point` without flushing its log: what wasn't
// synced is lost, every later call in it fails with EIO until it is mounted again. Needs root.
// kUnsupported in builds without failpoints.
Result<void> CutPower(const std::string& mount_point);

}  // namespace caudal::os
