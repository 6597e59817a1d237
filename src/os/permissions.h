// Who may read what this program writes.
#pragma once

namespace caudal::os {

// Files and folders made from now on are their owner's only: a data folder holds keys and whatever
// customers stored. Call before any thread starts; never widens what is there.
void KeepFilesPrivate();

}  // namespace caudal::os
