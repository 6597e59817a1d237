// Messages of a stream into batches of the landing: whole transactions, in the order of their ends.
//
//   while (message) {
//     TRY(collector.Take(*message, stream.bytes()));
//     while (collector.replaying()) TRY(collector.Replay());
//     if (collector.has_whole_transactions() && batch_is_due)
//       const LandedChanges landed = TRY(collector.Land());
//   }
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/landing.h"
#include "capture/postgres/stream/bound_table.h"
#include "capture/postgres/stream/streamed_transactions.h"
#include "capture/postgres/stream/table_decoder.h"
#include "codec/postgres/pgoutput.h"

namespace caudal::capture::postgres {

// Knows the tables that changes go to. Called when the stream describes a relation: for the first
// time, and whenever something about it has changed.
class TableBinder {
 public:
  virtual ~TableBinder() = default;
  // Nothing: it isn't captured.
  virtual Result<std::optional<BoundTable>> Bind(const caudal::postgres::Relation& relation) = 0;
};

// Holds what came since the last Land: `memory` bytes of rows, others in files. After an error it
// is of no use: begin again from what is landed. One thread at a time.
class ChangeCollector {
 public:
  struct Options {
    std::string source;
    uint32_t epoch = 0;
    // Transactions up to here were landed before, and are passed over when they come again.
    std::optional<Position> landed;
    uint64_t memory = 64u << 20;
    // Beside that, of transactions in progress; beyond, they are in files.
    uint64_t streamed_memory = 16u << 20;
  };
  // References must outlive it.
  ChangeCollector(Options options, Landing& landing, TableBinder& tables);
  ~ChangeCollector();

  // kUnsupported, naming it, for a message that isn't understood; else TableDecoder's errors and
  // those of the landing.
  // `bytes`: the message as it came.
  Result<void> Take(const caudal::postgres::Message& message, std::string_view bytes);
  // A transaction that came before its end has ended: nothing else may be taken before all of it is
  // replayed, a part with each call, so that there is time to do something else.
  bool replaying() const { return replayed_ != nullptr; }
  Result<void> Replay();

  bool in_transaction() const { return in_transaction_; }
  // The end of the last whole transaction since the last Land; nothing when there is none.
  std::optional<caudal::postgres::Lsn> whole_up_to() const { return whole_up_to_; }
  int64_t rows() const { return rows_; }     // since the last Land
  uint64_t bytes() const { return bytes_; }  // in memory, about
  // Of transactions in progress, in memory and in files.
  uint64_t streamed_bytes() const { return streamed_.bytes(); }

  // All whole transactions. Not within one. Nothing when none of them had a change of a captured
  // table: then the source may forget them, once the ledger has been told (Ledger::Advance).
  Result<std::optional<LandedChanges>> Land();

 private:
  struct Table;
  using Lsn = caudal::postgres::Lsn;

  Result<void> TakeChange(const caudal::postgres::Message& message);
  void TakeBegin(Lsn commit, Micros committed_at);
  Result<void> TakeStreamCommit(const caudal::postgres::StreamCommit& commit);
  Result<void> TakeRelation(const caudal::postgres::Relation& relation);
  Result<void> TakeCommit(Lsn commit, Lsn end);
  template <class Change>
  Result<void> TakeRow(const Change& change);
  Result<void> TakeTruncate(const caudal::postgres::Truncate& truncate);
  // Null: not captured. kCorrupt when the stream didn't describe it.
  Result<Table*> TableOf(uint32_t relation);
  Position NextPosition() { return {options_.epoch, commit_.value, ordinal_++}; }
  ChangeEnd EndAt(const Position& position) const { return {{}, position, committed_at_}; }
  Result<void> Added(Table& table, const Position& position, size_t bytes);
  Result<void> Flush(Table& table);
  Result<void> FlushAll();

  Options options_;
  Landing& landing_;
  TableBinder& binder_;
  std::map<uint32_t, std::unique_ptr<Table>> tables_;  // by oid; null: not captured
  std::unique_ptr<LandingBatch> batch_;                // null: nothing in files yet

  bool in_transaction_ = false;
  bool passed_over_ = false;  // the present transaction
  Lsn commit_;
  Micros committed_at_ = 0;
  uint64_t ordinal_ = 0;

  StreamedTransactions streamed_;
  std::unique_ptr<StreamedTransaction> replayed_;  // the present transaction
  Lsn replayed_end_;

  std::optional<Position> first_;  // of the batch
  Position last_;
  std::optional<Lsn> whole_up_to_;
  int64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace caudal::capture::postgres
