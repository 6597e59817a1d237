#include "capture/postgres/stream/change_collector.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>

#include "capture/postgres/pattern.h"

namespace caudal::capture::postgres {

using caudal::postgres::Begin;
using caudal::postgres::Commit;
using caudal::postgres::Delete;
using caudal::postgres::Insert;
using caudal::postgres::Message;
using caudal::postgres::Relation;
using caudal::postgres::StreamAbort;
using caudal::postgres::StreamCommit;
using caudal::postgres::StreamStart;
using caudal::postgres::StreamStop;
using caudal::postgres::Truncate;
using caudal::postgres::Update;

namespace {

// What a row takes beside its values, about.
constexpr size_t kRowBytes = 100;
constexpr int kReplayedAtOnce = 10'000;

struct SizeOf {
  size_t operator()(const Insert& insert) const { return insert.row.bytes().size(); }
  size_t operator()(const Update& update) const {
    return update.row.bytes().size() + update.old_row.bytes().size();
  }
  size_t operator()(const Delete& removed) const { return removed.old_row.bytes().size(); }
};

}  // namespace

struct ChangeCollector::Table {
  LandedTable landed;
  TableDecoder decoder;
  // Of the rows in the decoder.
  Position first;
  Position last;
  uint64_t bytes = 0;
};

ChangeCollector::ChangeCollector(Options options, Landing& landing, TableBinder& tables)
    : options_(std::move(options)),
      landing_(landing),
      binder_(tables),
      streamed_({landing.folder(), options_.streamed_memory}) {}
ChangeCollector::~ChangeCollector() = default;

// Before TakeChange, which has it called by a lambda.
template <class Change>
Result<void> ChangeCollector::TakeRow(const Change& change) {
  const Position position = NextPosition();
  if (passed_over_) return {};
  Table* table = TRY(TableOf(change.relation));
  if (table == nullptr) return {};
  TRY(table->decoder.Add(change, EndAt(position)));
  return Added(*table, position, SizeOf()(change));
}

Result<void> ChangeCollector::TakeChange(const Message& message) {
  return std::visit(
      [&](const auto& one) -> Result<void> {
        using M = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<M, Insert> || std::is_same_v<M, Update> ||
                      std::is_same_v<M, Delete>) {
          return TakeRow(one);
        } else if constexpr (std::is_same_v<M, Relation>) {
          return TakeRelation(one);
        } else if constexpr (std::is_same_v<M, Truncate>) {
          return TakeTruncate(one);
        } else {
          return {};
        }
      },
      message);
}

Result<void> ChangeCollector::Take(const Message& message, std::string_view bytes) {
  CAUDAL_CHECK(replayed_ == nullptr, "a transaction is replayed before another one is taken");
  if (streamed_.in_block()) {
    if (!std::holds_alternative<StreamStop>(message)) return streamed_.Add(bytes);
    streamed_.Stop();
    return {};
  }
  if (const auto* begin = std::get_if<Begin>(&message)) {
    TakeBegin(begin->commit_lsn, begin->committed_at);
    return {};
  }
  if (const auto* commit = std::get_if<Commit>(&message))
    return TakeCommit(commit->commit_lsn, commit->end_lsn);
  if (const auto* start = std::get_if<StreamStart>(&message)) {
    streamed_.Start(*start);
    return {};
  }
  if (const auto* abort = std::get_if<StreamAbort>(&message)) {
    streamed_.Abort(*abort);
    return {};
  }
  if (const auto* commit = std::get_if<StreamCommit>(&message)) return TakeStreamCommit(*commit);
  return TakeChange(message);
}

void ChangeCollector::TakeBegin(Lsn commit, Micros committed_at) {
  in_transaction_ = true;
  commit_ = commit;
  committed_at_ = committed_at;
  ordinal_ = 0;
  passed_over_ = options_.landed && Position{options_.epoch, commit_.value, 0} <= *options_.landed;
}

Result<void> ChangeCollector::TakeStreamCommit(const StreamCommit& commit) {
  std::unique_ptr<StreamedTransaction> transaction = TRY(streamed_.Take(commit.xid));
  TakeBegin(commit.commit_lsn, commit.committed_at);
  replayed_ = std::move(transaction);
  replayed_end_ = commit.end_lsn;
  return {};
}

