#include "objects/multipart.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "objects/encode.h"
#include "objects/joining.h"
#include "objects/writing.h"

namespace caudal::objects {
namespace {

constexpr int kPartsMax = 10'000;

Error NoSuchUpload(const std::string& id) {
  return MakeError(
      ErrorKind::kNotFound,
      fmt::format(
          "There is no multipart upload '{}' of this object: it was completed, aborted, or has "
          "expired.",
          std::string_view(id).substr(0, 64)),
      "upload.not_found");
}

Result<WriteRequest> FindMultipart(meta::Connection& connection, const std::string& bucket,
                                   const std::string& name, const std::string& id) {
  meta::Statement row =
      TRY(connection.Prepare("SELECT bucket, name, request FROM multiparts WHERE id = ?"));
  row.Bind(1, id);
  if (!TRY(row.Step()) || row.Text(0) != bucket || row.Text(1) != name) return NoSuchUpload(id);
  WriteRequest request = TRY(DecodeRequest(row.Text(2)));
  request.bucket = bucket;
  request.name = name;
  return request;
}

struct StoredPart {
  Part part;
  Piece piece;
};

Result<StoredPart> ReadPart(const meta::Statement& row) {
  StoredPart stored;
  stored.part.number = static_cast<int>(row.Int(0));
  stored.piece = {row.Int(1), static_cast<uint64_t>(row.Int(2)), static_cast<uint32_t>(row.Int(3))};
  stored.part.size = stored.piece.size;
  const std::string_view md5 = row.BlobAt(4);
  if (md5.size() != 16)
    return MakeError(ErrorKind::kCorrupt, "a stored MD5 hasn't 16 bytes: run caudal fsck");
  std::copy(md5.begin(), md5.end(), stored.part.md5.begin());
  stored.part.updated = row.Int(5);
  return stored;
}

Result<std::vector<StoredPart>> ReadParts(meta::Connection& connection, const std::string& id,
                                          int after, int max) {
  meta::Statement rows =
      TRY(connection.Prepare("SELECT number, blob, size, crc32c, md5, updated FROM parts WHERE "
                             "multipart = ? AND number > ? ORDER BY number "
                             "LIMIT ?"));
  rows.Bind(1, id);
  rows.Bind(2, after);
  rows.Bind(3, max);
  std::vector<StoredPart> parts;
  while (TRY(rows.Step())) parts.push_back(TRY(ReadPart(rows)));
  return parts;
}

Result<void> DropParts(meta::Tx& tx, const std::string& id) {
  for (const StoredPart& stored : TRY(ReadParts(tx, id, 0, kPartsMax)))
    TRY(ReleaseBlob(tx, stored.piece.blob));
  TRY(tx.Run("DELETE FROM parts WHERE multipart = ?", id));
  TRY(tx.Run("DELETE FROM multiparts WHERE id = ?", id));
  return {};
}

class PartWriter final : public Writer {
 public:
  PartWriter(Core& core, WriteRequest target, std::string id, int number)
      : core_(core),
        target_(std::move(target)),
        id_(std::move(id)),
        number_(number),
        intake_(core) {}

  Result<void> Append(std::string_view bytes) override { return intake_.Append(bytes); }
  uint64_t size() const override { return intake_.size(); }
  void Expect(std::optional<uint32_t> crc32c, std::optional<Md5Digest> md5) override {
    if (crc32c) expected_.crc32c = crc32c;
    if (md5) expected_.md5 = md5;
  }

  // The answer describes the part: its size and digests.
  Result<Object> Commit() override {
    const Prepared prepared = TRY(intake_.Finish(expected_, false));
    const Micros now = core_.clock.Now();
    TRY(core_.database.Write([&](meta::Tx& tx) -> Result<void> {
      TRY(FindMultipart(tx, target_.bucket, target_.name, id_));
      std::optional<int64_t> replaced;
      {
        meta::Statement row =
            TRY(tx.Prepare("SELECT blob FROM parts WHERE multipart = ? AND number = ?"));
        row.Bind(1, id_);
        row.Bind(2, number_);
        if (TRY(row.Step())) replaced = row.Int(0);
      }
      if (replaced) TRY(ReleaseBlob(tx, *replaced));
      TRY(tx.Run(
          "INSERT OR REPLACE INTO parts(multipart, number, blob, size, crc32c, md5, updated) "
          "VALUES(?,?,?,?,?,?,?)",
          id_, number_, prepared.blob, prepared.size, static_cast<int64_t>(prepared.crc32c),
          meta::Blob{{prepared.md5->data(), prepared.md5->size()}}, now));
      FAILPOINT("objects.part.recorded");
      return intake_.Secure(tx);
    }));
    intake_.Published();
    Object part;
    part.bucket = target_.bucket;
    part.name = target_.name;
    part.size = prepared.size;
    part.crc32c = prepared.crc32c;
    part.md5 = prepared.md5;
    part.created = part.updated = now;
    return part;
  }

