#include "objects/joining.h"

#include "base/failpoint.h"

namespace caudal::objects {
namespace {

Result<Prepared> CopyPieces(Core& core, int64_t blob, const std::vector<Piece>& pieces) {
  Prepared joined;
  joined.blob = blob;
  os::File file = TRY(core.blobs.Create(blob));
  for (const Piece& piece : pieces) {
    const os::File source = TRY(core.blobs.Open(piece.blob));
    TRY(file.CopyFrom(source, 0, joined.size, piece.size));
    joined.crc32c =
        joined.size == 0 ? piece.crc32c : CombineCrc32c(joined.crc32c, piece.crc32c, piece.size);
    joined.size += piece.size;
  }
  file.Sync("joined.file");
  FAILPOINT("objects.joined.synced");
  return joined;
}

}  // namespace

Result<Prepared> JoinPieces(Core& core, const std::vector<Piece>& pieces) {
  uint64_t bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.size;
  TRY(core.AdmitBytes(bytes));
  const int64_t blob = TRY(core.blobs.Allocate());
  Result<Prepared> joined = CopyPieces(core, blob, pieces);
  if (!joined.ok()) core.blobs.Abandon(blob);
  return joined;
}

}  // namespace caudal::objects
