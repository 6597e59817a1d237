#include "app/backup.h"

#include <charconv>
#include <filesystem>
#include <optional>

#include "app/blob_list.h"
#include "app/manifest.h"
#include "app/migrations.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "objects/check.h"
#include "os/file.h"

namespace caudal::app {
namespace {

// Marks a folder as a backup, and is the lock of whoever writes it.
constexpr std::string_view kMark = "/CAUDAL-BACKUP";

std::string ObjectsOf(const std::string& backup) { return backup + "/objects"; }

bool LiesIn(const std::string& inner, const std::string& outer) {
  std::error_code ignored;
  const auto a = std::filesystem::weakly_canonical(inner, ignored).string() + "/";
  const auto b = std::filesystem::weakly_canonical(outer, ignored).string() + "/";
  return a.starts_with(b);
}

Result<os::FileLock> ClaimTarget(const std::string& target, const DataPaths& source) {
  if (LiesIn(target, source.folder) || LiesIn(source.folder, target))
    return MakeError(ErrorKind::kInvalid,
                     "the backup folder " + target + " and the data folder " + source.folder +
                         " lie within each other; name a folder elsewhere, on another disk at best",
                     "backup.inside");
  TRY(os::MakeDirs(target, 0700));  // it holds secrets
  const std::string mark = target + std::string(kMark);
  if (!os::Exists(mark)) {
    for (const os::DirEntry& entry : TRY(os::ListDir(target)))
      if (entry.name != "lost+found")
        return MakeError(ErrorKind::kInvalid,
                         target + " isn't empty and isn't a backup of Caudal; name an empty folder",
                         "backup.foreign");
    TRY(os::ReplaceFile(mark, "A backup of a Caudal data folder; `caudal restore` reads it.\n"));
  }
  Result<os::FileLock> lock = os::FileLock::Take(mark);
  if (!lock.ok() && lock.error().Is(ErrorKind::kConflict))
    return MakeError(ErrorKind::kConflict, "another backup into " + target + " is running",
                     "backup.running");
  return lock;
}

// Names the life of a data folder from its making or restore on: after a restore numbers of files
// are given out again, to other bytes.
Result<std::string> IncarnationOf(const DataPaths& paths, Random& random) {
  const std::string file = paths.meta() + "/incarnation";
  Result<std::string> known = os::ReadFile(file, 128);
  if (known.ok() && known->size() == 33) return known->substr(0, 32);
  const std::string fresh = random.Hex(16);
  TRY(os::ReplaceFile(file, fresh + "\n"));
  return fresh;
}

// The lines of the backup before, in step with an ascending sequence of blobs.
class Before {
 public:
  static Result<Before> Open(const std::string& target, const std::string& incarnation) {
    Before before;
    Result<Manifest> manifest = ReadManifest(target);
    if (!manifest.ok() || manifest->incarnation != incarnation) return before;
    Result<BlobListReader> list = BlobListReader::Open(target + "/" + manifest->list_file);
    if (!list.ok()) return before;
    before.list_.emplace(std::move(*list));
    TRY(before.Advance());
    return before;
  }
  // The checksum that the blob has in the backup, if it is there with that size.
  Result<std::optional<uint32_t>> Find(int64_t blob, uint64_t size) {
    while (line_ && line_->blob < blob) TRY(Advance());
    if (!line_ || line_->blob != blob || line_->size != size) return std::optional<uint32_t>();
    return std::optional<uint32_t>(line_->crc32c);
  }

 private:
  Result<void> Advance() {
    line_ = TRY(list_->Next());
    return {};
  }
  std::optional<BlobListReader> list_;
  std::optional<BlobLine> line_;
};

Result<void> MakeParent(const std::string& path, std::string& last_made) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (parent != last_made) TRY(os::MakeDirs(parent));
  last_made = parent;
  return {};
}

Result<void> CopyBlobs(const BackupSource& source, meta::Database& copy, const std::string& target,
                       Before& before, BlobListWriter& list, BackupReport& report,
                       const Cancelled& cancelled) {
  std::string last_made;
  return objects::ForEachBlob(copy, [&](int64_t blob, uint64_t size) -> Result<void> {
    const std::string to = objects::BlobPath(ObjectsOf(target), blob);
    const std::optional<uint32_t> known = TRY(before.Find(blob, size));
    const Result<uint64_t> there = SizeOf(to);
    ++report.files;
    report.bytes += size;
    if (known && there.ok() && *there == size) return list.Add({blob, size, *known});
    TRY(MakeParent(to, last_made));
    const std::string from = objects::BlobPath(source.paths.objects(), blob);
    const uint32_t crc = TRY(CopyFile(from, to, size, cancelled));
    ++report.files_copied;
    report.bytes_copied += size;
    return list.Add({blob, size, crc});
  });
}

// Files that the new manifest doesn't name. Failing to tidy doesn't make the backup less whole.
Result<void> Tidy(const std::string& target, const Manifest& manifest) {
  for (const os::DirEntry& entry : TRY(os::ListDir(target))) {
    const bool ours = entry.name.starts_with("caudal-") || entry.name.starts_with("blobs-");
    if (ours && !entry.is_dir && !entry.name.starts_with(manifest.database_file) &&
        entry.name != manifest.list_file)
      TRY(os::Remove(target + "/" + entry.name));
  }
  if (!os::Exists(ObjectsOf(target))) return {};
  BlobListReader list = TRY(BlobListReader::Open(target + "/" + manifest.list_file));
  std::optional<BlobLine> line = TRY(list.Next());
  for (const os::DirEntry& dir : TRY(os::ListDir(ObjectsOf(target)))) {
    if (!dir.is_dir) continue;
    const std::string folder = ObjectsOf(target) + "/" + dir.name;
    for (const os::DirEntry& file : TRY(os::ListDir(folder))) {
      int64_t blob = 0;
      const char* end = file.name.data() + file.name.size();
      const auto [last, error] = std::from_chars(file.name.data(), end, blob, 16);
      if (error != std::errc() || last != end) continue;
      while (line && line->blob < blob) line = TRY(list.Next());
      if (!line || line->blob != blob) TRY(os::Remove(folder + "/" + file.name));
    }
  }
  return {};
}

Result<std::unique_ptr<meta::Database>> OpenCopy(const std::string& path) {
  meta::DatabaseOptions options;
  options.path = path;
  options.wal_bytes_initial = 0;
  options.readers_max = 2;
  const std::vector<meta::Migration> migrations = AllMigrations();
  return meta::Database::Open(options, migrations);
}

}  // namespace

