#include "objects/uploads.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "objects/encode.h"
#include "objects/writing.h"

namespace caudal::objects {
namespace {

constexpr size_t kSessionsInMemoryMax = 512;

Error UploadNotFound(const std::string& id) {
  return MakeError(
      ErrorKind::kNotFound,
      fmt::format("There is no upload '{}': it was completed long ago, cancelled, or has expired.",
                  std::string_view(id).substr(0, 64)),
      "upload.not_found");
}

Error TakenOver() {
  return MakeError(ErrorKind::kConflict, "another request continues this upload",
                   "upload.taken_over");
}

}  // namespace

class SessionWriter final : public ChunkWriter {
 public:
  SessionWriter(ResumableUploads& uploads, std::shared_ptr<UploadSession> session, uint64_t ticket,
                ChunkRange range, uint64_t skip)
      : uploads_(uploads),
        session_(std::move(session)),
        ticket_(ticket),
        range_(range),
        skip_(skip) {}

  Result<void> Append(std::string_view bytes) override {
    const uint64_t skipped = std::min<uint64_t>(skip_, bytes.size());
    skip_ -= skipped;
    bytes.remove_prefix(skipped);
    if (bytes.empty()) return {};
    auto& s = *session_;
    MutexLock lock(s.mutex);
    if (s.writer != ticket_ || s.dropped) return TakenOver();
    const std::optional<uint64_t> total = range_.total ? range_.total : s.request.size;
    const uint64_t limit = uploads_.core_.options()->object_bytes_max;
    if ((total && s.received + bytes.size() > *total) || s.received + bytes.size() > limit)
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("the upload would have more than its {} bytes", total.value_or(limit)),
          "upload.too_long");
    TRY(uploads_.core_.AdmitBytes(bytes.size()));
    TRY(s.file.WriteAt(s.received, bytes));
    s.crc32c = Crc32c(bytes, s.crc32c);
    s.md5.Update(bytes);
    const uint64_t before = s.received;
    s.received += bytes.size();
    if (before >> 22 != s.received >> 22) s.file.StartWriteback(before, bytes.size());
    return {};
  }

  Result<UploadStatus> End() override {
    auto& s = *session_;
    MutexLock lock(s.mutex);
    if (s.writer != ticket_ || s.dropped) return TakenOver();
    const std::optional<uint64_t> total = range_.total ? range_.total : s.request.size;
    if (total && s.received > *total)
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("the upload has {} bytes, more than the {} announced", s.received, *total),
          "upload.too_long");
    if (range_.last || (total && s.received == *total)) {
      if (range_.crc32c) s.request.crc32c = range_.crc32c;
      if (range_.md5) s.request.md5 = range_.md5;
      Object object = TRY(uploads_.Complete(s));
      return UploadStatus{s.id, object.size, std::move(object)};
    }
    TRY(uploads_.Persist(s));
    return UploadStatus{s.id, s.persisted, std::nullopt};
  }

 private:
  ResumableUploads& uploads_;
  std::shared_ptr<UploadSession> session_;
  const uint64_t ticket_;
  const ChunkRange range_;
  uint64_t skip_;  // bytes that are there already
};

Result<UploadStatus> ResumableUploads::Start(WriteRequest request) {
  TRY(CheckEarly(core_, request));
  auto session = std::make_shared<UploadSession>();
  session->id = core_.random.Hex(24);
  session->blob = TRY(core_.blobs.Allocate());
  Result<os::File> file = core_.blobs.Create(session->blob);
  if (!file.ok()) {
    core_.blobs.Settle(session->blob);
    return std::move(file).error();
  }
  const int64_t open_max = core_.options()->uploads_open_max;
  const Result<void> recorded = core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    {
      meta::Statement open =
          TRY(tx.Prepare("SELECT count(*) FROM uploads WHERE generation IS NULL"));
      TRY(open.Step());
      if (open.Int(0) >= open_max)
        return MakeError(
            ErrorKind::kLimit,
            fmt::format(
                "{} uploads are open already (storage.uploads_open_max); finish or cancel some",
                open.Int(0)));
    }
    TRY(
        tx.Run("INSERT INTO uploads(id, bucket, name, request, blob, persisted, created) "
               "VALUES(?,?,?,?,?,0,?)",
               session->id, request.bucket, request.name, EncodeRequest(request), session->blob,
               core_.clock.Now()));
    FAILPOINT("objects.upload.started");
    tx.SyncDirBeforeCommit(core_.blobs.DirOf(session->blob));
    return {};
  });
  if (!recorded.ok()) {
    file->Close();
    core_.blobs.Abandon(session->blob);
    return recorded.error();
  }
  core_.blobs.Settle(session->blob);
  session->request = std::move(request);
  {
    MutexLock lock(session->mutex);
    session->file = std::move(file).value();
  }
  MutexLock lock(mutex_);
  Remember(session);
  return UploadStatus{session->id, 0, std::nullopt};
}

