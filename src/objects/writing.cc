#include "objects/writing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "objects/journal.h"
#include "objects/names.h"

namespace caudal::objects {
namespace {

// Large writes ask for write-back piece by piece, so that the sync at the end finds little left to
// do.
constexpr uint64_t kWritebackBytes = 4u << 20;
constexpr size_t kReadBytes = 1u << 20;

class ObjectWriter final : public Writer {
 public:
  ObjectWriter(Core& core, WriteRequest request)
      : core_(core), request_(std::move(request)), intake_(core) {}

  Result<void> Append(std::string_view bytes) override { return intake_.Append(bytes); }
  uint64_t size() const override { return intake_.size(); }
  void Expect(std::optional<uint32_t> crc32c, std::optional<Md5Digest> md5) override {
    if (crc32c) request_.crc32c = crc32c;
    if (md5) request_.md5 = md5;
  }

  Result<Object> Commit() override {
    const Prepared prepared = TRY(intake_.Finish(request_, true));
    Object object = TRY(core_.database.Write([&](meta::Tx& tx) -> Result<Object> {
      Object published = TRY(Publish(core_, tx, request_, prepared));
      TRY(intake_.Secure(tx));
      return published;
    }));
    intake_.Published();
    return object;
  }

 private:
  Core& core_;
  WriteRequest request_;
  Intake intake_;
};

Error ChecksumMismatch(std::string_view which, const std::string& expected,
                       const std::string& computed) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("Provided {} hash \"{}\" doesn't match calculated {} hash \"{}\".",
                               which, expected, which, computed),
                   "checksum.mismatch");
}

}  // namespace

Result<void> CheckEarly(Core& core, const WriteRequest& request) {
  TRY(CheckObjectName(request.name));
  TRY(core.AdmitBytes(request.size.value_or(0)));
  if (request.size && *request.size > core.options()->object_bytes_max)
    return MakeError(
        ErrorKind::kLimit,
        fmt::format("the object would have {} bytes; the limit storage.object_bytes_max is {}",
                    *request.size, core.options()->object_bytes_max),
        "object.too_large");
  meta::ReadTx read = TRY(core.database.Read());
  std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(read, request.bucket));
  if (request.preconditions.empty()) return {};
  std::optional<Object> live = TRY(FindLive(read, *bucket, request.name));
  return CheckConditions(request.preconditions, live ? &*live : nullptr, false);
}

Result<void> CheckExpected(const WriteRequest& request, uint64_t size, uint32_t crc32c,
                           const std::optional<Md5Digest>& md5) {
  if (request.size && *request.size != size)
    return MakeError(
        ErrorKind::kInvalid,
        fmt::format("the upload was announced with {} bytes, but {} came", *request.size, size),
        "size.mismatch");
  if (request.crc32c && *request.crc32c != crc32c)
    return ChecksumMismatch("CRC32C", EncodeCrc32c(*request.crc32c), EncodeCrc32c(crc32c));
  if (request.md5 && md5 && *request.md5 != *md5)
    return ChecksumMismatch("MD5", EncodeBase64({request.md5->data(), 16}),
                            EncodeBase64({md5->data(), 16}));
  return {};
}

Intake::~Intake() {
  if (blob_ == 0) return;
  file_.Close();
  core_.blobs.Abandon(blob_);
}

Result<void> Intake::SpillToFile() {
  blob_ = TRY(core_.blobs.Allocate());
  file_ = TRY(core_.blobs.Create(blob_));
  TRY(file_.WriteAt(0, buffer_));
  in_file_ = true;
  return {};
}

// False, with nothing changed, when the bytes have to be written.
Result<bool> Intake::TakeOffered(uint64_t size) {
  if (offered_.empty()) return false;
  Result<os::File> file = os::File::OpenPlain(offered_);
  const Result<uint64_t> there = file.ok() ? file->Size() : file.error();
  if (!there.ok() || *there != size) return false;
  const int64_t blob = TRY(core_.blobs.Allocate());
  if (!core_.blobs.MoveIn(blob, offered_).ok()) {
    core_.blobs.Abandon(blob);
    return false;
  }
  blob_ = blob;
  file_ = std::move(file).take();
  in_file_ = true;
  FAILPOINT("objects.adopt.moved");
  return true;
}

Result<void> Intake::Append(std::string_view bytes) {
  const std::shared_ptr<const StoreOptions> options = core_.options();
  if (size_ + bytes.size() > options->object_bytes_max)
    return MakeError(
        ErrorKind::kLimit,
        fmt::format("the object is larger than the limit storage.object_bytes_max of {} bytes",
                    options->object_bytes_max),
        "object.too_large");
  crc32c_ = Crc32c(bytes, crc32c_);
  md5_.Update(bytes);
  if (!in_file_ && size_ + bytes.size() > options->journaled_bytes_max) {
    TRY(core_.AdmitBytes(size_ + bytes.size()));
    const bool whole = TRY(TakeOffered(bytes.size()));
    if (whole) {
      size_ = bytes.size();
      return {};
    }
    TRY(SpillToFile());
    buffer_ = std::string();
  }
  if (in_file_) {
    if ((size_ >> 23) != ((size_ + bytes.size()) >> 23)) TRY(core_.AdmitBytes(bytes.size()));
    TRY(file_.WriteAt(size_, bytes));
  } else {
    buffer_.append(bytes);
  }
  size_ += bytes.size();
  if (in_file_ && size_ - written_back_ >= kWritebackBytes) {
    file_.StartWriteback(written_back_, size_ - written_back_);
    written_back_ = size_;
  }
  return {};
}

