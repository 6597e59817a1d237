#include "lake/write/new_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lake/files/paths.h"
#include "lake/format/manifest.h"

namespace caudal::lake {
namespace {

// Manifests of one kind hold the files of one partition spec.
struct Kind {
  ManifestContent content = ManifestContent::kData;
  int32_t spec_id = 0;
  auto operator<=>(const Kind&) const = default;
};

ManifestContent ContentOf(const DataFile& file) {
  return file.content == FileContent::kData ? ManifestContent::kData : ManifestContent::kDeletes;
}

ManifestEntry EntryOf(EntryStatus status, const LiveFile& file, int64_t snapshot_id) {
  ManifestEntry entry;
  entry.status = status;
  entry.snapshot_id = status == EntryStatus::kDeleted ? snapshot_id : file.snapshot_id;
  entry.sequence_number = file.sequence_number;
  entry.file_sequence_number = file.file_sequence_number;
  entry.file = file.file;
  return entry;
}

struct Totals {
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  void Add(const DataFile& file) {
    ++files;
    rows += file.record_count;
    bytes += file.file_size_bytes;
  }
};

class Maker {
 public:
  Maker(const TableMetadata& base, const FileChanges& changes, const ManifestLimits& limits,
        Random& random)
      : base_(base),
        changes_(changes),
        limits_(limits),
        id_(static_cast<int64_t>(random.U64() >> 1)),
        sequence_number_(base.last_sequence_number + 1) {}

  Result<NewSnapshot> Make(const Snapshot* parent, const SnapshotFiles* current, int64_t now_ms);

 private:
  // What a new manifest of a kind is to hold.
  struct Contents {
    std::vector<const AddedFile*> added;
    std::vector<SharedFile> kept;  // of manifests that it replaces
    std::vector<SharedFile> removed;
  };

  Result<void> Sort(const SnapshotFiles& current);
  void MergeSmall();
  Result<void> Write(const Kind& kind, const Contents& contents);
  Result<void> Publish(ManifestWriter::Finished finished, std::vector<SharedFile> live);
  Result<void> WriteList(const Snapshot* parent, int64_t now_ms);
  void Summarize();
  std::string Path(std::string_view prefix) const {
    return fmt::format("{}/{}-{:016x}-{}.avro", MetadataFolder(base_), prefix,
                       static_cast<uint64_t>(id_), made_.publish.size());
  }