void ResumableUploads::Remember(const std::shared_ptr<UploadSession>& session) {
  recent_.push_back(session->id);
  sessions_[session->id] = session;
  while (recent_.size() > kSessionsInMemoryMax) {
    auto oldest = sessions_.find(recent_.front());
    if (oldest->second.use_count() > 1) {  // a request works on it
      recent_.splice(recent_.end(), recent_, recent_.begin());
      break;
    }
    sessions_.erase(oldest);
    recent_.pop_front();
  }
}

Result<std::shared_ptr<UploadSession>> ResumableUploads::Find(const std::string& id) {
  {
    MutexLock lock(mutex_);
    if (auto found = sessions_.find(id); found != sessions_.end()) return found->second;
  }
  MutexLock loading(load_mutex_);
  {
    MutexLock lock(mutex_);
    if (auto found = sessions_.find(id); found != sessions_.end()) return found->second;
  }
  std::shared_ptr<UploadSession> session = TRY(Load(id));
  MutexLock lock(mutex_);
  Remember(session);
  return session;
}

Result<std::shared_ptr<UploadSession>> ResumableUploads::Load(const std::string& id) {
  auto session = std::make_shared<UploadSession>();
  UploadSession& s = *session;
  MutexLock session_lock(s.mutex);
  {
    meta::ReadTx read = TRY(core_.database.Read());
    meta::Statement row =
        TRY(read.Prepare("SELECT bucket, name, request, blob, persisted, generation FROM "
                         "uploads WHERE id = ?"));
    row.Bind(1, id);
    if (!TRY(row.Step())) return UploadNotFound(id);
    s.id = id;
    s.request = TRY(DecodeRequest(row.Text(2)));
    s.request.bucket = row.Text(0);
    s.request.name = row.Text(1);
    s.blob = row.Int(3);
    s.persisted = s.received = static_cast<uint64_t>(row.Int(4));
    if (!row.IsNull(5)) s.generation = row.Int(5);
  }
  if (s.generation) return session;
  s.file = TRY(core_.blobs.Open(s.blob, os::File::Mode::kReadWrite));
  TRY(s.file.Truncate(s.received));
  s.digested = s.received == 0;
  return session;
}

Result<void> ResumableUploads::Persist(UploadSession& s) {
  if (s.received == s.persisted) return {};
  s.file.Sync("upload.chunk");
  FAILPOINT("objects.upload.chunk_synced");
  const uint64_t length = s.received;
  TRY(core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(tx.Run("UPDATE uploads SET persisted = ? WHERE id = ?", length, s.id));
    return {};
  }));
  s.persisted = length;
  return {};
}

Result<Object> ResumableUploads::Complete(UploadSession& s) {
  if (s.generation)
    return MakeError(ErrorKind::kConflict, "the upload is complete already", "upload.complete");
  TRY(s.Digest());
  Md5 md5 = std::move(s.md5);
  s.md5 = Md5();
  s.digested = false;  // a retry after a failure reads the file again
  Prepared prepared{s.blob, s.received, s.crc32c, md5.Finish(), 0};
  TRY(CheckExpected(s.request, s.received, s.crc32c, prepared.md5));
  s.file.Sync("upload.file");
  FAILPOINT("objects.upload.file_synced");
  Object object = TRY(core_.database.Write([&](meta::Tx& tx) -> Result<Object> {
    Object published = TRY(Publish(core_, tx, s.request, prepared));
    // Kept for a while, so that a client that missed the answer gets it.
    TRY(tx.Run("UPDATE uploads SET persisted = ?, generation = ?, blob = 0 WHERE id = ?",
               prepared.size, published.generation, s.id));
    return published;
  }));
  s.persisted = s.received;
  s.generation = object.generation;
  s.file.Close();
  return object;
}

