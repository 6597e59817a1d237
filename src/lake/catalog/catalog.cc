#include "lake/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/catalog/locations.h"
#include "lake/catalog/purge.h"
#include "lake/catalog/schema.h"

namespace caudal::lake {
namespace {

// Another commit came first so often in a row: somebody else's turn.
constexpr int kAttemptsMax = 50;
constexpr size_t kTablesMax = 100;  // of one commit
constexpr size_t kPackedFromSnapshots = 32;

constexpr std::string_view kSource = "caudal.source";
constexpr std::string_view kMetadataPath = "write.metadata.path";
constexpr std::string_view kMetadataCodec = "write.metadata.compression-codec";
constexpr std::string_view kPreviousVersionsMax = "write.metadata.previous-versions-max";
constexpr std::string_view kDeleteAfterCommit = "write.metadata.delete-after-commit.enabled";

std::string PropertyOf(const Properties& properties, std::string_view key) {
  const auto found = properties.find(std::string(key));
  return found == properties.end() ? std::string() : found->second;
}

bool Creates(const TableChange& change) {
  if (!change.requirements.is_array()) return false;
  for (const Json& requirement : change.requirements)
    if (requirement.is_object() && requirement.value("type", Json()) == "assert-create")
      return true;
  return false;
}

// As the table says; else what grows long with its history.
bool IsPacked(const TableMetadata& metadata) {
  const std::string codec = PropertyOf(metadata.properties, kMetadataCodec);
  if (codec == "gzip" || codec == "GZIP") return true;
  return codec.empty() && metadata.snapshots.size() >= kPackedFromSnapshots;
}

Error CommitFailed(const TableName& name, std::string_view why) {
  return MakeError(ErrorKind::kConflict,
                   fmt::format("the commit to '{}' failed: {}", TextOf(name), why),
                   "table.commit_failed");
}

}  // namespace

std::span<const meta::Migration> Catalog::Migrations() { return CatalogMigrations(); }

size_t Catalog::MetadataLogMax(const TableMetadata* base) {
  constexpr size_t kDefault = 100;
  if (base == nullptr) return kDefault;
  const auto value = base->NumberProperty(std::string(kPreviousVersionsMax));
  return value ? static_cast<size_t>(std::clamp<int64_t>(*value, 1, 10'000)) : kDefault;
}

std::string Catalog::NewUuid() {
  std::string hex = random_.Hex(16);
  hex[12] = '4';  // RFC 4122: version 4, variant 1
  hex[16] = "89ab"[hex[16] % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

Result<TablePage> Catalog::ListTables(const Levels& space, const std::string& page_token, int max) {
  meta::ReadTx read = TRY(database_.Read());
  const int64_t id = TRY(FindNamespace(read, space));
  std::vector<std::string> names = TRY(ReadTableNames(read, id, page_token, max));
  TablePage page;
  if (static_cast<int>(names.size()) > max) {
    names.pop_back();
    page.next_page_token = names.back();
  }
  for (std::string& name : names) page.tables.push_back({space, std::move(name)});
  return page;
}

Result<std::vector<ListedTable>> Catalog::AllTables() {
  meta::ReadTx read = TRY(database_.Read());
  return ReadAllTables(read);
}

Result<LoadedTable> Catalog::Load(const TableName& name) {
  // The file may go between the look at its name and the look into it, when a commit comes in
  // between and keeps no old files: then the name is another one.
  for (int i = 1;; ++i) {
    meta::ReadTx read = TRY(database_.Read());
    const TableRow row = TRY(ReadTable(read, name));
    Result<SharedMetadata> metadata = files_.Read(row.metadata);
    if (metadata.ok()) return LoadedTable{name, row.metadata, std::move(metadata).take()};
    if (!metadata.error().Is(ErrorKind::kCorrupt) || i == 3)
      return std::move(metadata).error().Within("table '" + TextOf(name) + "'");
  }
}

Result<std::vector<LoadedTable>> Catalog::LoadAll(const std::vector<WantedTable>& wanted) {
  // Again when a file goes in between, as in Load: then all of them, for they are of one version.
  for (int i = 1;; ++i) {
    std::vector<FoundTable> found;
    {
      meta::ReadTx read = TRY(database_.Read());
      for (const WantedTable& each : wanted) {
        FoundTable table = TRY(FindTable(read, each));
        found.push_back(std::move(table));
      }
    }
    std::vector<LoadedTable> tables;
    std::optional<Error> gone;
    for (FoundTable& table : found) {
      Result<SharedMetadata> metadata = files_.Read(table.row.metadata);
      if (!metadata.ok()) {
        gone = std::move(metadata).error().Within("table '" + TextOf(table.name) + "'");
        break;
      }
      tables.push_back({table.name, table.row.metadata, std::move(metadata).take()});
    }
    if (!gone) return tables;
    if (!gone->Is(ErrorKind::kCorrupt) || i == 3) return *std::move(gone);
  }
}

Result<TableMetadata> Catalog::Build(const TableName& name, NewTable table) {
  TRY(CheckLevels(name.space));
  TRY(CheckPart("table name", name.name));
  const Namespace space = TRY(namespaces_.Get(name.space));
  table.uuid = NewUuid();
  while (table.location.ends_with('/')) table.location.pop_back();
  if (table.location.empty())
    table.location = DefaultLocation(options_.bucket, PropertyOf(space.properties, "location"),
                                     name, table.uuid);
  TableMetadata metadata = TRY(MakeTableMetadata(table, NowMs()));
  TRY(CheckLocation(metadata));
  return metadata;
}

// The bucket must be there: else the first file of the table would fail.
Result<void> Catalog::CheckLocation(const TableMetadata& metadata) {
  const ObjectPlace place = TRY(PlaceOf(metadata.location));
  const Result<objects::Bucket> bucket = store_.GetBucket(place.bucket);
  if (bucket.ok()) return {};
  if (!bucket.error().Is(ErrorKind::kNotFound)) return bucket.error();
  if (place.bucket == options_.bucket) {
    const Result<objects::Bucket> made = store_.CreateBucket(place.bucket, {});
    if (made.ok() || made.error().Is(ErrorKind::kAlreadyExists)) return {};
    return made.error();
  }
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("the location {} is in a bucket that doesn't exist; make it, or "
                               "leave the location out",
                               metadata.location),
                   "lake.location");
}

Result<LoadedTable> Catalog::Stage(const TableName& name, NewTable table) {
  TableMetadata metadata = TRY(Build(name, std::move(table)));
  meta::ReadTx read = TRY(database_.Read());
  const Result<TableRow> row = ReadTable(read, name);
  if (row.ok())
    return MakeError(ErrorKind::kAlreadyExists,
                     fmt::format("the table '{}' exists already", TextOf(name)), "table.exists");
  if (row.error().code != "table.not_found") return row.error();
  return LoadedTable{name, "", std::make_shared<const TableMetadata>(std::move(metadata))};
}

Result<LoadedTable> Catalog::Create(const TableName& name, NewTable table) {
  TableMetadata built = TRY(Build(name, std::move(table)));
  auto metadata = std::make_shared<const TableMetadata>(std::move(built));
  const std::string location = NextMetadataLocation(*metadata, "");
  objects::FileToPublish file = TRY(MetadataFiles::ToPublish(location, *metadata));
  const uint64_t bytes = file.bytes->size();
  std::vector<objects::FileToPublish> files;
  files.push_back(std::move(file));
  TRY(store_.PublishAll(std::move(files),
                        [&](meta::Tx& tx, std::span<const objects::Object>) -> Result<void> {
                          FAILPOINT("lake.create");
                          return InsertTable(tx, name, metadata->uuid, location);
                        }));
  files_.Keep(location, metadata, bytes);
  return LoadedTable{name, location, std::move(metadata)};
}

Result<Catalog::Step> Catalog::Plan(meta::Connection& connection, const TableChange& change) {
  Step step;
  step.name = change.name;
  Result<TableRow> row = ReadTable(connection, change.name);
  if (row.ok()) {
    step.before = std::move(row).take();
    step.base = TRY(files_.Read(step.before->metadata));
  } else if (row.error().code != "table.not_found" || !Creates(change)) {
    return std::move(row).error();
  }
  Result<void> held = CheckRequirements(change.requirements, step.base.get());
  if (!held.ok() && held.error().Is(ErrorKind::kConflict)) {
    // Replicas of a source have one writer: nobody else's commit would come through.
    if (step.base && !step.base->properties.contains(std::string(kSource)))
      foreign_turns_.Lost(step.base->uuid);
    return CommitFailed(change.name, held.error().message);
  }
  TRY(std::move(held));
  UpdateContext context;
  context.now_ms = NowMs();
  if (step.before) context.previous_file = step.before->metadata;
  context.metadata_log_max = MetadataLogMax(step.base.get());
  Result<TableMetadata> applied = ApplyUpdates(step.base.get(), change.updates, context);
  if (!applied.ok())
    return std::move(applied).error().Within("table '" + TextOf(change.name) + "'");
  if (step.base && change.updates.empty()) {
    step.next = step.base;
    return step;
  }
  TRY(CheckLocation(*applied));
  step.location = NextMetadataLocation(*applied, step.before ? step.before->metadata : "");
  step.next = std::make_shared<const TableMetadata>(std::move(applied).take());
  return step;
}

Result<std::vector<LoadedTable>> Catalog::TryCommit(const std::vector<TableChange>& changes) {
  std::vector<Step> steps;
  {
    meta::ReadTx read = TRY(database_.Read());
    for (const TableChange& change : changes) {
      Step step = TRY(Plan(read, change));
      steps.push_back(std::move(step));
    }
  }
  return Move(std::move(steps), {}, {});
}

std::string Catalog::NextMetadataLocation(const TableMetadata& next, const std::string& before) {
  const int64_t version = before.empty() ? 0 : VersionOf(before) + 1;
  return MetadataLocation(next.location, PropertyOf(next.properties, kMetadataPath), version,
                          NewUuid(), IsPacked(next));
}

Result<std::vector<LoadedTable>> Catalog::Move(std::vector<Step> steps,
                                               std::vector<objects::FileToPublish> files,
                                               const JoinCommit& also) {
  for (Step& step : steps) {
    if (step.location.empty()) continue;
    objects::FileToPublish file = TRY(MetadataFiles::ToPublish(step.location, *step.next));
    step.bytes = file.bytes->size();
    files.push_back(std::move(file));
  }
  if (!files.empty() || also)
    TRY(store_.PublishAll(std::move(files),
                          [&](meta::Tx& tx, std::span<const objects::Object>) -> Result<void> {
                            for (const Step& step : steps) {
                              FAILPOINT("lake.commit.move");
                              if (!step.before) {
                                TRY(InsertTable(tx, step.name, step.next->uuid, step.location));
                              } else if (!step.location.empty()) {
                                TRY(MoveTable(tx, *step.before, step.location));
                              }
                            }
                            if (also) TRY(also(tx));
                            return {};
                          }));
  FAILPOINT_NO_ERROR("lake.commit.done");
  ++changes_;
  std::vector<LoadedTable> tables;
  for (const Step& step : steps) {
    const std::string& location = step.location.empty() ? step.before->metadata : step.location;
    if (!step.location.empty()) files_.Keep(location, step.next, step.bytes);
    RemoveOldMetadata(step);
    tables.push_back({step.name, location, step.next});
  }
  return tables;
}

Result<std::vector<LoadedTable>> Catalog::Publish(std::vector<PreparedCommit> commits,
                                                  const JoinCommit& also) {
  std::vector<Step> steps;
  std::vector<objects::FileToPublish> files;
  {
    meta::ReadTx read = TRY(database_.Read());
    for (PreparedCommit& commit : commits) {
      Step step;
      step.before = TRY(ReadTable(read, commit.base.name));
      if (step.before->metadata != commit.base.metadata_location)
        return MakeError(ErrorKind::kConflict, "another commit came first", "table.moved");
      step.name = std::move(commit.base.name);
      step.base = std::move(commit.base.metadata);
      step.location = NextMetadataLocation(commit.next, step.before->metadata);
      step.next = std::make_shared<const TableMetadata>(std::move(commit.next));
      steps.push_back(std::move(step));
      std::ranges::move(commit.files, std::back_inserter(files));
    }
  }
  return Move(std::move(steps), std::move(files), also);
}

// Files that the table's own log no longer names, where its properties say so. One that stays
// behind costs its bytes only.
void Catalog::RemoveOldMetadata(const Step& step) {
  if (!step.base || PropertyOf(step.next->properties, kDeleteAfterCommit) != "true") return;
  std::set<std::string> kept;
  for (const MetadataLogEntry& entry : step.next->metadata_log) kept.insert(entry.metadata_file);
  for (const MetadataLogEntry& entry : step.base->metadata_log) {
    if (kept.contains(entry.metadata_file)) continue;
    const Result<ObjectPlace> place = PlaceOf(entry.metadata_file);
    if (!place.ok()) continue;
    const Result<void> removed = store_.Delete({place->bucket, place->name, {}});
    if (!removed.ok() && !removed.error().Is(ErrorKind::kNotFound))
      LogWarning("an old metadata file stays behind",
                 {{"file", entry.metadata_file}, {"error", removed.error().message}});
  }
}

Result<std::vector<LoadedTable>> Catalog::Commit(const std::vector<TableChange>& changes) {
  if (changes.empty() || changes.size() > kTablesMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("a commit changes from 1 to {} tables", kTablesMax));
  for (size_t i = 0; i < changes.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (changes[i].name == changes[j].name)
        return MakeError(ErrorKind::kInvalid, fmt::format("the commit changes the table '{}' twice",
                                                          TextOf(changes[i].name)));
  for (int i = 1; i <= kAttemptsMax; ++i) {
    Result<std::vector<LoadedTable>> done = TryCommit(changes);
    // A table that appeared meanwhile breaks assert-create in the next attempt.
    if (done.ok())
      for (const LoadedTable& table : *done) foreign_turns_.Won(table.metadata->uuid);
    if (done.ok() || (done.error().code != "table.moved" && done.error().code != "table.exists"))
      return done;
  }
  return CommitFailed(changes[0].name, "others committed first, again and again");
}

Result<LoadedTable> Catalog::Drop(const TableName& name, bool purge) {
  LoadedTable table = TRY(Load(name));
  TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
    const TableRow row = TRY(ReadTable(tx, name));
    if (row.uuid != table.metadata->uuid)
      return CommitFailed(name, "another table has taken its place");
    // What is purged is what is read here, not what somebody committed meanwhile.
    if (row.metadata != table.metadata_location) {
      table.metadata = TRY(files_.Read(row.metadata));
      table.metadata_location = row.metadata;
    }
    TRY(DeleteTable(tx, row.id));
    FAILPOINT("lake.drop");
    return {};
  }));
  if (!purge) return table;
  const PurgeReport report = PurgeFiles(store_, *table.metadata, table.metadata_location);
  LogInfo("a table is purged", {{"table", TextOf(name)},
                                {"files", std::to_string(report.removed)},
                                {"left", std::to_string(report.failed)}});
  return table;
}

Result<void> Catalog::Rename(const TableName& from, const TableName& to) {
  TRY(CheckLevels(to.space));
  TRY(CheckPart("table name", to.name));
  return database_.Write([&](meta::Tx& tx) -> Result<void> {
    const TableRow row = TRY(ReadTable(tx, from));
    TRY(RenameTable(tx, row.id, to));
    FAILPOINT("lake.rename");
    return {};
  });
}

Result<void> Catalog::Exchange(meta::Tx& tx, const TableName& a, const TableName& b) {
  TRY(ExchangeNames(tx, a, b));
  ++changes_;
  FAILPOINT("lake.exchange");
  return {};
}

Result<LoadedTable> Catalog::Register(const TableName& name, const std::string& metadata_location,
                                      bool overwrite) {
  TRY(CheckLevels(name.space));
  TRY(CheckPart("table name", name.name));
  Result<SharedMetadata> read = files_.Read(metadata_location);
  if (!read.ok() && read.error().Is(ErrorKind::kCorrupt))
    return MakeError(ErrorKind::kInvalid, read.error().message, "lake.location");
  SharedMetadata metadata = TRY(std::move(read));
  TRY(CheckLocation(*metadata));
  TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
    const Result<TableRow> row = ReadTable(tx, name);
    if (row.ok() && overwrite) TRY(DeleteTable(tx, row->id));
    TRY(InsertTable(tx, name, metadata->uuid, metadata_location));
    FAILPOINT("lake.register");
    return {};
  }));
  return LoadedTable{name, metadata_location, std::move(metadata)};
}

}  // namespace caudal::lake
