// Tables over a store in a temporary folder, written by Writer and read back row by row; for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "data/batch_builder.h"
#include "engine/parquet_reader.h"
#include "lake/catalog/catalog.h"
#include "lake/catalog/locations.h"
#include "lake/files/local_file.h"
#include "lake/files/paths.h"
#include "lake/format/position_deletes.h"
#include "lake/write/writer.h"
#include "lake/written_file.h"
#include "objects/store_fixture.h"
#include "os/file.h"

namespace caudal::lake {

class WriterFixture : public objects::StoreFixture {
 protected:
  using Rows = std::multimap<int64_t, std::string>;

  void SetUp() override {
    StoreFixture::SetUp();
    parquet_ = engine::InProcessDatabase::Open().value();
    OpenLake();
    ASSERT_TRUE(catalog_->namespaces().Create({"n"}, {}).ok());
  }
  void TearDown() override {
    DisarmFailpoints();
    CloseLake();
    StoreFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    const auto more = Catalog::Migrations();
    return {more.begin(), more.end()};
  }

  void OpenLake() {
    CatalogOptions options;
    options.bucket = "lake";
    catalog_ = std::make_unique<Catalog>(options, *database_, *store_, clock_, SystemRandom());
    manifests_ = std::make_unique<ManifestCache>(*store_, 64u << 20);
    writer_options_.folder = folder_ + "/write";
    writer_options_.index_folder = folder_ + "/keys";
    writer_ = Writer::Open(writer_options_, *catalog_, *manifests_, *store_, *parquet_, clock_,
                           SystemRandom())
                  .value();
  }
  void CloseLake() {
    writer_.reset();
    manifests_.reset();
    catalog_.reset();
  }
  void ReopenLake() {
    CloseLake();
    Reopen();
    OpenLake();
  }

  static Schema Columns() {
    return Schema::Make(0,
                        {Field{1, "id", Type(TypeKind::kLong), true},
                         Field{2, "name", Type(TypeKind::kString)}},
                        {1})
        .value();
  }
  LoadedTable Make(const std::string& name, const NewTable& table) {
    return catalog_->Create({{"n"}, name}, table).value();
  }
  LoadedTable Make(const std::string& name) {
    NewTable table;
    table.schema = Columns();
    return Make(name, table);
  }
  static TableName Name(const std::string& name) { return {{"n"}, name}; }

  static Batch RowsOf(const std::vector<std::pair<int64_t, std::string>>& rows) {
    BatchBuilder builder = BatchBuilder::Make(Columns()).value();
    for (const auto& [id, name] : rows) {
      builder.column(0).AppendLong(id);
      builder.column(1).AppendBytes(name);
    }
    return builder.Finish().value();
  }
  static Batch KeysOf(const std::vector<int64_t>& ids) {
    const Schema keys = Schema::Make(0, {Columns().fields()[0]}).value();
    BatchBuilder builder = BatchBuilder::Make(keys).value();
    for (const int64_t id : ids) builder.column(0).AppendLong(id);
    return builder.Finish().value();
  }

  // One transaction on one table.
  template <class F>
  Result<CommittedTable> Change(const std::string& name, F&& change) {
    std::unique_ptr<WriteTransaction> transaction = writer_->Begin();
    TRY(change(*transaction, Name(name)));
    std::vector<CommittedTable> done = TRY(transaction->Commit());
    return std::move(done.at(0));
  }
  Result<CommittedTable> Append(const std::string& name,
                                const std::vector<std::pair<int64_t, std::string>>& rows) {
    return Change(name, [&](WriteTransaction& tx, const TableName& table) {
      return tx.Append(table, RowsOf(rows));
    });
  }
  Result<CommittedTable> Upsert(const std::string& name,
                                const std::vector<std::pair<int64_t, std::string>>& rows) {
    return Change(name, [&](WriteTransaction& tx, const TableName& table) {
      return tx.Upsert(table, RowsOf(rows));
    });
  }
  Result<CommittedTable> Delete(const std::string& name, const std::vector<int64_t>& ids) {
    return Change(name, [&](WriteTransaction& tx, const TableName& table) {
      return tx.Delete(table, KeysOf(ids));
    });
  }

  // An object of these rows, as others write them: its description.
  DataFile Land(const std::string& uri, const std::vector<std::pair<int64_t, std::string>>& rows) {
    const std::string path = folder_ + "/" + SystemRandom().Hex(16);
    auto writer = engine::ParquetWriter::Open(*parquet_, path, Columns()).value();
    EXPECT_TRUE(writer->Write(RowsOf(rows)).ok());
    DataFile file = DescribeFile(writer->Finish().value(), uri);
    std::vector<objects::FileToPublish> publish(1);
    publish[0] = PublishFile(uri, path).value();
    EXPECT_TRUE(store_->PublishAll(std::move(publish)).ok());
    (void)os::Remove(path).ok();
    return file;
  }
  bool Exists(const std::string& uri) {
    const ObjectPlace place = PlaceOf(uri).value();
    return store_->Stat({place.bucket, place.name, {}}).ok();
  }

  template <class F>
  void ForEachBatch(const DataFile& file, const Schema& columns, F&& visit) {
    const LocalFile local = OpenTableFile(*store_, file).value();
    auto reader = engine::ParquetReader::Open(*parquet_, local.path, columns).value();
    while (true) {
      auto rows = reader->Next().value();
      if (!rows) return;
      visit(rows->batch, rows->first_row);
    }
  }
  // What a reader that knows nothing but the specification sees, through caches of its own.
  Rows ReadSnapshot(const TableMetadata& metadata, const Snapshot& snapshot) {
    ManifestCache cache(*store_, 64u << 20);
    Rows rows;
    for (const ScanFile& file : PlanScan(*cache.Read(snapshot).value(), metadata)) {
      std::set<int64_t> deleted;
      for (const SharedFile& deletes : file.position_deletes)
        ForEachBatch(deletes->file, PositionDeleteSchema(), [&](const Batch& batch, int64_t) {
          for (int64_t i = 0; i < batch.rows(); ++i)
            if (batch.column(0).bytes(i) == file.data->file.path)
              deleted.insert(batch.column(1).values<int64_t>()[i]);
        });
      ForEachBatch(file.data->file, Columns(), [&](const Batch& batch, int64_t first) {
        for (int64_t i = 0; i < batch.rows(); ++i)
          if (!deleted.contains(first + i))
            rows.emplace(batch.column(0).values<int64_t>()[i],
                         std::string(batch.column(1).bytes(i)));
      });
    }
    return rows;
  }
  Rows Read(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    const Snapshot* snapshot = table.metadata->current_snapshot();
    return snapshot == nullptr ? Rows() : ReadSnapshot(*table.metadata, *snapshot);
  }
  SharedFiles FilesOf(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    return manifests_->Read(*table.metadata->current_snapshot()).value();
  }

  std::unique_ptr<engine::InProcessDatabase> parquet_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<ManifestCache> manifests_;
  WriterOptions writer_options_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace caudal::lake
