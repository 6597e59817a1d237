// For tests: a database on the shared server whose tables are captured, and a landing for them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "capture/landing/history_tables.h"
#include "capture/landing/landing.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/stream/bound_table.h"
#include "capture/postgres/stream/change_collector.h"
#include "capture/postgres/stream/replication_stream.h"
#include "capture/postgres/test_server.h"
#include "engine/parquet_reader.h"
#include "objects/store_fixture.h"

namespace caudal::capture::postgres {

// Histories without tables.
class ShapedTables final : public HistoryTables {
 public:
  Result<Schema> Open(const std::string&, const std::string&,
                      const std::vector<ChangeColumn>& columns, bool) override {
    const ChangeShape shape = TRY(ShapeOf(columns));
    return shape.history;
  }
};

// Captures all tables but those that are called "other".
class CatalogBinder final : public TableBinder {
 public:
  CatalogBinder(Connection& connection, SourceOptions options)
      : connection_(connection), options_(std::move(options)) {}

  Result<std::optional<BoundTable>> Bind(const caudal::postgres::Relation& relation) override {
    if (relation.name == "other") return std::optional<BoundTable>();
    const SourceCatalog catalog = TRY(ReadCatalog(connection_, options_));
    const SourceTable* table = catalog.Find(relation.oid);
    if (table == nullptr) return MakeError(ErrorKind::kNotFound, "no such table");
    ShapedTables tables;
    BoundTable bound = TRY(BindTable(*table, options_, 1, tables));
    return std::optional(std::move(bound));
  }

 private:
  Connection& connection_;
  const SourceOptions options_;
};

class LandedSourceTest : public objects::StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    MakeBucket();
    name_ = "c" + SystemRandom().Hex(6);
    admin_ = Connection::Connect(TestServer::Shared().Local(), Purpose::kNormal).value();
    Ask(*admin_, "CREATE DATABASE " + name_);
    source_.name = "shop";
    source_.connection = TestServer::Shared().Local();
    source_.connection.database = name_;
    source_.tables = {TablePattern::Parse("public.*").value()};
    sql_ = Connection::Connect(source_.connection, Purpose::kNormal).value();
    Ask(*sql_, "SET search_path = public");
    Ask(*sql_, "CREATE PUBLICATION p FOR ALL TABLES");
    binder_ = std::make_unique<CatalogBinder>(*sql_, source_);
    parquet_ = engine::InProcessDatabase::Open().value();
    ledger_ = std::make_unique<Ledger>(*database_);
    landing_ = Landing::Open({"bucket", folder_ + "/landing"}, *store_, *ledger_, *parquet_, clock_,
                             SystemRandom())
                   .value();
    epoch_ =
        database_
            ->Write([&](meta::Tx& tx) { return Ledger::BeginEpoch(tx, "shop", "system 1", 0); })
            .value();
  }
  void TearDown() override {
    stream_.reset();
    sql_.reset();
    DropDatabase(*admin_, name_);
    landing_.reset();
    ledger_.reset();
    StoreFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    const auto more = Ledger::Migrations();
    return {more.begin(), more.end()};
  }

  static void Ask(Connection& connection, const std::string& sql) {
    const auto done = connection.Query(sql);
    ASSERT_TRUE(done.ok()) << done.error().message << "\n" << sql;
  }
  void Run(const std::string& sql) { Ask(*sql_, sql); }
  std::string One(const std::string& sql) {
    const auto rows = sql_->Query(sql);
    EXPECT_TRUE(rows.ok()) << rows.error().message << "\n" << sql;
    return rows.ok() && rows->size() == 1 ? std::string(rows->Text(0, 0)) : "?";
  }
  // A slot of the source's name, from here on.
  void MakeSlot() { Run("SELECT pg_create_logical_replication_slot('" + name_ + "', 'pgoutput')"); }
  void OpenStream() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      auto stream = ReplicationStream::Start({source_.connection, name_, "p", {}});
      if (stream.ok()) {
        stream_ = std::move(stream).take();
        return;
      }
      // The one before it has its slot until its session has ended.
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << stream.error().message;
    }
  }
  ChangeCollector Collector(uint64_t memory = 64u << 20) {
    const SourceProgress progress = ledger_->ProgressOf("shop").value().value();
    return ChangeCollector({"shop", epoch_, progress.landed, memory}, *landing_, *binder_);
  }
  // Until so many transactions with changes have come.
  Result<void> Collect(ChangeCollector& collector, int transactions) {
    int64_t changes = 0;
    while (transactions > 0) {
      const auto message =
          TRY(stream_->Next(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
      if (!message) return MakeError(ErrorKind::kTimeout, "nothing came");
      TRY(collector.Take(*message, stream_->bytes()));
      if (std::get_if<caudal::postgres::StreamCommit>(&*message) != nullptr) {
        while (collector.replaying()) TRY(collector.Replay());
        --transactions;
        changes = 0;
      } else if (std::get_if<caudal::postgres::Commit>(&*message) != nullptr) {
        if (changes > 0) --transactions;
        changes = 0;
      } else if (std::get_if<caudal::postgres::Begin>(&*message) == nullptr) {
        ++changes;
      }
    }
    return {};
  }
  std::vector<LandedBatch> Batches() { return ledger_->BatchesOf("shop", 0, 1000).value(); }

  BoundTable Bound(const SourceTable& table, uint32_t incarnation = 1) {
    ShapedTables tables;
    return BindTable(table, source_, incarnation, tables).value();
  }
  Schema HistoryOf(const std::string& table) {
    const auto catalog = ReadCatalog(*sql_, source_).value();
    return Bound(*std::ranges::find(catalog.tables, table, &SourceTable::name)).landed.history;
  }
  // Calls it with a batch and a row for each row of the file.
  template <class Each>
  void ForRows(const LandedFile& file, const Schema& history, const Each& each) {
    const auto opened = store_->Open({file.bucket, file.object, file.generation}).value();
    auto reader = engine::ParquetReader::Open(*parquet_, opened.path, history).value();
    while (const auto some = reader->Next().value())
      for (int64_t row = 0; row < some->batch.rows(); ++row) each(some->batch, row);
  }
  static const Array& ColumnOf(const Batch& batch, const Schema& history, const char* name) {
    const auto& fields = history.fields();
    const auto at = std::ranges::find(fields, name, &Field::name) - fields.begin();
    return batch.column(static_cast<size_t>(at));
  }
  static Position PositionOf(const Batch& batch, int64_t row) {
    return Position::Parse(batch.columns().back().children()[0].bytes(row)).value();
  }

  std::string name_;
  SourceOptions source_;
  std::unique_ptr<Connection> admin_;
  std::unique_ptr<Connection> sql_;  // of the superuser; search_path is public
  std::unique_ptr<engine::InProcessDatabase> parquet_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Landing> landing_;
  std::unique_ptr<CatalogBinder> binder_;
  std::unique_ptr<ReplicationStream> stream_;
  uint32_t epoch_ = 0;
};

}  // namespace caudal::capture::postgres