// False, with nothing changed, when the file must be copied instead.
Result<bool> Intake::MoveIn(const std::string& path) {
  blob_ = TRY(core_.blobs.Allocate());
  const Result<void> moved = core_.blobs.MoveIn(blob_, path);
  if (!moved.ok()) {
    core_.blobs.Abandon(std::exchange(blob_, 0));
    if (moved.error().Is(ErrorKind::kUnsupported)) return false;
    return moved.error();
  }
  FAILPOINT("objects.adopt.moved");
  // What is there now can't be exchanged by whoever made it: this is the check that counts.
  file_ = TRY(os::File::Open(core_.blobs.PathOf(blob_), os::File::Mode::kReadPlain));
  const uint64_t links = TRY(file_.Links());
  if (links != 1)
    return MakeError(ErrorKind::kInvalid, path + " has several names, so others may change it");
  in_file_ = true;
  return true;
}

Result<void> Intake::DigestFile() {
  size_ = TRY(file_.Size());
  if (size_ > core_.options()->object_bytes_max)
    return MakeError(
        ErrorKind::kLimit,
        fmt::format("the object has {} bytes, more than the limit storage.object_bytes_max of {}",
                    size_, core_.options()->object_bytes_max),
        "object.too_large");
  file_.StartWriteback(0, size_);
  std::string piece(kReadBytes, '\0');
  for (uint64_t at = 0; at < size_;) {
    const size_t n = TRY(file_.ReadAt(at, piece.data(), piece.size()));
    if (n == 0)
      return MakeError(ErrorKind::kConflict, "the file became shorter while it was published");
    const std::string_view bytes = std::string_view(piece).substr(0, n);
    crc32c_ = Crc32c(bytes, crc32c_);
    at += n;
  }
  return {};
}

Result<void> Intake::Adopt(const std::string& path) {
  const os::File source = TRY(os::File::Open(path, os::File::Mode::kReadPlain));
  const uint64_t size = TRY(source.Size());
  const uint64_t links = TRY(source.Links());
  bool moved = false;
  if (links == 1 && size > core_.options()->journaled_bytes_max) moved = TRY(MoveIn(path));
  if (moved) {
    has_md5_ = false;
    return DigestFile();
  }
  std::string piece(std::min<uint64_t>(size, kReadBytes), '\0');
  for (uint64_t at = 0; at < size;) {
    const size_t n = TRY(source.ReadAt(at, piece.data(), piece.size()));
    if (n == 0) break;
    TRY(Append(std::string_view(piece).substr(0, n)));
    at += n;
  }
  return {};
}

Result<Prepared> Intake::Finish(const WriteRequest& request, bool journal_allowed) {
  Prepared prepared;
  prepared.size = size_;
  prepared.crc32c = crc32c_;
  if (has_md5_) prepared.md5 = md5_.Finish();
  TRY(CheckExpected(request, size_, crc32c_, prepared.md5));
  TRY(core_.AdmitBytes(0));
  journaled_ = journal_allowed && !in_file_ && AdmitToJournal(core_).ok();
  if (!in_file_) {
    const bool whole = TRY(TakeOffered(size_));
    if (!whole) TRY(SpillToFile());
  }
  if (!journaled_) {
    file_.Sync("blob.file");
    FAILPOINT("objects.blob.synced");
  }
  file_.Close();
  prepared.blob = blob_;
  return prepared;
}

Result<void> Intake::Secure(meta::Tx& tx) {
  if (journaled_) return AddToJournal(core_, tx, blob_, buffer_);
  // The file's name. On ext4 the sync of a new file stores its name too; POSIX doesn't promise
  // that.
  tx.SyncDirBeforeCommit(core_.blobs.DirOf(blob_));
  return {};
}

void Intake::Published() { core_.blobs.Settle(std::exchange(blob_, 0)); }

Result<Object> PutWhole(Core& core, WriteRequest request, std::string_view bytes) {
  TRY(CheckObjectName(request.name));
  ObjectWriter writer(core, std::move(request));
  TRY(writer.Append(bytes));
  return writer.Commit();
}

Result<std::unique_ptr<Writer>> StartWriter(Core& core, WriteRequest request) {
  TRY(CheckEarly(core, request));
  return std::unique_ptr<Writer>(std::make_unique<ObjectWriter>(core, std::move(request)));
}

}  // namespace caudal::objects
