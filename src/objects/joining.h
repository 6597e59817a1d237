// Making one blob of several: compose, and the end of a multipart upload.
#pragma once

#include <vector>

#include "base/result.h"
#include "objects/core.h"
#include "objects/publish.h"

namespace caudal::objects {

struct Piece {
  int64_t blob = 0;
  uint64_t size = 0;
  uint32_t crc32c = 0;
};

// A new blob with the pieces' bytes, synced. The checksum is combined from the pieces' own, and has
// no MD5. The caller must settle (published) or abandon it, and sync its folder before the commit
// that refers to it.
Result<Prepared> JoinPieces(Core& core, const std::vector<Piece>& pieces);

}  // namespace caudal::objects