Result<BackupReport> Backup(const BackupSource& source, const std::string& target,
                            const Cancelled& cancelled) {
  const os::FileLock lock = TRY(ClaimTarget(target, source.paths));
  const std::string incarnation = TRY(IncarnationOf(source.paths, source.random));
  Manifest manifest;
  manifest.created = source.clock.Now();
  manifest.format = CurrentFormat().version;
  manifest.incarnation = incarnation;
  const std::string stamp = std::to_string(manifest.created) + "-" + source.random.Hex(4);
  manifest.database_file = "caudal-" + stamp + ".db";
  manifest.list_file = "blobs-" + stamp + ".txt";
  const std::string database = target + "/" + manifest.database_file;

  BackupReport report;
  {
    // Before the metadata is copied: whatever it refers to stays until the guard goes.
    const objects::ReadGuard guard = source.guard();
    TRY(source.database.BackupTo(database));
    FAILPOINT("app.backup.metadata");
    Before before = TRY(Before::Open(target, incarnation));
    BlobListWriter list = TRY(BlobListWriter::Create(target + "/" + manifest.list_file));
    {
      const std::unique_ptr<meta::Database> copy = TRY(OpenCopy(database));
      TRY(CopyBlobs(source, *copy, target, before, list, report, cancelled));
    }
    TRY(list.Finish());
    manifest.blobs = list.count();
    manifest.blob_bytes = list.bytes();
    manifest.list_crc32c = list.crc32c();
  }
  manifest.database_bytes = TRY(SizeOf(database));
  manifest.database_crc32c = TRY(ChecksumOf(database, manifest.database_bytes, cancelled));
  os::SyncFileSystem(target);
  FAILPOINT("app.backup.copied");
  TRY(WriteManifest(target, manifest));
  FAILPOINT("app.backup.complete");
  if (Result<void> tidied = Tidy(target, manifest); !tidied.ok())
    LogWarning("backup: old files could not be removed",
               {{"folder", target}, {"error", tidied.error().message}});
  return report;
}

Result<BackupReport> Restore(const std::string& backup, const std::string& folder,
                             const Cancelled& cancelled) {
  const Manifest manifest = TRY(ReadManifest(backup));
  if (manifest.format > CurrentFormat().version)
    return MakeError(ErrorKind::kUnsupported,
                     backup + " is of a newer data format; restore it with the newer Caudal",
                     "backup.too_new");
  if (os::Exists(folder) && !TRY(os::ListDir(folder)).empty())
    return MakeError(ErrorKind::kConflict,
                     folder + " isn't empty; restore into a new folder and move it afterwards",
                     "restore.not_empty");
  const auto damaged = [&](const std::string& file) {
    return MakeError(ErrorKind::kCorrupt,
                     file + " isn't what was backed up; use another backup (" + folder +
                         " is incomplete: delete it)",
                     "backup.corrupt");
  };
  const DataPaths paths{folder};
  TRY(os::MakeDirs(folder, 0700));
  TRY(os::MakeDirs(paths.meta()));
  TRY(os::MakeDirs(paths.objects()));
  const std::string database = backup + "/" + manifest.database_file;
  Result<uint32_t> copied =
      CopyFile(database, paths.database(), manifest.database_bytes, cancelled);
  if (!copied.ok() && copied.error().Is(ErrorKind::kCancelled)) return std::move(copied).error();
  if (!copied.ok() || *copied != manifest.database_crc32c) return damaged(database);

  BackupReport report;
  std::string last_made;
  BlobListReader list = TRY(BlobListReader::Open(backup + "/" + manifest.list_file));
  while (const std::optional<BlobLine> line = TRY(list.Next())) {
    const std::string from = objects::BlobPath(ObjectsOf(backup), line->blob);
    const std::string to = objects::BlobPath(paths.objects(), line->blob);
    TRY(MakeParent(to, last_made));
    Result<uint32_t> crc = CopyFile(from, to, line->size, cancelled);
    if (!crc.ok() &&
        (crc.error().Is(ErrorKind::kDiskFull) || crc.error().Is(ErrorKind::kCancelled)))
      return std::move(crc).error();
    if (!crc.ok() || *crc != line->crc32c) return damaged(from);
    ++report.files;
    report.bytes += line->size;
  }
  if (report.files != manifest.blobs || list.crc32c() != manifest.list_crc32c)
    return damaged(backup + "/" + manifest.list_file);
  report.files_copied = report.files;
  report.bytes_copied = report.bytes;
  os::SyncFileSystem(folder);
  FAILPOINT("app.restore.copied");
  TRY(WriteFormat(folder, manifest.format));
  return report;
}

}  // namespace caudal::app