 private:
  Core& core_;
  const WriteRequest target_;
  WriteRequest expected_;
  const std::string id_;
  const int number_;
  Intake intake_;
};

}  // namespace

Result<std::string> MultipartUploads::Start(WriteRequest request) {
  TRY(CheckEarly(core_, request));
  const std::string id = core_.random.Hex(24);
  const int64_t open_max = core_.options()->uploads_open_max;
  TRY(core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    {
      meta::Statement open = TRY(tx.Prepare("SELECT count(*) FROM multiparts"));
      TRY(open.Step());
      if (open.Int(0) >= open_max)
        return MakeError(ErrorKind::kLimit,
                         fmt::format("{} multipart uploads are open already "
                                     "(storage.uploads_open_max); finish or abort some",
                                     open.Int(0)));
    }
    TRY(tx.Run("INSERT INTO multiparts(id, bucket, name, request, created) VALUES(?,?,?,?,?)", id,
               request.bucket, request.name, EncodeRequest(request), core_.clock.Now()));
    return {};
  }));
  return id;
}

Result<std::unique_ptr<Writer>> MultipartUploads::WritePart(const std::string& bucket,
                                                            const std::string& name,
                                                            const std::string& id, int number) {
  if (number < 1 || number > kPartsMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("part number {} isn't in 1 to {}", number, kPartsMax),
                     "part.number");
  TRY(core_.AdmitBytes(0));
  meta::ReadTx read = TRY(core_.database.Read());
  WriteRequest target = TRY(FindMultipart(read, bucket, name, id));
  return std::unique_ptr<Writer>(
      std::make_unique<PartWriter>(core_, std::move(target), id, number));
}

Result<std::vector<Part>> MultipartUploads::ListParts(const std::string& bucket,
                                                      const std::string& name,
                                                      const std::string& id, int after, int max) {
  meta::ReadTx read = TRY(core_.database.Read());
  TRY(FindMultipart(read, bucket, name, id));
  std::vector<Part> parts;
  for (StoredPart& stored : TRY(ReadParts(read, id, after, std::min(max, kPartsMax))))
    parts.push_back(stored.part);
  return parts;
}

Result<std::vector<MultipartInfo>> MultipartUploads::List(const std::string& bucket,
                                                          const std::string& prefix, int max) {
  meta::ReadTx read = TRY(core_.database.Read());
  TRY(core_.buckets.Find(read, bucket));
  meta::Statement rows =
      TRY(read.Prepare("SELECT id, name, created FROM multiparts WHERE bucket = ?1 AND name >= ?2 "
                       "AND substr(name, 1, length(?2)) = ?2 "
                       "ORDER BY name, id LIMIT ?3"));
  rows.Bind(1, bucket);
  rows.Bind(2, prefix);
  rows.Bind(3, max);
  std::vector<MultipartInfo> found;
  while (TRY(rows.Step()))
    found.push_back({std::string(rows.Text(0)), std::string(rows.Text(1)), rows.Int(2)});
  return found;
}

Result<Object> MultipartUploads::Complete(const std::string& bucket, const std::string& name,
                                          const std::string& id, const Chosen& chosen) {
  if (chosen.empty())
    return MakeError(ErrorKind::kInvalid, "the list of parts is empty", "part.missing");
  const ReadGuard guard = core_.guards.Take();
  WriteRequest request;
  std::vector<Piece> pieces;
  {
    meta::ReadTx read = TRY(core_.database.Read());
    request = TRY(FindMultipart(read, bucket, name, id));
    const std::vector<StoredPart> stored = TRY(ReadParts(read, id, 0, kPartsMax));
    size_t at = 0;
    int last = 0;
    for (const auto& [number, md5] : chosen) {
      if (number <= last)
        return MakeError(ErrorKind::kInvalid, "the parts aren't in ascending order", "part.order");
      last = number;
      while (at < stored.size() && stored[at].part.number < number) ++at;
      if (at == stored.size() || stored[at].part.number != number)
        return MakeError(ErrorKind::kInvalid, fmt::format("part {} was not uploaded", number),
                         "part.missing");
      if (md5 && *md5 != stored[at].part.md5)
        return MakeError(ErrorKind::kInvalid,
                         fmt::format("the ETag of part {} isn't that of the uploaded one", number),
                         "part.missing");
      pieces.push_back(stored[at].piece);
    }
  }
  const Prepared joined = TRY(JoinPieces(core_, pieces));
  Result<Object> object = core_.database.Write([&](meta::Tx& tx) -> Result<Object> {
    TRY(FindMultipart(tx, bucket, name, id));  // a second completion, or an abort, meanwhile
    tx.SyncDirBeforeCommit(core_.blobs.DirOf(joined.blob));
    Object published = TRY(Publish(core_, tx, request, joined));
    TRY(DropParts(tx, id));
    return published;
  });
  if (object.ok()) {
    core_.blobs.Settle(joined.blob);
  } else {
    core_.blobs.Abandon(joined.blob);
  }
  return object;
}

Result<void> MultipartUploads::Abort(const std::string& bucket, const std::string& name,
                                     const std::string& id) {
  return core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(FindMultipart(tx, bucket, name, id));
    return DropParts(tx, id);
  });
}

Result<int64_t> MultipartUploads::Expire(Micros before, int max) {
  std::vector<std::string> ids;
  {
    meta::ReadTx read = TRY(core_.database.Read());
    meta::Statement rows =
        TRY(read.Prepare("SELECT id FROM multiparts WHERE created < ? ORDER BY created LIMIT ?"));
    rows.Bind(1, before);
    rows.Bind(2, max);
    while (TRY(rows.Step())) ids.emplace_back(rows.Text(0));
  }
  for (const std::string& id : ids)
    TRY(core_.database.Write([&](meta::Tx& tx) { return DropParts(tx, id); }));
  return static_cast<int64_t>(ids.size());
}

}  // namespace caudal::objects
