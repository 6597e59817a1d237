// A source's table whose changes are landed and applied, over a store in a temporary folder; for
// tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/landing/change_builder.h"
#include "capture/landing/landing.h"
#include "lake/write/writer_fixture.h"
#include "pipeline/applier.h"
#include "pipeline/raw_tables.h"
#include "pipeline/verify/replica_rows.h"

namespace caudal::pipeline {

// The table `public.t` (id int, the key; note text) of the source "shop".
class LandedFixture : public lake::WriterFixture {
 protected:
  void SetUp() override {
    WriterFixture::SetUp();
    ASSERT_TRUE(store_->CreateBucket("landing", {}).ok());
    ledger_.emplace(*database_);
    landing_ = capture::Landing::Open({"landing", folder_ + "/landing"}, *store_, *ledger_,
                                      *parquet_, clock_, SystemRandom())
                   .value();
    tables_ =
        std::make_unique<RawTables>(RawTablesOptions{"shop", "raw_shop", "public", {}}, *catalog_);
    applier_ = std::make_unique<Applier>(
        ApplierOptions{"shop"},
        Applier::Parts{*tables_, *catalog_, *ledger_, *database_, *writer_, *store_, *parquet_});
    ASSERT_TRUE(database_
                    ->Write([&](meta::Tx& tx) -> Result<void> {
                      epoch_ = TRY(capture::Ledger::BeginEpoch(tx, "shop", "here", 8));
                      capture::CapturedTable table;
                      table.folder = "public.t";
                      table.schema = "public";
                      table.table = "t";
                      TRY(capture::Ledger::AddTable(tx, "shop", table));
                      TRY(capture::Ledger::Shown(tx, "shop", table.folder, 1));
                      return {};
                    })
                    .ok());
    history_ = tables_
                   ->Open("public", "t",
                          {{"id", Type(TypeKind::kInt), true, false, 1},
                           {"note", Type(TypeKind::kString), false, false, 2}},
                          false)
                   .value();
    Begin();
  }
  void TearDown() override {
    applier_.reset();
    tables_.reset();
    landing_.reset();
    WriterFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    std::vector<meta::Migration> more = WriterFixture::MoreMigrations();
    for (const meta::Migration& one : capture::Ledger::Migrations()) more.push_back(one);
    return more;
  }

  // A row of the batch that is landed next. Without a note: null.
  void Row(capture::ChangeOp op, std::optional<int> id, const char* note = nullptr) {
    if (id)
      builder_->column(0).AppendInt(*id);
    else
      builder_->column(0).AppendNull();
    if (note != nullptr)
      builder_->column(1).AppendBytes(note);
    else
      builder_->column(1).AppendNull();
    builder_->EndRow({op, {epoch_, commit_, ordinal_++}, Micros{1'000}, false});
  }
  // As one transaction, and one change file. Gives its object.
  std::string Land() {
    auto batch = landing_->Begin("shop").value();
    const Position first{epoch_, commit_, 0};
    const Position last{epoch_, commit_, ordinal_ - 1};
    EXPECT_TRUE(
        batch->Write({"public.t", 1, history_}, builder_->Finish().value(), first, last).ok());
    const capture::LandedChanges landed = batch->Commit({first, last, {}, commit_}).value();
    commit_ += 8;
    ordinal_ = 0;
    return landed.files.at(0).landed.object;
  }
  std::string LandRow(capture::ChangeOp op, std::optional<int> id, const char* note = nullptr) {
    Row(op, id, note);
    return Land();
  }
  AppliedBatches Apply() {
    Result<std::optional<AppliedBatches>> applied = applier_->ApplyNext();
    EXPECT_TRUE(applied.ok()) << applied.error().message;
    return applied.ok() && *applied ? **applied : AppliedBatches();
  }

  static lake::TableName Table(const char* end = "") {
    return {{"raw_shop"}, std::string("t") + end};
  }
  void ReadAll(const lake::TableName& name, const std::function<void(const Batch&)>& visit) {
    const lake::SharedMetadata metadata = catalog_->Load(name).value().metadata;
    ReplicaRows rows = ReplicaRows::Open(*writer_, metadata).value();
    EXPECT_TRUE(rows.Read(metadata->schema(), {},
                          [&](const Batch& batch) -> Result<void> {
                            visit(batch);
                            return {};
                          })
                    .ok());
  }
  std::map<int, std::string> Replica() {
    std::map<int, std::string> rows;
    ReadAll(Table(), [&](const Batch& batch) {
      for (int64_t row = 0; row < batch.rows(); ++row)
        rows[batch.column(0).values<int32_t>()[row]] = batch.column(1).bytes(row);
    });
    return rows;
  }
  int64_t RowsIn(const lake::TableName& name) {
    int64_t rows = 0;
    ReadAll(name, [&](const Batch& batch) { rows += batch.rows(); });
    return rows;
  }

  std::optional<capture::Ledger> ledger_;
  std::unique_ptr<capture::Landing> landing_;
  std::unique_ptr<RawTables> tables_;
  std::unique_ptr<Applier> applier_;
  uint32_t epoch_ = 0;
  Schema history_;

 private:
  void Begin() { builder_.emplace(capture::ChangeBuilder::Make(history_, 2, false).value()); }

  std::optional<capture::ChangeBuilder> builder_;
  uint64_t commit_ = 16;
  uint64_t ordinal_ = 0;
};

}  // namespace caudal::pipeline
