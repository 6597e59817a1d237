#include "lake/keys/table_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "data/digest.h"
#include "lake/files/table_file_reader.h"
#include "os/file.h"

namespace caudal::lake {
namespace {

constexpr std::string_view kIndexSuffix = ".keys";

bool Descends(const TableMetadata& metadata, const Snapshot& snapshot, int64_t ancestor) {
  const Snapshot* at = &snapshot;
  while (at != nullptr && at->parent_id && at->parent_id != ancestor)
    at = metadata.FindSnapshot(*at->parent_id);
  return at != nullptr && at->parent_id == ancestor;
}

Error CantResolve(std::string_view what) {
  return MakeError(
      ErrorKind::kUnsupported,
      fmt::format("another engine left {} in the table: compact it before its rows are "
                  "changed by key (caudal table compact)",
                  what));
}

IndexedFile IndexedBy(const DataFile& file, const KeyLayout& layout) {
  return {file.path, static_cast<uint64_t>(file.file_size_bytes), layout};
}

}  // namespace

std::string KeyIndexPath(const std::string& folder, const std::string& data_file) {
  return fmt::format("{}/{}{}", folder, EncodeHex(Sha256(data_file).substr(0, 16)), kIndexSuffix);
}

Result<void> WriteKeyIndex(const std::string& folder, const DataFile& file,
                           const EncodedKeys& keys) {
  KeyIndexBuilder builder(IndexedBy(file, keys.layout()));
  TRY(builder.Add(keys));
  TRY(os::MakeDirs(folder));
  return std::move(builder).Finish().Write(KeyIndexPath(folder, file.path));
}

Result<std::unique_ptr<TableKeys>> TableKeys::Make(objects::Store& store,
                                                   engine::InProcessDatabase& database,
                                                   const Schema& schema, TableKeysOptions options) {
  if (schema.identifier_field_ids().empty())
    return MakeError(ErrorKind::kInvalid,
                     "the table has no primary key: set identifier fields to change rows by key",
                     "table.no_key");
  KeyCodec codec = TRY(KeyCodec::Make(schema, schema.identifier_field_ids()));
  return std::unique_ptr<TableKeys>(
      new TableKeys(store, database, std::move(codec), std::move(options)));
}

bool TableKeys::Fits(const Schema& schema) const {
  const Result<KeyCodec> codec = KeyCodec::Make(schema, schema.identifier_field_ids());
  return codec.ok() && codec->layout() == codec_.layout();
}

void TableKeys::ExpectData(const std::string& path, EncodedKeys keys) {
  expected_data_[path] = std::move(keys);
}

void TableKeys::ExpectDeletes(const std::string& path, std::vector<FileRows> deleted) {
  expected_deletes_[path] = std::move(deleted);
}

Result<EncodedKeys> TableKeys::KeysOf(const DataFile& file) {
  const auto expected = expected_data_.find(file.path);
  if (expected != expected_data_.end()) return std::move(expected->second);
  EncodedKeys keys(codec_.layout());
  TableFileReader reader = TRY(TableFileReader::Open(store_, database_, file, codec_.key_schema()));
  while (true) {
    const std::optional<engine::ParquetRows> rows = TRY(reader.Next());
    if (!rows) return keys;
    Result<void> encoded = codec_.Encode(rows->batch, codec_.key_schema(), keys);
    if (!encoded.ok()) return std::move(encoded).error().Within(file.path);
  }
}

Result<KeyIndex> TableKeys::IndexOf(const SharedFile& file) {
  const IndexedFile indexed = IndexedBy(file->file, codec_.layout());
  const std::string path = KeyIndexPath(options_.folder, file->file.path);
  Result<KeyIndex> there = KeyIndex::Open(path, indexed);
  if (there.ok()) return there;
  if (!there.error().Is(ErrorKind::kNotFound))
    LogWarning("an index is built again", {{"path", path}, {"reason", there.error().message}});
  const EncodedKeys keys = TRY(KeysOf(file->file));
  TRY(WriteKeyIndex(options_.folder, file->file, keys));
  FAILPOINT("lake.keys.written");
  return KeyIndex::Open(path, indexed);
}

Result<void> TableKeys::AddFile(const SharedFile& file) {
  auto entry = std::make_unique<Entry>();
  entry->file = file;
  entry->number = static_cast<uint32_t>(by_number_.size());
  if (HasIndexFile(file->file, options_)) {
    entry->index = TRY(IndexOf(file));
  } else {
    EncodedKeys keys = TRY(KeysOf(file->file));
    small_.Add(entry->number, std::move(keys));
  }
  by_number_.push_back(entry.get());
  entries_[file->file.path] = std::move(entry);
  return {};
}

void TableKeys::Delete(const std::vector<FileRows>& deleted) {
  for (const FileRows& one : deleted) {
    const auto entry = entries_.find(one.file->file.path);
    if (entry == entries_.end()) continue;
    for (const int64_t row : one.rows) entry->second->deleted.Add(row);
  }
}

Result<void> TableKeys::ReadDeletes(const SharedFile& deletes, const std::vector<ScanFile>& scan) {
  std::vector<SharedFile> hit;  // only those that it applies to
  for (const ScanFile& file : scan)
    if (std::ranges::find(file.position_deletes, deletes) != file.position_deletes.end())
      hit.push_back(file.data);
  const DeletedPositions rows = TRY(ReadPositionDeletes(store_, database_, deletes->file));
  const std::vector<FileRows> deleted = TRY(RowsOf(rows, deletes->file, hit));
  Delete(deleted);
  return {};
}

void TableKeys::Forget(Entry& entry) {
  if (entry.index) {
    entry.index.reset();
    const Result<void> removed = os::Remove(KeyIndexPath(options_.folder, entry.file->file.path));
    if (!removed.ok() && !removed.error().Is(ErrorKind::kNotFound))
      LogWarning("an index stays behind", {{"reason", removed.error().message}});
  } else {
    small_.Remove(entry.number);
  }
  by_number_[entry.number] = nullptr;
}

void TableKeys::Reset() {
  entries_.clear();
  by_number_.clear();
  deletes_read_.clear();
  small_ = {};
  snapshot_.reset();
}

// Index files of data files that the table no longer has, from before this process.
void TableKeys::RemoveStrangers() {
  if (std::exchange(strangers_removed_, true)) return;
  const Result<std::vector<os::DirEntry>> there = os::ListDir(options_.folder);
  if (!there.ok()) return;
  std::unordered_set<std::string> wanted;
  for (const auto& [path, entry] : entries_) wanted.insert(KeyIndexPath(options_.folder, path));
  for (const os::DirEntry& one : *there) {
    const std::string path = options_.folder + "/" + one.name;
    if (!wanted.contains(path)) (void)os::Remove(path).ok();
  }
}

Result<void> TableKeys::Follow(const TableMetadata& metadata, const SnapshotFiles& files) {
  std::unordered_set<std::string_view> there;
  std::vector<SharedFile> new_data;
  std::vector<SharedFile> new_deletes;
  std::unordered_set<std::string> deletes;
  for (const SharedManifest& manifest : files.manifests)
    for (const SharedFile& file : manifest->files) {
      const std::string& path = file->file.path;
      if (file->file.content == FileContent::kEqualityDeletes)
        return CantResolve("equality deletes");
      if (file->file.content_offset) return CantResolve("deletion vectors");
      if (file->file.content == FileContent::kData) {
        there.insert(path);
        if (!entries_.contains(path)) new_data.push_back(file);
      } else {
        deletes.insert(path);
        if (!deletes_read_.contains(path)) new_deletes.push_back(file);
      }
    }
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (there.contains(it->first)) {
      ++it;
    } else {
      Forget(*it->second);
      it = entries_.erase(it);
    }
  }
  for (const SharedFile& file : new_data) TRY(AddFile(file));
  std::erase_if(new_deletes, [&](const SharedFile& file) {
    const auto expected = expected_deletes_.find(file->file.path);
    if (expected == expected_deletes_.end()) return false;
    Delete(expected->second);
    return true;
  });
  if (!new_deletes.empty()) {
    const std::vector<ScanFile> scan = PlanScan(files, metadata);
    for (const SharedFile& file : new_deletes) TRY(ReadDeletes(file, scan));
  }
  deletes_read_ = std::move(deletes);
  return {};
}

