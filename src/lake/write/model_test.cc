// Random histories of tables against an oracle in memory: whatever is done, in whatever order, with
// failures at any step and restarts in between, a table and all its retained snapshots hold what
// the oracle says.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <array>
#include <thread>

#include "lake/format/schema_update.h"
#include "lake/upkeep/compaction.h"
#include "lake/upkeep/removal.h"
#include "lake/write/new_snapshot.h"
#include "lake/write/writer_fixture.h"

namespace caudal::lake {
namespace {

using Oracle = std::map<int64_t, std::string>;

class ModelTest : public WriterFixture {
 protected:
  static constexpr int64_t kKeys = 400;

  void Begin(uint64_t seed) {
    random_ = std::make_unique<SeededRandom>(seed);
    ASSERT_TRUE(store_->CreateBucket("landing", {}).ok());
    Make("a");
    NewTable parted;
    parted.schema = Columns();
    parted.spec.fields.push_back({{1}, 1000, "id_bucket", Transform::Parse("bucket[3]").value()});
    Make("b", parted);
  }
  // With another budget: how much of a transaction waits in memory, and how much spills.
  void ReopenAnyhow() {
    static constexpr std::array<uint64_t, 3> kBudgets = {800, 3'000, 256u << 20};
    writer_options_.rows_bytes_max = kBudgets[Below(kBudgets.size())];
    ReopenLake();
  }

  uint64_t Below(uint64_t bound) { return random_->Below(bound); }
  std::string AnyTable() { return Below(2) == 0 ? "a" : "b"; }
  std::string AnyText() { return random_->Hex(1 + Below(8)); }

  // Rows of the table's present columns: an id, a text, then whatever evolution has added, null.
  static Batch RowsFor(const Schema& schema, const Oracle& rows) {
    BatchBuilder builder = BatchBuilder::Make(schema).value();
    for (const auto& [id, text] : rows)
      for (size_t i = 0; i < schema.fields().size(); ++i) {
        ColumnBuilder& column = builder.column(i);
        const int32_t field = schema.fields()[i].id;
        if (field == 1) {
          column.AppendLong(id);
        } else if (field == 2) {
          column.AppendBytes(text);
        } else {
          column.AppendNull();
        }
      }
    return builder.Finish().value();
  }
  Oracle AnyRows() {
    Oracle rows;
    for (uint64_t n = 1 + Below(40); n > 0; --n)
      rows[static_cast<int64_t>(Below(kKeys))] = AnyText();
    return rows;
  }

  // The state that a table's oracle has when the commit succeeds; after a failure the one before.
  void Expect(const std::string& name, Oracle next,
              const Result<std::vector<CommittedTable>>& done) {
    if (!done.ok()) return;
    oracles_[name] = std::move(next);
    Remember(name);
  }
  void Remember(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    if (table.metadata->current_snapshot_id)
      states_[name][*table.metadata->current_snapshot_id] = oracles_[name];
  }

  // Rows in any order, several of one key among them, and `next` as they leave it.
  Result<void> ChangeRowByRow(WriteTransaction& tx, const std::string& name, const Schema& schema,
                              Oracle& next) {
    std::vector<RowChange> changes;
    BatchBuilder builder = BatchBuilder::Make(schema).value();
    for (uint64_t n = 1 + Below(60); n > 0; --n) {
      static constexpr std::array<RowChange, 4> kAny = {RowChange::kPut, RowChange::kPut,
                                                        RowChange::kRemove, RowChange::kKeep};
      changes.push_back(kAny[Below(kAny.size())]);
      const auto id = static_cast<int64_t>(Below(kKeys));
      const std::string text = AnyText();
      for (size_t i = 0; i < schema.fields().size(); ++i) {
        ColumnBuilder& column = builder.column(i);
        if (i == 0 && changes.back() != RowChange::kKeep) {
          column.AppendLong(id);
        } else if (i == 1 && changes.back() == RowChange::kPut) {
          column.AppendBytes(text);
        } else {
          column.AppendNull();
        }
      }
      if (changes.back() == RowChange::kPut) next[id] = text;
      if (changes.back() == RowChange::kRemove) next.erase(id);
    }
    return tx.Change(Name(name), builder.Finish().value(), changes);
  }

  // What the transaction sees is what the oracle will be.
  Result<void> Look(WriteTransaction& tx, const std::string& name, const Schema& schema,
                    const Oracle& next) {
    std::vector<int64_t> ids;
    for (int i = 0; i < 30; ++i) ids.push_back(static_cast<int64_t>(Below(kKeys)));
    const Schema texts = Schema::Make(0, {schema.fields()[1]}).value();
    const FoundRows found = TRY(tx.Rows(Name(name), KeysOf(ids), texts));
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto expected = next.find(ids[i]);
      EXPECT_EQ(found.places[i] == FoundRows::kNone, expected == next.end()) << ids[i];
      if (found.places[i] != FoundRows::kNone && expected != next.end())
        EXPECT_EQ(found.rows.column(0).bytes(found.places[i]), expected->second) << ids[i];
    }
    return {};
  }

