// Small objects' bytes, kept in the metadata transaction until their files are synced: an upload of
// a few KB costs no sync of its own. The file is written at once, unsynced; a crash may lose or
// tear it, and recovery writes it again from here.
#pragma once

#include <string_view>

#include "base/result.h"
#include "meta/database.h"
#include "objects/core.h"

namespace caudal::objects {

// In the transaction that publishes the blob. The file must have been written already.
Result<void> AddToJournal(Core& core, meta::Tx& tx, int64_t blob, std::string_view bytes);

// kLimit when the journal is over its size limit and trimming doesn't keep up.
Result<void> AdmitToJournal(Core& core);

// Syncs the files of what is journaled now, then forgets it. Returns how many.
Result<int64_t> TrimJournal(Core& core);

// After a crash: every journaled blob is written to its file again and synced, and the journal
// emptied.
Result<void> RecoverJournal(Core& core);

}  // namespace caudal::objects
