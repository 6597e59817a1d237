#include "objects/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "data/digest.h"
#include "objects/blobs.h"
#include "os/file.h"

namespace caudal::objects {
namespace {

constexpr size_t kFindingsMax = 10'000;
constexpr size_t kReadBytes = 1u << 20;

// All rows that own a blob, with what the file must hold. Journaled ones are noted: their file may
// be torn on a stopped folder that crashed, and is written again at the next start.
constexpr std::string_view kOwners = R"sql(
SELECT b.name || '/' || o.name || '#' || o.generation, o.blob, o.size, o.crc32c,
       EXISTS(SELECT 1 FROM journal j WHERE j.blob = o.blob)
  FROM live_objects o LEFT JOIN buckets b ON b.id = o.bucket
UNION ALL
SELECT b.name || '/' || o.name || '#' || o.generation, o.blob, o.size, o.crc32c,
       EXISTS(SELECT 1 FROM journal j WHERE j.blob = o.blob)
  FROM old_objects o LEFT JOIN buckets b ON b.id = o.bucket
UNION ALL
SELECT 'part ' || number || ' of multipart upload ' || multipart, blob, size, crc32c, 0 FROM parts
)sql";

struct Owner {
  std::string what;
  int64_t blob = 0;
  uint64_t size = 0;
  uint32_t crc32c = 0;
  bool journaled = false;
};

class Checker {
 public:
  Checker(meta::Database& database, const std::string& folder, const CheckOptions& options,
          bool running)
      : database_(database), folder_(folder), options_(options), running_(running) {}

  Result<CheckReport> Run() {
    TRY(CheckOwners());
    TRY(CheckUploads());
    TRY(CheckShares());
    if (!running_) TRY(CheckFiles());
    return std::move(report_);
  }

 private:
  void Find(bool damage, std::string what, bool repaired = false) {
    if (report_.findings.size() < kFindingsMax)
      report_.findings.push_back({damage, std::move(what), repaired});
  }

  Result<void> CheckOwners() {
    const uint64_t total = TRY(CountOwners());
    meta::ReadTx read = TRY(database_.Read());
    meta::Statement rows = TRY(read.Prepare(kOwners));
    while (TRY(rows.Step())) {
      ++report_.objects;
      if (rows.IsNull(0)) {
        Find(true, fmt::format("an object with blob {} belongs to no bucket", rows.Int(1)));
        continue;
      }
      const Owner owner{std::string(rows.Text(0)), rows.Int(1), static_cast<uint64_t>(rows.Int(2)),
                        static_cast<uint32_t>(rows.Int(3)), rows.Int(4) != 0};
      ++owners_[owner.blob];
      CheckBytes(owner);
      if (options_.progress && report_.objects % 1000 == 0)
        options_.progress(report_.objects, total);
    }
    if (options_.progress) options_.progress(report_.objects, total);
    return {};
  }

  Result<uint64_t> CountOwners() {
    meta::ReadTx read = TRY(database_.Read());
    meta::Statement row = TRY(read.Prepare(
        "SELECT (SELECT count(*) FROM live_objects) + (SELECT count(*) FROM old_objects) + "
        "(SELECT count(*) FROM parts)"));
    TRY(row.Step());
    return static_cast<uint64_t>(row.Int(0));
  }

  void CheckBytes(const Owner& owner) {
    const std::string path = BlobPath(folder_, owner.blob);
    // The journal has its bytes; the next start writes the file.
    if (owner.journaled && !running_) return;
    Result<os::File> file = os::File::Open(path, os::File::Mode::kRead);
    if (!file.ok()) {
      Find(true, fmt::format("{}: its file can't be read ({}); restore it from a backup",
                             owner.what, file.error().message));
      return;
    }
    Result<uint64_t> size = file->Size();
    if (!size.ok() || *size != owner.size) {
      Find(true,
           fmt::format("{}: {} has {} bytes instead of {}; restore it from a backup", owner.what,
                       path, size.ok() ? std::to_string(*size) : "unknown", owner.size));
      return;
    }
    report_.bytes += owner.size;
    if (!options_.checksums) return;
    uint32_t crc = 0;
    for (uint64_t at = 0; at < owner.size;) {
      Result<size_t> n = file->ReadAt(at, buffer_.get(), kReadBytes);
      if (!n.ok() || *n == 0) {
        Find(true,
             fmt::format("{}: {} can't be read at byte {}; check the disk", owner.what, path, at));
        return;
      }
      crc = Crc32c({buffer_.get(), *n}, crc);
      at += *n;
    }
    if (crc != owner.crc32c)
      Find(true, fmt::format(
                     "{}: the bytes in {} have checksum {} instead of {}; restore it from a backup",
                     owner.what, path, EncodeCrc32c(crc), EncodeCrc32c(owner.crc32c)));
  }