  void Change(const std::string& name) {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    const Schema schema = tx->SchemaOf(Name(name)).value();
    Oracle next = oracles_[name];
    Result<void> changed;
    for (uint64_t parts = 1 + Below(4); parts > 0 && changed.ok(); --parts) {
      const uint64_t choice = Below(4);
      if (choice < 2) {
        changed = ChangeRowByRow(*tx, name, schema, next);
      } else if (choice == 2) {
        std::vector<int64_t> ids;
        for (const auto& [id, text] : AnyRows()) {
          ids.push_back(id);
          next.erase(id);
        }
        changed = tx->Delete(Name(name), KeysOf(ids));
      } else {
        const Oracle rows = AnyRows();
        for (const auto& [id, text] : rows) next[id] = text;
        changed = tx->Upsert(Name(name), RowsFor(schema, rows));
      }
      if (changed.ok() && Below(4) == 0) changed = Look(*tx, name, schema, next);
    }
    Expect(name, std::move(next), changed.ok() ? tx->Commit() : changed.error());
  }

  // Objects that are there already, together with changes by key: whatever happens, they stay.
  void AddObjects(const std::string& failpoints = "") {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    const Schema schema = tx->SchemaOf(Name("a")).value();
    Oracle next = oracles_["a"];
    Result<void> changed = ChangeRowByRow(*tx, "a", schema, next);
    std::vector<std::string> uris;
    for (uint64_t files = 1 + Below(3); files > 0 && changed.ok(); --files) {
      std::vector<std::pair<int64_t, std::string>> rows;
      for (uint64_t n = 1 + Below(20); n > 0; --n) rows.emplace_back(kKeys + next_id_++, AnyText());
      uris.push_back("gs://landing/" + random_->Hex(16) + ".parquet");
      (void)Land(uris.back(), rows);
      DataFile described = DescribeObject(*store_, *parquet_, uris.back(), schema).value();
      changed = tx->AddFile(Name("a"), std::move(described));
      next.insert(rows.begin(), rows.end());
    }
    if (!failpoints.empty()) ASSERT_TRUE(ArmFailpoints(failpoints, random_->U64()).ok());
    Expect("a", std::move(next), changed.ok() ? tx->Commit() : changed.error());
    tx.reset();
    DisarmFailpoints();
    landed_.insert(landed_.end(), uris.begin(), uris.end());
  }

  void ChangeBoth() {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    const Oracle rows = AnyRows();
    std::map<std::string, Oracle> next = oracles_;
    Result<void> changed;
    for (const char* name : {"a", "b"}) {
      const Schema schema = tx->SchemaOf(Name(name)).value();
      if (changed.ok()) changed = tx->Upsert(Name(name), RowsFor(schema, rows));
      for (const auto& [id, text] : rows) next[name][id] = text;
    }
    const Result<std::vector<CommittedTable>> done =
        changed.ok() ? tx->Commit() : Result<std::vector<CommittedTable>>(changed.error());
    for (const char* name : {"a", "b"}) Expect(name, next[name], done);
  }

  void ReplaceAll(const std::string& name) {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    const Schema schema = tx->SchemaOf(Name(name)).value();
    const Oracle rows = AnyRows();
    Result<void> changed = tx->Replace(Name(name));
    if (changed.ok()) changed = tx->Append(Name(name), RowsFor(schema, rows));
    Expect(name, rows, changed.ok() ? tx->Commit() : changed.error());
  }

