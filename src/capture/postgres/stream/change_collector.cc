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
using caudal::postgres::LogicalMessage;
using caudal::postgres::Message;
using caudal::postgres::Origin;
using caudal::postgres::Relation;
using caudal::postgres::Truncate;
using caudal::postgres::TypeName;
using caudal::postgres::Update;

namespace {

// What a row takes beside its values, about.
constexpr size_t kRowBytes = 100;

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
    : options_(std::move(options)), landing_(landing), binder_(tables) {}
ChangeCollector::~ChangeCollector() = default;

// Before Take, which has it called by a lambda.
template <class Change>
Result<void> ChangeCollector::TakeChange(const Change& change) {
  const Position position = NextPosition();
  if (passed_over_) return {};
  Table* table = TRY(TableOf(change.relation));
  if (table == nullptr) return {};
  TRY(table->decoder.Add(change, EndAt(position)));
  return Added(*table, position, SizeOf()(change));
}

Result<void> ChangeCollector::Take(const Message& message) {
  return std::visit(
      [&](const auto& one) -> Result<void> {
        using M = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<M, Insert> || std::is_same_v<M, Update> ||
                      std::is_same_v<M, Delete>) {
          return TakeChange(one);
        } else if constexpr (std::is_same_v<M, Begin>) {
          in_transaction_ = true;
          commit_ = one.commit_lsn;
          committed_at_ = one.committed_at;
          ordinal_ = 0;
          passed_over_ =
              options_.landed && Position{options_.epoch, commit_.value, 0} <= *options_.landed;
          return {};
        } else if constexpr (std::is_same_v<M, Commit>) {
          return TakeCommit(one);
        } else if constexpr (std::is_same_v<M, Relation>) {
          return TakeRelation(one);
        } else if constexpr (std::is_same_v<M, Truncate>) {
          return TakeTruncate(one);
        } else if constexpr (std::is_same_v<M, TypeName> || std::is_same_v<M, Origin> ||
                             std::is_same_v<M, LogicalMessage>) {
          return {};
        } else {
          return MakeError(ErrorKind::kUnsupported,
                           "the source sends parts of transactions before they end, which wasn't "
                           "asked for",
                           "postgres.stream");
        }
      },
      message);
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

Result<void> ChangeCollector::TakeCommit(const Commit& commit) {
  if (!in_transaction_ || commit.commit_lsn != commit_)
    return MakeError(ErrorKind::kCorrupt, "the source ends a transaction that it didn't begin",
                     "postgres.stream");
  in_transaction_ = false;
  whole_up_to_ = commit.end_lsn;
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
