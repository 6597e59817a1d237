#include "pipeline/verify/repair.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "capture/landing/change_builder.h"
#include "capture/landing/change_shape.h"
#include "capture/landing/landing.h"
#include "data/json.h"
#include "pipeline/verify/value_text.h"

namespace caudal::pipeline {
namespace {

namespace pg = capture::postgres;
using capture::ChangeOp;

// Those of the rows of all tables, in order.
class Positions {
 public:
  Positions(const pg::SnapshotPoint& point, uint64_t first)
      : point_(point), first_(first), next_(first) {}

  Position Next() { return pg::SnapshotPosition(point_, next_++); }
  bool any() const { return next_ > first_; }
  Position first() const { return pg::SnapshotPosition(point_, first_); }
  // That was given so many ago; 1: the last.
  Position Before(uint64_t count) const { return pg::SnapshotPosition(point_, next_ - count); }

 private:
  const pg::SnapshotPoint& point_;
  const uint64_t first_;
  uint64_t next_;
};

// The parts of a `_caudal_key`: what TableDecoder made of them.
Result<std::vector<std::string>> SplitKeyText(const ComparedTable& table, std::string_view text) {
  const auto parts = std::ranges::count(table.columns, true, &pg::CapturedColumn::key);
  if (parts == 1) return std::vector<std::string>{std::string(text)};
  const Json list = TRY(ParseJson(text, "a key"));
  std::vector<std::string> texts;
  if (list.is_array())
    for (const Json& part : list)
      if (part.is_string()) texts.push_back(part.get<std::string>());
  if (static_cast<int64_t>(texts.size()) != parts)
    return MakeError(ErrorKind::kCorrupt, "a key of the replica isn't one: " + std::string(text));
  return texts;
}

// Of each of key_schema's columns, its place among the table's.
std::vector<size_t> PlacesOfKey(const ComparedTable& table) {
  std::vector<size_t> places;
  const std::vector<Field>& fields = table.schema.fields();
  for (const Field& key : table.codec->key_schema().fields())
    places.push_back(
        static_cast<size_t>(std::ranges::find(fields, key.id, &Field::id) - fields.begin()));
  return places;
}

// As the source reads them, in the order of its columns.
Result<std::vector<std::vector<std::string>>> TextsOf(const ComparedTable& table,
                                                      const Batch& keys) {
  const std::vector<size_t> places = PlacesOfKey(table);
  std::vector<size_t> order(places.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](size_t i) { return places[i]; });
  std::vector<std::vector<std::string>> texts;
  for (int64_t row = 0; row < keys.rows(); ++row) {
    if (table.key_text) {
      std::vector<std::string> parts = TRY(SplitKeyText(table, keys.column(0).bytes(row)));
      texts.push_back(std::move(parts));
      continue;
    }
    std::vector<std::string>& key = texts.emplace_back();
    for (const size_t part : order) key.push_back(SourceTextOf(keys.column(part), row));
  }
  return texts;
}

// Keys that the source hasn't.
Result<Batch> AsDeletes(const ComparedTable& table, const Batch& keys,
                        const std::vector<int64_t>& which, Positions& positions) {
  capture::ChangeBuilder builder =
      TRY(capture::ChangeBuilder::Make(table.history, table.columns.size(), table.key_text));
  const std::vector<size_t> places = PlacesOfKey(table);
  for (const int64_t row : which) {
    for (size_t i = 0; i < table.columns.size() + (table.key_text ? 1 : 0); ++i) {
      const auto part = std::ranges::find(places, i);
      if (part == places.end())
        builder.column(i).AppendNull();
      else
        builder.column(i).AppendRows(keys.column(static_cast<size_t>(part - places.begin())), row,
                                     1);
    }
    builder.EndRow({ChangeOp::kDelete, positions.Next(), {}, false, {}});
  }
  return builder.Finish();
}

Result<void> Land(TableRepair& repair, SourcePipeline& pipeline, pg::Connection& connection,
                  capture::LandingBatch& batch, Positions& positions, const std::stop_token& stop) {
  const ComparedTable& table = repair.table;
  capture::LandedTable landed;
  landed.folder = repair.folder;
  landed.incarnation = repair.incarnation;
  landed.history = table.history;
  const auto write = [&](Batch rows) {
    const auto count = static_cast<uint64_t>(rows.rows());
    return batch.Write(landed, std::move(rows), positions.Before(count), positions.Before(1));
  };
  std::unordered_set<std::string> there;
  const auto put = [&](const Batch& rows) -> Result<void> {
    lake::EncodedKeys found(table.codec->layout());
    TRY(table.codec->Encode(table.Compared(rows), table.schema, found));
    for (size_t i = 0; i < found.size(); ++i) there.emplace(found[i]);
    repair.rows_put += rows.rows();
    return write(rows);
  };
  const std::vector<std::vector<std::string>> texts = TRY(TextsOf(table, repair.keys));
  TRY(pg::ReadRowsByKey(
      connection, pipeline.options().source, table.to_read(), texts,
      [&] { return positions.Next(); }, stop, put));

  lake::EncodedKeys wanted(table.codec->layout());
  TRY(table.codec->Encode(repair.keys, table.codec->key_schema(), wanted));
  std::vector<int64_t> gone;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!there.contains(std::string(wanted[i]))) gone.push_back(static_cast<int64_t>(i));
  if (gone.empty()) return {};
  Batch deletes = TRY(AsDeletes(table, repair.keys, gone, positions));
  repair.rows_removed = deletes.rows();
  return write(std::move(deletes));
}

}  // namespace

std::string WhyNotByKey(const ComparedTable& table) {
  if (!table.codec) return "it has no primary key: read it anew";
  for (const pg::CapturedColumn& column : table.columns)
    if (column.key && column.mask) return "its key is masked: read it anew";
  return "";
}

Result<void> LandRepairs(SourcePipeline& pipeline, pg::Connection& connection,
                         const pg::SnapshotPoint& point, std::vector<TableRepair>& repairs,
                         const std::stop_token& stop) {
  const SourcePipeline::Parts& parts = pipeline.parts();
  const std::string& source = pipeline.options().source.name;
  const capture::SourceProgress progress = TRY(parts.ledger.NeedProgressOf(source));
  const Position begin = pg::SnapshotPosition(point, 0);
  uint64_t first = 0;
  // Something was landed at this very point: go on behind it.
  if (progress.landed && *progress.landed >= begin) first = progress.landed->ordinal + 1;
  Positions positions(point, first);
  std::unique_ptr<capture::LandingBatch> batch = TRY(parts.landing.Begin(source));
  for (TableRepair& repair : repairs)
    TRY(Land(repair, pipeline, connection, *batch, positions, stop));
  if (!positions.any()) return {};
  const capture::LandedChanges landed =
      TRY(batch->Commit({positions.first(), positions.Before(1), std::nullopt, point.at.value}));
  pipeline.Landed(landed);
  return {};
}

}  // namespace caudal::pipeline
