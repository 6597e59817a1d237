#include "pipeline/unchanged_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "data/batch_builder.h"
#include "pipeline/keyed_rows.h"

namespace caudal::pipeline {
namespace {

const Array& UnchangedOf(const ChangeLayout& layout, const Batch& changes) {
  return changes.column(layout.caudal).children()[kCaudalUnchanged];
}

// Where a value is: in another row of the changes, or in the replica.
struct Source {
  enum class Kind : uint8_t { kOwn, kRow, kReplica, kNowhere } kind = Kind::kOwn;
  int64_t at = 0;  // the row, or the place among the keys that are looked up
};

class Filler {
 public:
  Filler(const ChangeLayout& layout, const lake::KeyCodec& codec, const Batch& changes)
      : layout_(layout), codec_(codec), changes_(changes) {}

  Result<FilledChanges> Fill(const FindPresent& find) {
    TRY(Trace());
    lake::FoundRows present;
    if (!looked_up_.empty()) present = TRY(LookUp(find));
    FilledChanges filled;
    std::vector<bool> absent(static_cast<size_t>(changes_.rows()));
    std::vector<Array> columns = changes_.columns();
    size_t number = 0;
    for (const auto& [place, sources] : sources_) {
      const Array& own = columns[place];
      ColumnBuilder builder(own.type());
      for (int64_t row = 0; row < changes_.rows(); ++row) {
        const Source& source = sources[static_cast<size_t>(row)];
        const auto at = static_cast<size_t>(source.at);
        switch (source.kind) {
          case Source::Kind::kOwn:
            builder.AppendRows(own, row, 1);
            break;
          case Source::Kind::kRow:
            builder.AppendRows(changes_.column(place), source.at, 1);
            break;
          case Source::Kind::kReplica:
            if (present.places[at] != lake::FoundRows::kNone) {
              builder.AppendRows(present.rows.column(number), present.places[at], 1);
              break;
            }
            [[fallthrough]];
          case Source::Kind::kNowhere:
            builder.AppendNull();
            absent[static_cast<size_t>(row)] = true;
            break;
        }
      }
      if (builder.too_long())
        return MakeError(ErrorKind::kLimit, "values that didn't change are too long for one batch",
                         "pipeline.values_too_long");
      columns[place] = builder.Finish();
      ++number;
    }
    filled.absent = std::ranges::count(absent, true);
    filled.changes = Batch(changes_.rows(), std::move(columns));
    return filled;
  }

 private:
  // Nothing: the replica hasn't the column any more, and needs no value.
  Result<std::optional<size_t>> PlaceOf(std::string_view name) const {
    const auto former = layout_.former_names.find(name);
    if (former != layout_.former_names.end()) {
      if (!former->second.ambiguous) return former->second.place;
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("a change names the column \"{}\" as unchanged, and several "
                                   "columns were called so",
                                   name),
                       "pipeline.ambiguous_column");
    }
    const auto& fields = layout_.read.fields();
    for (size_t i = 0; i < layout_.columns; ++i)
      if (fields[i].name == name) return std::optional(i);
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("a change names the column \"{}\" as unchanged, which the table "
                                 "hasn't any more",
                                 name));
  }

  // Follows each row through its keys, in order.
  Result<void> Trace() {
    const auto rows = static_cast<size_t>(changes_.rows());
    const std::vector<bool> moved = KeyMoved(layout_, changes_);
    std::vector<Array> own_columns;
    for (size_t i = 0; i < layout_.columns; ++i) own_columns.push_back(changes_.column(i));
    own_columns.push_back(Array::Nulls(layout_.replica.fields().back().type, changes_.rows()));
    own_ = Batch(changes_.rows(), std::move(own_columns));
    old_ = OldKeys(layout_, changes_);
    lake::EncodedKeys keys(codec_.layout());
    TRY(codec_.Encode(own_, layout_.replica, keys));

    const Array& op = changes_.column(layout_.op);
    const Array& unchanged = UnchangedOf(layout_, changes_);
    std::unordered_map<std::string_view, std::optional<int64_t>> last;  // none: deleted
    for (size_t i = 0; i < rows; ++i) {
      const auto row = static_cast<int64_t>(i);
      std::string_view key = keys[i];
      std::string_view before = key;
      lake::EncodedKeys old_key(codec_.layout());
      if (moved[i]) {
        TRY(codec_.Encode(old_.Slice(row, 1), layout_.replica, old_key));
        before = old_keys_.emplace_back(old_key[0]);
      }
      const int32_t* at = unchanged.offsets() + row;
      if (!unchanged.IsNull(row) && at[1] > at[0]) {
        const auto found = last.find(before);
        std::optional<int64_t> replica;
        for (int32_t item = at[0]; item < at[1]; ++item) {
          const std::optional<size_t> place = TRY(PlaceOf(unchanged.children()[0].bytes(item)));
          if (!place) continue;
          std::vector<Source>& sources = sources_[*place];
          if (sources.empty()) sources.resize(rows);
          Source& source = sources[i];
          if (found == last.end()) {
            if (!replica) {
              replica = static_cast<int64_t>(looked_up_.size());
              looked_up_.push_back({row, moved[i]});
            }
            source = {Source::Kind::kReplica, *replica};
          } else if (!found->second) {
            source.kind = Source::Kind::kNowhere;
          } else {
            const Source& earlier = sources[static_cast<size_t>(*found->second)];
            source = earlier.kind == Source::Kind::kOwn ? Source{Source::Kind::kRow, *found->second}
                                                        : earlier;
          }
        }
      }
      if (moved[i]) last[before] = std::nullopt;
      if (op.bytes(row) == "d") {
        last[key] = std::nullopt;
      } else {
        last[key] = row;
      }
    }
    return {};
  }

  Result<lake::FoundRows> LookUp(const FindPresent& find) {
    std::vector<Field> fields;
    fields.reserve(sources_.size());
    for (const auto& [place, sources] : sources_) fields.push_back(layout_.replica.fields()[place]);
    const Schema columns = TRY(Schema::Make(layout_.replica.id(), std::move(fields)));
    BatchBuilder keys = TRY(BatchBuilder::Make(codec_.key_schema()));
    const auto& all = layout_.replica.fields();
    size_t part = 0;
    for (const Field& field : codec_.key_schema().fields()) {
      const auto place =
          static_cast<size_t>(std::ranges::find(all, field.id, &Field::id) - all.begin());
      ColumnBuilder& column = keys.column(part++);
      for (const auto& [row, moved] : looked_up_)
        column.AppendRows((moved ? old_ : own_).column(place), row, 1);
    }
    const Batch wanted = TRY(keys.Finish());
    return find(wanted, columns);
  }

  struct LookedUp {
    int64_t row;
    bool moved;  // under its old key
  };

  const ChangeLayout& layout_;
  const lake::KeyCodec& codec_;
  const Batch& changes_;
  Batch own_;
  Batch old_;
  std::deque<std::string> old_keys_;               // what `last` refers to
  std::map<size_t, std::vector<Source>> sources_;  // by the column's place
  std::vector<LookedUp> looked_up_;
};

}  // namespace

bool HasUnchanged(const ChangeLayout& layout, const Batch& changes) {
  const Array& unchanged = UnchangedOf(layout, changes);
  if (unchanged.length() == 0) return false;
  const int32_t* at = unchanged.offsets();
  return at[unchanged.length()] > at[0];
}

Result<FilledChanges> FillUnchanged(const ChangeLayout& layout, const lake::KeyCodec& codec,
                                    const Batch& changes, const FindPresent& find) {
  return Filler(layout, codec, changes).Fill(find);
}

}  // namespace caudal::pipeline
