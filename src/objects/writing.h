// Taking an object's bytes in: small ones through the journal, large ones straight into their file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "objects/core.h"
#include "objects/publish.h"

namespace caudal::objects {

// What arrives: counted and digested as it comes, kept in memory up to the journal's size limit for
// one object, beyond it in a blob file. The file goes when the intake is destroyed before its blob
// was published.
class Intake {
 public:
  explicit Intake(Core& core) : core_(core) {}
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  Result<void> Append(std::string_view bytes);
  // Before the only Append: a finished file has just its bytes, and is moved in where it can be,
  // instead of a file being written. Nobody else knows it.
  void Offer(std::string path) { offered_ = std::move(path); }
  // Instead of Append, once: the bytes are those of a finished file, which is moved in where it can
  // be; of one that is, no MD5 is taken: that takes a core longer than to write it, and a composed
  // object has none either.
  Result<void> Adopt(const std::string& path);
  uint64_t size() const { return size_; }

  // Ends the bytes: writes the file (synced, unless it goes through the journal) and checks what
  // `request` expects. For parts of multipart uploads `journaled` is false: they are always synced.
  Result<Prepared> Finish(const WriteRequest& request, bool journal_allowed);
  // In the transaction that makes the blob referenced: what makes it durable with the commit.
  Result<void> Secure(meta::Tx& tx);
  // After that transaction is durable.
  void Published();

 private:
  Result<void> SpillToFile();
  Result<bool> TakeOffered(uint64_t size);
  Result<bool> MoveIn(const std::string& path);
  Result<void> DigestFile();

  Core& core_;
  uint64_t size_ = 0;
  uint32_t crc32c_ = 0;
  Md5 md5_;
  bool has_md5_ = true;
  std::string buffer_;  // all bytes while small
  std::string offered_;
  int64_t blob_ = 0;  // 0: none yet
  os::File file_;
  bool in_file_ = false;
  bool journaled_ = false;
  uint64_t written_back_ = 0;
};

// One-shot, for bytes that are already together.
Result<Object> PutWhole(Core& core, WriteRequest request, std::string_view bytes);
Result<std::unique_ptr<Writer>> StartWriter(Core& core, WriteRequest request);

// Conditions and existence, as they are now: so that a large upload that can't succeed fails before
// its bytes.
Result<void> CheckEarly(Core& core, const WriteRequest& request);
// What the client said the bytes would be, against what came.
Result<void> CheckExpected(const WriteRequest& request, uint64_t size, uint32_t crc32c,
                           const std::optional<Md5Digest>& md5);

}  // namespace caudal::objects
