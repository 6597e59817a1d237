#include "os/permissions.h"

#include <sys/stat.h>

namespace caudal::os {

void KeepFilesPrivate() { ::umask(077); }

}  // namespace caudal::os