  Result<void> CheckUploads() {
    meta::ReadTx read = TRY(database_.Read());
    meta::Statement rows =
        TRY(read.Prepare("SELECT id, blob, persisted FROM uploads WHERE blob <> 0"));
    while (TRY(rows.Step())) {
      ++owners_[rows.Int(1)];
      const std::string path = BlobPath(folder_, rows.Int(1));
      Result<os::File> file = os::File::Open(path, os::File::Mode::kRead);
      const Result<uint64_t> size = file.ok() ? file->Size() : Result<uint64_t>(file.error());
      if (!size.ok() || *size < static_cast<uint64_t>(rows.Int(2)))
        Find(true, fmt::format("resumable upload {}: {} is missing or shorter than its {} "
                               "acknowledged bytes; the client "
                               "must start it again",
                               rows.Text(0), path, rows.Int(2)));
    }
    return {};
  }

  // Each blob is referred to as often as the share count says, and garbage not at all.
  Result<void> CheckShares() {
    meta::ReadTx read = TRY(database_.Read());
    std::unordered_map<int64_t, int64_t> extra;
    {
      meta::Statement rows = TRY(read.Prepare("SELECT blob, extra FROM shared_blobs"));
      while (TRY(rows.Step())) extra[rows.Int(0)] = rows.Int(1);
    }
    if (!running_) {
      for (const auto& [blob, count] : owners_) {
        const auto found = extra.find(blob);
        const int64_t expected = 1 + (found == extra.end() ? 0 : found->second);
        if (count != expected)
          Find(true,
               fmt::format(
                   "blob {} is referred to {} times, but its count says {}; restore from a backup",
                   blob, count, expected));
      }
    }
    meta::Statement rows = TRY(read.Prepare("SELECT blob FROM garbage"));
    while (TRY(rows.Step())) {
      if (!running_ && owners_.contains(rows.Int(0)))
        Find(true, fmt::format("blob {} is in use and yet marked as garbage; restore from a backup",
                               rows.Int(0)));
      garbage_[rows.Int(0)] = true;
    }
    return {};
  }

  Result<void> CheckFiles() {
    BlobFiles files(folder_, database_);
    Result<std::vector<os::DirEntry>> dirs = os::ListDir(folder_);
    if (!dirs.ok() && dirs.error().Is(ErrorKind::kNotFound)) return {};
    return files.ForEachFile({0, INT64_MAX}, [&](int64_t blob) -> Result<void> {
      if (owners_.contains(blob) || garbage_.contains(blob)) return {};
      const std::string path = BlobPath(folder_, blob);
      bool repaired = false;
      if (options_.repair) repaired = os::Remove(path).ok();
      Find(false,
           fmt::format(
               "{}: nothing refers to this file; {}", path,
               repaired ? "removed" : "remove it with fsck --repair, or let the next start do it"),
           repaired);
      return {};
    });
  }

  meta::Database& database_;
  const std::string& folder_;
  const CheckOptions& options_;
  const bool running_;
  CheckReport report_;
  std::unordered_map<int64_t, int64_t> owners_;
  std::unordered_map<int64_t, bool> garbage_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(kReadBytes);
};

}  // namespace

Result<CheckReport> CheckObjects(meta::Database& database, const std::string& folder,
                                 const CheckOptions& options, bool store_is_running) {
  return Checker(database, folder, options, store_is_running).Run();
}

Result<void> ForEachBlob(meta::Database& database,
                         const std::function<Result<void>(int64_t, uint64_t)>& visit) {
  meta::ReadTx read = TRY(database.Read());
  meta::Statement rows = TRY(read.Prepare(
      "SELECT blob, size FROM live_objects UNION SELECT blob, size FROM old_objects UNION "
      "SELECT blob, size FROM parts UNION SELECT blob, persisted FROM uploads WHERE blob <> 0 "
      "ORDER BY 1"));
  while (TRY(rows.Step())) TRY(visit(rows.Int(0), static_cast<uint64_t>(rows.Int(1))));
  return {};
}

}  // namespace caudal::objects