  // Threads at once, each on keys of its own.
  void ChangeAtOnce(const std::string& name) {
    std::array<Oracle, 3> rows;
    for (size_t i = 0; i < rows.size(); ++i)
      for (const auto& [id, text] : AnyRows())
        rows[i][id - id % 3 + static_cast<int64_t>(i)] = text;
    std::array<bool, 3> done{};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < rows.size(); ++i)
      threads.emplace_back([&, i] {
        std::unique_ptr<WriteTransaction> tx = writer_->Begin();
        const Schema schema = tx->SchemaOf(Name(name)).value();
        done[i] = tx->Upsert(Name(name), RowsFor(schema, rows[i])).ok() && tx->Commit().ok();
      });
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < rows.size(); ++i)
      if (done[i])
        for (const auto& [id, text] : rows[i]) oracles_[name][id] = text;
    Remember(name);
  }

  // Another engine: its files and commits come through the store and the catalogue alone.
  void AppendAsStranger(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    Oracle rows;
    for (uint64_t n = 1 + Below(20); n > 0; --n) rows[kKeys + next_id_++] = AnyText();
    auto files = DataFileWriter::Open(writer_->context(), *table.metadata).value();
    if (!files->Write(RowsFor(table.metadata->schema(), rows)).ok()) return;
    const Result<std::vector<WrittenFile>> written = files->Finish();
    if (!written.ok()) return;
    FileChanges changes;
    changes.operation = "append";
    for (const WrittenFile& file : *written) changes.added.push_back(file.added);
    const Snapshot* parent = table.metadata->current_snapshot();
    SharedFiles current;
    if (parent != nullptr) current = manifests_->Read(*parent).value();
    NewSnapshot made =
        MakeSnapshot(*table.metadata, parent, current, changes, {}, clock_.Now() / 1000, *random_)
            .value();
    for (const WrittenFile& file : *written) made.publish.push_back(ToPublish(file).value());
    if (!store_->PublishAll(std::move(made.publish)).ok()) return;
    const TableChange change{
        Name(name),
        Json::array({{{"type", "assert-ref-snapshot-id"},
                      {"ref", "main"},
                      {"snapshot-id", parent == nullptr ? Json() : Json(parent->id)}}}),
        Json::array({{{"action", "add-snapshot"}, {"snapshot", SnapshotToJson(made.snapshot, 2)}},
                     {{"action", "set-snapshot-ref"},
                      {"ref-name", "main"},
                      {"type", "branch"},
                      {"snapshot-id", made.snapshot.id}}})};
    if (!catalog_->Commit({change}).ok()) return;
    oracles_[name].insert(rows.begin(), rows.end());
    Remember(name);
  }

  void RollBack(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    if (table.metadata->snapshots.empty()) return;
    const int64_t id = table.metadata->snapshots[Below(table.metadata->snapshots.size())].id;
    if (!states_[name].contains(id)) return;  // between commits that were made at once
    const TableChange change{Name(name), Json::array(),
                             Json::array({{{"action", "set-snapshot-ref"},
                                           {"ref-name", "main"},
                                           {"type", "branch"},
                                           {"snapshot-id", id}}})};
    if (catalog_->Commit({change}).ok()) oracles_[name] = states_[name].at(id);
  }

  void Evolve(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    const Schema& schema = table.metadata->schema();
    MetadataBuilder builder(*table.metadata);
    std::vector<Field> fields = schema.fields();
    if (Below(2) == 0 && fields.size() > 2) {
      fields.pop_back();
    } else if (Below(3) == 0) {
      fields[1].name = "text_" + AnyText();
    } else {
      const int32_t id = table.metadata->last_column_id + 1;
      fields.push_back(Field{id, "extra_" + std::to_string(id), Type(TypeKind::kDouble)});
    }
    const Schema next = Schema::Make(0, std::move(fields), {1}).value();
    ASSERT_TRUE(builder.AddSchema(next).ok());
    ASSERT_TRUE(builder.SetCurrentSchema(MetadataBuilder::kLastAdded).ok());
    std::vector<PreparedCommit> commits(1);
    commits[0] = {table, builder.Build(clock_.Now() / 1000, table.metadata_location).value(), {}};
    (void)catalog_->Publish(std::move(commits)).ok();
  }