Result<UploadStatus> ResumableUploads::Stat(const std::string& id) {
  std::shared_ptr<UploadSession> session = TRY(Find(id));
  UploadSession& s = *session;
  MutexLock lock(s.mutex);
  if (s.dropped) return UploadNotFound(id);
  if (s.generation) {
    meta::ReadTx read = TRY(core_.database.Read());
    std::shared_ptr<const Bucket> bucket = TRY(core_.buckets.Find(read, s.request.bucket));
    std::optional<Located> found =
        TRY(Locate(read, *bucket, {s.request.bucket, s.request.name, s.generation}));
    if (!found) return ObjectNotFound(s.request.bucket, s.request.name);
    return UploadStatus{id, found->object.size, std::move(found->object)};
  }
  // A client that asks has given up its running request, if any: what that one brought counts, more
  // of it doesn't.
  ++s.writer;
  TRY(Persist(s));
  return UploadStatus{id, s.persisted, std::nullopt};
}

Result<std::unique_ptr<ChunkWriter>> ResumableUploads::Continue(const std::string& id,
                                                                const ChunkRange& range) {
  std::shared_ptr<UploadSession> session = TRY(Find(id));
  uint64_t ticket = 0;
  uint64_t skip = 0;
  {
    UploadSession& s = *session;
    MutexLock lock(s.mutex);
    if (s.dropped) return UploadNotFound(id);
    if (s.generation)
      return MakeError(ErrorKind::kConflict, "the upload is complete already", "upload.complete");
    TRY(s.Digest());
    const uint64_t first = range.first.value_or(s.received);
    if (first > s.received)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the upload has {} bytes so far, but this request starts at {}",
                                   s.received, first),
                       "upload.gap");
    skip = s.received - first;
    ticket = ++s.writer;
  }
  return std::unique_ptr<ChunkWriter>(
      std::make_unique<SessionWriter>(*this, std::move(session), ticket, range, skip));
}

Result<void> ResumableUploads::Drop(const std::string& id) {
  TRY(core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    int64_t blob = 0;
    {
      meta::Statement row = TRY(tx.Prepare("SELECT blob FROM uploads WHERE id = ?"));
      row.Bind(1, id);
      if (!TRY(row.Step())) return {};
      blob = row.Int(0);
    }
    TRY(tx.Run("DELETE FROM uploads WHERE id = ?", id));
    if (blob != 0) TRY(ReleaseBlob(tx, blob));
    return {};
  }));
  MutexLock lock(mutex_);
  sessions_.erase(id);
  recent_.remove(id);
  return {};
}

Result<void> ResumableUploads::Cancel(const std::string& id) {
  std::shared_ptr<UploadSession> session = TRY(Find(id));
  UploadSession& s = *session;
  MutexLock lock(s.mutex);
  if (s.dropped) return UploadNotFound(id);
  if (s.generation)
    return MakeError(ErrorKind::kConflict, "the upload is complete already", "upload.complete");
  TRY(Drop(id));
  s.dropped = true;
  return {};
}

Result<int64_t> ResumableUploads::Expire(Micros before, int max) {
  std::vector<std::string> ids;
  {
    meta::ReadTx read = TRY(core_.database.Read());
    meta::Statement rows =
        TRY(read.Prepare("SELECT id FROM uploads WHERE created < ? ORDER BY created LIMIT ?"));
    rows.Bind(1, before);
    rows.Bind(2, max);
    while (TRY(rows.Step())) ids.emplace_back(rows.Text(0));
  }
  for (const std::string& id : ids) {
    std::shared_ptr<UploadSession> session;
    {
      MutexLock lock(mutex_);
      if (auto found = sessions_.find(id); found != sessions_.end()) session = found->second;
    }
    if (session == nullptr) {
      TRY(Drop(id));
      continue;
    }
    UploadSession& s = *session;
    MutexLock lock(s.mutex);
    TRY(Drop(id));
    s.dropped = true;
  }
  return static_cast<int64_t>(ids.size());
}

}  // namespace caudal::objects