Result<void> TableKeys::Advance(const TableMetadata& metadata, const Snapshot& snapshot,
                                const SnapshotFiles& files) {
  if (snapshot_ == snapshot.id) return {};
  if (snapshot_ && !Descends(metadata, snapshot, *snapshot_)) Reset();
  Result<void> advanced = Follow(metadata, files);
  expected_data_.clear();
  expected_deletes_.clear();
  if (!advanced.ok()) {
    Reset();
    return advanced;
  }
  snapshot_ = snapshot.id;
  RemoveStrangers();
  return {};
}

Result<std::vector<FileRows>> TableKeys::Find(const EncodedKeys& keys) const {
  std::vector<FileRows> found;
  std::vector<KeyIndex::Hit> hits;
  for (const auto& [path, entry] : entries_) {
    if (!entry->index) continue;
    hits.clear();
    TRY(entry->index->Find(keys, hits));
    std::vector<int64_t> rows;
    for (const KeyIndex::Hit& hit : hits)
      if (!entry->deleted.Has(hit.row)) rows.push_back(hit.row);
    if (!rows.empty()) found.push_back({entry->file, std::move(rows)});
  }
  std::unordered_map<uint32_t, std::vector<int64_t>> in_small;
  for (size_t i = 0; i < keys.size(); ++i)
    small_.Find(keys, i, [&](const SmallFileKeys::Hit& hit) {
      if (!by_number_[hit.file]->deleted.Has(hit.row)) in_small[hit.file].push_back(hit.row);
    });
  for (auto& [number, rows] : in_small)
    found.push_back({by_number_[number]->file, std::move(rows)});
  for (FileRows& one : found) {
    std::ranges::sort(one.rows);
    const auto [first, last] = std::ranges::unique(one.rows);
    one.rows.erase(first, last);
  }
  return found;
}

Result<std::vector<TableKeys::KeyedRow>> TableKeys::Locate(const EncodedKeys& keys) const {
  std::vector<KeyedRow> found;
  const auto add = [&](size_t key, const Entry& entry, int64_t row) {
    if (!entry.deleted.Has(row)) found.push_back({key, entry.file, row});
  };
  std::vector<KeyIndex::Hit> hits;
  for (const auto& [path, entry] : entries_) {
    if (!entry->index) continue;
    hits.clear();
    TRY(entry->index->Find(keys, hits));
    for (const KeyIndex::Hit& hit : hits) add(hit.key, *entry, hit.row);
  }
  for (size_t i = 0; i < keys.size(); ++i)
    small_.Find(keys, i,
                [&](const SmallFileKeys::Hit& hit) { add(i, *by_number_[hit.file], hit.row); });
  return found;
}

const RowSet* TableKeys::DeletedOf(const std::string& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second->deleted;
}

uint64_t TableKeys::memory() const {
  uint64_t bytes = small_.memory();
  for (const auto& [path, entry] : entries_) bytes += 512 + entry->deleted.memory();
  return bytes;
}

}  // namespace caudal::lake