Result<void> ChangeCollector::Replay() {
  for (int i = 0; i < kReplayedAtOnce; ++i) {
    const std::optional<Message> message = TRY(replayed_->Next());
    if (!message) {
      replayed_.reset();
      return TakeCommit(commit_, replayed_end_);
    }
    TRY(TakeChange(*message));
  }
  return {};
}

Result<void> ChangeCollector::TakeRelation(const Relation& relation) {
  std::unique_ptr<Table>& table = tables_[relation.oid];
  // Rows so far are of the description before.
  if (table != nullptr) TRY(Flush(*table));
  table.reset();
  std::optional<BoundTable> bound = TRY(binder_.Bind(relation));
  if (!bound) return {};
  TableDecoder::Layout layout;
  layout.table = QuoteName(relation.schema, relation.name);
  layout.sent = SentColumnsOf(relation, bound->columns);
  layout.columns = std::move(bound->columns);
  layout.key_text = bound->key_text;
  TableDecoder decoder = TRY(TableDecoder::Make(bound->landed.history, std::move(layout)));
  table.reset(new Table{std::move(bound->landed), std::move(decoder), {}, {}, 0});
  return {};
}

Result<ChangeCollector::Table*> ChangeCollector::TableOf(uint32_t relation) {
  const auto found = tables_.find(relation);
  if (found == tables_.end())
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("the source sends a change of relation {}, which it hasn't "
                                 "described",
                                 relation),
                     "postgres.stream");
  return found->second.get();
}

Result<void> ChangeCollector::Added(Table& table, const Position& position, size_t bytes) {
  if (table.decoder.rows() == 1) table.first = position;
  table.last = position;
  if (!first_) first_ = position;
  ++rows_;
  bytes_ += bytes + kRowBytes;
  table.bytes += bytes + kRowBytes;
  if (bytes_ <= options_.memory) return {};
  return FlushAll();
}

Result<void> ChangeCollector::TakeTruncate(const Truncate& truncate) {
  for (size_t i = 0; i < truncate.relations.size(); ++i) {
    const Position position = NextPosition();
    if (passed_over_) continue;
    Table* table = TRY(TableOf(truncate.relations[i]));
    if (table == nullptr) continue;
    table->decoder.AddTruncate(EndAt(position));
    TRY(Added(*table, position, 0));
  }
  return {};
}

Result<void> ChangeCollector::TakeCommit(Lsn commit, Lsn end) {
  if (!in_transaction_ || commit != commit_)
    return MakeError(ErrorKind::kCorrupt, "the source ends a transaction that it didn't begin",
                     "postgres.stream");
  in_transaction_ = false;
  whole_up_to_ = end;
  if (!passed_over_ && ordinal_ > 0) last_ = {options_.epoch, commit_.value, ordinal_ - 1};
  return {};
}

Result<void> ChangeCollector::Flush(Table& table) {
  if (table.decoder.rows() == 0) return {};
  if (batch_ == nullptr) batch_ = TRY(landing_.Begin(options_.source));
  Batch rows = TRY(table.decoder.Finish());
  bytes_ -= table.bytes;
  table.bytes = 0;
  return batch_->Write(table.landed, std::move(rows), table.first, table.last);
}

Result<void> ChangeCollector::FlushAll() {
  for (const auto& [oid, table] : tables_)
    if (table != nullptr) TRY(Flush(*table));
  return {};
}

Result<std::optional<LandedChanges>> ChangeCollector::Land() {
  CAUDAL_CHECK(!in_transaction_ && whole_up_to_, "a batch ends with a transaction");
  const Lsn end = *std::exchange(whole_up_to_, std::nullopt);
  if (!first_) return std::optional<LandedChanges>();
  TRY(FlushAll());
  LandedChanges landed =
      TRY(std::exchange(batch_, nullptr)->Commit({*first_, last_, committed_at_, end.value}));
  options_.landed = last_;
  first_.reset();
  rows_ = 0;
  return std::optional(std::move(landed));
}

}  // namespace caudal::capture::postgres