  // With changes between the reading of the rows and the commit; then what nothing needs goes.
  void Maintain(const std::string& name) {
    CompactionPolicy policy;
    policy.files_min = 2 + Below(6);
    Compactor compactor(*writer_, policy, stop_);
    compactor.set_before_commit([&] {
      for (uint64_t n = Below(3); n > 0; --n) Below(4) == 0 ? RollBack(name) : Change(name);
    });
    const bool everything = Below(3) == 0;
    (void)(everything ? compactor.RunAll(Name(name)) : compactor.Run(Name(name))).ok();
    Remember(name);
    RemovalOptions removal;
    removal.keep = removal.keep_metadata = 120'000'000;
    (void)Remover(*catalog_, *store_, *database_, clock_, removal, stop_).Run().ok();
  }

  static Oracle Unique(const Rows& rows) {
    Oracle oracle(rows.begin(), rows.end());
    EXPECT_EQ(oracle.size(), rows.size()) << "a key is there twice";
    return oracle;
  }
  void Check(const std::string& name) {
    ASSERT_EQ(Unique(Read(name)), oracles_[name]) << name;
    const LoadedTable table = catalog_->Load(Name(name)).value();
    if (table.metadata->snapshots.empty()) return;
    const Snapshot& any = table.metadata->snapshots[Below(table.metadata->snapshots.size())];
    if (!states_[name].contains(any.id)) return;
    ASSERT_EQ(Unique(ReadSnapshot(*table.metadata, any)), states_[name].at(any.id));
  }

  void Step() {
    const uint64_t choice = Below(100);
    if (choice < 44) return Change(AnyTable());
    if (choice < 50) return AddObjects();
    if (choice < 60) return ChangeBoth();
    if (choice < 70) return AppendAsStranger(AnyTable());
    if (choice < 80) return ChangeAtOnce(AnyTable());
    if (choice < 85) return Evolve(AnyTable());
    if (choice < 88) return ReplaceAll(AnyTable());
    if (choice < 91) return RollBack(AnyTable());
    if (choice < 95) return Maintain(AnyTable());
    if (choice < 98) return clock_.Advance(std::chrono::seconds(Below(200)));
    ReopenAnyhow();
  }
  // A step that may fail anywhere.
  void FailingStep() {
    static constexpr std::array<const char*, 13> kSteps = {
        "lake.write.file",   "lake.write.deletes",    "lake.write.prepared",
        "lake.commit.move",  "objects.publish",       "engine.parquet.written",
        "lake.keys.written", "objects.adopt.moved",   "meta.commit",
        "lake.compact.read", "lake.compact.prepared", "lake.remove.batch",
        "lake.remove.noted"};
    const std::string spec = std::string(kSteps[Below(kSteps.size())]) + "=error:0.5";
    if (Below(5) == 0) return AddObjects(spec);
    ASSERT_TRUE(ArmFailpoints(spec, random_->U64()).ok());
    Below(3) == 0 ? Maintain(AnyTable()) : Change(AnyTable());
    DisarmFailpoints();
    if (Below(4) == 0) ReopenAnyhow();
  }

  std::unique_ptr<SeededRandom> random_;
  std::map<std::string, Oracle> oracles_;
  std::map<std::string, std::map<int64_t, Oracle>> states_;  // by snapshot
  std::vector<std::string> landed_;                          // objects of others
  int64_t next_id_ = 0;
  std::atomic<bool> stop_ = false;
};

// CAUDAL_MODEL_STEPS and CAUDAL_MODEL_SEED make it longer, and another one.
TEST_F(ModelTest, HoldsWhatTheOracleSays) {
  const char* steps = ::getenv("CAUDAL_MODEL_STEPS");
  const char* seed = ::getenv("CAUDAL_MODEL_SEED");
  Begin(seed == nullptr ? 1 : std::stoull(seed));
  writer_options_.retention.all_max = 20;
  writer_options_.rows_bytes_max = 800;
  ReopenLake();
  for (int i = 0; i < (steps == nullptr ? 120 : std::stoi(steps)); ++i) {
    SCOPED_TRACE(i);
#if defined(CAUDAL_FAILPOINTS)
    if (Below(8) == 0) {
      FailingStep();
    } else {
      Step();
    }
#else
    Step();
#endif
    if (i % 8 != 0) continue;
    Check("a");
    Check("b");
    if (HasFatalFailure()) return;
  }
  EXPECT_FALSE(landed_.empty());
  for (const std::string& uri : landed_) EXPECT_TRUE(Exists(uri)) << uri;
}

}  // namespace
}  // namespace caudal::lake