  const TableMetadata& base_;
  const FileChanges& changes_;
  const ManifestLimits& limits_;
  const int64_t id_;
  const int64_t sequence_number_;
  std::map<Kind, Contents> contents_;
  std::vector<SharedManifest> kept_;  // as they are
  std::vector<SharedManifest> written_;
  NewSnapshot made_;
};

// Manifests that lose files are written anew, others stay.
Result<void> Maker::Sort(const SnapshotFiles& current) {
  size_t found = 0;
  for (const SharedManifest& manifest : current.manifests) {
    const bool loses = std::ranges::any_of(manifest->files, [&](const SharedFile& file) {
      return changes_.removed.contains(file->file.path);
    });
    if (!loses) {
      if (!manifest->files.empty()) kept_.push_back(manifest);
      continue;
    }
    Contents& contents = contents_[{manifest->listed.content, manifest->listed.partition_spec_id}];
    for (const SharedFile& file : manifest->files) {
      const bool removed = changes_.removed.contains(file->file.path);
      (removed ? contents.removed : contents.kept).push_back(file);
      found += removed ? 1 : 0;
    }
  }
  if (found < changes_.removed.size())
    return MakeError(ErrorKind::kInvalid, "a file that is to be removed isn't in the table");
  return {};
}

void Maker::MergeSmall() {
  std::map<Kind, int> small;
  const auto kind = [](const SharedManifest& manifest) {
    return Kind{manifest->listed.content, manifest->listed.partition_spec_id};
  };
  const auto is_small = [&](const SharedManifest& manifest) {
    return manifest->listed.length < limits_.small_bytes;
  };
  for (const SharedManifest& manifest : kept_)
    if (is_small(manifest)) ++small[kind(manifest)];
  std::erase_if(kept_, [&](const SharedManifest& manifest) {
    if (!is_small(manifest) || small[kind(manifest)] < limits_.small_max) return false;
    std::ranges::copy(manifest->files, std::back_inserter(contents_[kind(manifest)].kept));
    return true;
  });
}

Result<void> Maker::Write(const Kind& kind, const Contents& contents) {
  const PartitionSpec* spec = base_.FindSpec(kind.spec_id);
  if (spec == nullptr)
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("there is no partition spec {}", kind.spec_id));
  ManifestHeader header;
  header.format_version = base_.format_version;
  header.schema = base_.schema();
  header.spec = *spec;
  header.content = kind.content;
  ManifestWriter writer = TRY(ManifestWriter::Make(std::move(header), id_));
  std::vector<SharedFile> live;
  for (const AddedFile* added : contents.added) {
    ManifestEntry entry;
    entry.file = added->file;
    entry.sequence_number = added->sequence_number;
    TRY(writer.Add(entry));
    auto file = std::make_shared<LiveFile>();
    file->file = added->file;
    file->spec_id = kind.spec_id;
    file->snapshot_id = id_;
    file->sequence_number = added->sequence_number.value_or(sequence_number_);
    file->file_sequence_number = sequence_number_;
    live.push_back(std::move(file));
  }
  for (const SharedFile& file : contents.kept) {
    TRY(writer.Add(EntryOf(EntryStatus::kExisting, *file, id_)));
    live.push_back(file);
  }
  for (const SharedFile& file : contents.removed)
    TRY(writer.Add(EntryOf(EntryStatus::kDeleted, *file, id_)));
  return Publish(writer.Finish(), std::move(live));
}

Result<void> Maker::Publish(ManifestWriter::Finished finished, std::vector<SharedFile> live) {
  finished.file.path = Path("m");
  objects::FileToPublish file = TRY(PublishBytes(finished.file.path, std::move(finished.bytes)));
  made_.publish.push_back(std::move(file));
  auto manifest = std::make_shared<LiveManifest>();
  manifest->listed = std::move(finished.file);
  manifest->files = std::move(live);
  written_.push_back(std::move(manifest));
  return {};
}

Result<void> Maker::WriteList(const Snapshot* parent, int64_t now_ms) {
  std::vector<ManifestFile> listed;
  for (const auto* manifests : {&written_, &kept_})
    for (const SharedManifest& manifest : *manifests) listed.push_back(manifest->listed);
  Snapshot& snapshot = made_.snapshot;
  snapshot.id = id_;
  if (parent != nullptr) snapshot.parent_id = parent->id;
  snapshot.sequence_number = sequence_number_;
  snapshot.timestamp_ms = now_ms;
  snapshot.schema_id = base_.current_schema_id;
  if (base_.format_version >= 3) {
    snapshot.first_row_id = base_.next_row_id;
    snapshot.added_rows = AssignFirstRowIds(listed, base_.next_row_id) - base_.next_row_id;
  }
  const ManifestListHeader header{base_.format_version, id_, snapshot.parent_id, sequence_number_,
                                  snapshot.first_row_id};
  std::string bytes = TRY(WriteManifestList(header, listed));
  snapshot.manifest_list = Path("snap");
  objects::FileToPublish file = TRY(PublishBytes(snapshot.manifest_list, std::move(bytes)));
  made_.publish.push_back(std::move(file));

  auto files = std::make_shared<SnapshotFiles>();
  size_t i = 0;
  for (const auto* manifests : {&written_, &kept_})
    for (const SharedManifest& manifest : *manifests) {
      ManifestFile& as_listed = listed[i++];
      if (as_listed.sequence_number != ManifestFile::kUnassigned && as_listed == manifest->listed) {
        files->manifests.push_back(manifest);
        continue;
      }
      auto copy = std::make_shared<LiveManifest>(*manifest);
      copy->listed = std::move(as_listed);
      for (int64_t* number : {&copy->listed.sequence_number, &copy->listed.min_sequence_number})
        if (*number == ManifestFile::kUnassigned) *number = sequence_number_;
      files->manifests.push_back(std::move(copy));
    }
  made_.files = std::move(files);
  return {};
}

void Maker::Summarize() {
  Totals added_data;
  Totals added_deletes;
  for (const AddedFile& one : changes_.added)
    (one.file.content == FileContent::kData ? added_data : added_deletes).Add(one.file);
  Totals removed_data;
  Totals removed_deletes;
  for (const auto& [kind, contents] : contents_)
    for (const SharedFile& file : contents.removed)
      (kind.content == ManifestContent::kData ? removed_data : removed_deletes).Add(file->file);
  Totals data;
  Totals deletes;
  for (const SharedManifest& manifest : made_.files->manifests)
    for (const SharedFile& file : manifest->files)
      (file->file.content == FileContent::kData ? data : deletes).Add(file->file);

  std::map<std::string, std::string>& summary = made_.snapshot.summary;
  summary = changes_.summary;
  const auto note = [&](const char* key, int64_t value) {
    if (value != 0) summary[key] = std::to_string(value);
  };
  summary["operation"] = changes_.operation;
  note("added-data-files", added_data.files);
  note("added-records", added_data.rows);
  note("added-delete-files", added_deletes.files);
  note("deleted-data-files", removed_data.files);
  note("deleted-records", removed_data.rows);
  note("removed-delete-files", removed_deletes.files);
  summary["total-data-files"] = std::to_string(data.files);
  summary["total-records"] = std::to_string(data.rows);
  summary["total-delete-files"] = std::to_string(deletes.files);
  summary["total-files-size"] = std::to_string(data.bytes + deletes.bytes);
}

Result<NewSnapshot> Maker::Make(const Snapshot* parent, const SnapshotFiles* current,
                                int64_t now_ms) {
  for (const AddedFile& file : changes_.added)
    contents_[{ContentOf(file.file), file.spec_id}].added.push_back(&file);
  if (current != nullptr) {
    TRY(Sort(*current));
  } else if (!changes_.removed.empty()) {
    return MakeError(ErrorKind::kInvalid, "an empty table has no files that could be removed");
  }
  MergeSmall();
  for (const auto& [kind, contents] : contents_) TRY(Write(kind, contents));
  TRY(WriteList(parent, now_ms));
  Summarize();
  return std::move(made_);
}

}  // namespace

Result<NewSnapshot> MakeSnapshot(const TableMetadata& base, const Snapshot* parent,
                                 const SharedFiles& current, const FileChanges& changes,
                                 const ManifestLimits& limits, int64_t now_ms, Random& random) {
  if (base.format_version < 2)
    return MakeError(ErrorKind::kUnsupported,
                     "tables of format version 1 are read only here; upgrade the table to 2");
  // Specification: a snapshot isn't older than its parent, whatever the clock says.
  now_ms = std::max(now_ms, base.last_updated_ms);
  if (parent != nullptr) now_ms = std::max(now_ms, parent->timestamp_ms);
  return Maker(base, changes, limits, random).Make(parent, current.get(), now_ms);
}

}  // namespace caudal::lake
