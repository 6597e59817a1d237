#include "pipeline/verify/table_comparison.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "data/batch_builder.h"
#include "pipeline/verify/row_buckets.h"
#include "pipeline/verify/value_text.h"

namespace caudal::pipeline {
namespace {

struct HashOfDigest {
  size_t operator()(const RowDigest& digest) const { return digest.low; }
};

class Comparer {
 public:
  Comparer(const Schema& schema, const std::optional<lake::KeyCodec>& codec, const ReadAll& source,
           const ReadAll& replica, const ComparisonLimits& limits)
      : schema_(schema), codec_(codec), source_(source), replica_(replica), limits_(limits) {}

  Result<TableComparison> Run() {
    TRY(Count(source_, source_buckets_));
    TRY(Count(replica_, replica_buckets_));
    comparison_.source_rows = source_buckets_.rows();
    comparison_.replica_rows = replica_buckets_.rows();
    TRY(FindDifferences());
    if (!differences_.empty()) TRY(Describe());
    return std::move(comparison_);
  }

 private:
  // Of each row of a batch; fills rows_ and keys_.
  Result<void> Hash(const Batch& batch) {
    digester_.Digest(batch, rows_);
    if (!codec_) {
      keys_ = rows_;
      return {};
    }
    lake::EncodedKeys encoded(codec_->layout());
    TRY(codec_->Encode(batch, schema_, encoded));
    keys_.resize(rows_.size());
    for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = DigestOf(encoded[i]);
    return {};
  }

  Result<void> Count(const ReadAll& read, RowBuckets& buckets) {
    return read([&](const Batch& batch) -> Result<void> {
      TRY(Hash(batch));
      for (size_t i = 0; i < rows_.size(); ++i) buckets.Add(keys_[i], rows_[i]);
      return {};
    });
  }

  // The rows of some buckets.
  Result<std::vector<HashedRow>> Collect(const ReadAll& read, const std::vector<bool>& wanted) {
    std::vector<HashedRow> found;
    TRY(read([&](const Batch& batch) -> Result<void> {
      TRY(Hash(batch));
      for (size_t i = 0; i < rows_.size(); ++i)
        if (wanted[RowBuckets::BucketOf(keys_[i])]) found.push_back({keys_[i], rows_[i]});
      return {};
    }));
    return found;
  }

  // As many of the buckets as may be looked at together, from `next` on.
  std::vector<bool> Take(const std::vector<size_t>& buckets, size_t& next) const {
    std::vector<bool> wanted(RowBuckets::kCount);
    int64_t rows = 0;
    for (bool first = true; next < buckets.size(); ++next, first = false) {
      rows += source_buckets_.rows(buckets[next]) + replica_buckets_.rows(buckets[next]);
      if (!first && rows > limits_.rows_at_once) break;
      wanted[buckets[next]] = true;
    }
    return wanted;
  }

  Result<void> FindDifferences() {
    const std::vector<size_t> buckets = source_buckets_.DifferentFrom(replica_buckets_);
    size_t next = 0;
    for (int round = 0; next < buckets.size(); ++round) {
      if (round == limits_.rounds || differences_.size() >= limits_.differences) {
        comparison_.complete = false;
        break;
      }
      const std::vector<bool> wanted = Take(buckets, next);
      std::vector<HashedRow> source = TRY(Collect(source_, wanted));
      std::vector<HashedRow> replica = TRY(Collect(replica_, wanted));
      const std::vector<Difference> found = DifferencesOf(source, replica, codec_.has_value());
      differences_.insert(differences_.end(), found.begin(), found.end());
    }
    if (differences_.size() > limits_.differences) {
      differences_.resize(limits_.differences);
      comparison_.complete = false;
    }
    for (const Difference& one : differences_) {
      if (one.kind == DifferenceKind::kMissing) comparison_.missing += one.rows;
      if (one.kind == DifferenceKind::kExtra) comparison_.extra += one.rows;
      if (one.kind == DifferenceKind::kChanged) comparison_.changed += one.rows;
    }
    return {};
  }

  // What is known of a row that is shown.
  struct Seen {
    std::vector<Json> source;  // of each column; none: the side has no such row
    std::vector<Json> replica;
  };

  Result<void> Describe() {
    for (size_t i = 0; i < differences_.size(); ++i) places_.emplace(differences_[i].key, i);
    seen_.resize(std::min(differences_.size(), limits_.shown));
    std::vector<bool> noted(differences_.size());
    std::optional<BatchBuilder> keys;
    if (codec_) keys = TRY(BatchBuilder::Make(codec_->key_schema()));
    const std::vector<size_t> key_places = KeyPlaces();
    const auto look = [&](std::vector<Json> Seen::*side) {
      return [&, side](const Batch& batch) -> Result<void> {
        TRY(Hash(batch));
        for (size_t i = 0; i < keys_.size(); ++i) {
          const auto place = places_.find(keys_[i]);
          if (place == places_.end()) continue;
          const size_t number = place->second;
          const auto row = static_cast<int64_t>(i);
          if (number < seen_.size())
            for (std::vector<Json>& texts = seen_[number].*side;
                 const Array& column : batch.columns())
              if (texts.size() < batch.columns().size()) texts.push_back(TextOfValue(column, row));
          if (!keys || noted[number]) continue;
          noted[number] = true;
          for (size_t part = 0; part < key_places.size(); ++part)
            keys->column(part).AppendRows(batch.column(key_places[part]), row, 1);
        }
        return {};
      };
    };
    TRY(source_(look(&Seen::source)));
    TRY(replica_(look(&Seen::replica)));
    if (keys) comparison_.keys = TRY(keys->Finish());
    for (size_t i = 0; i < seen_.size(); ++i)
      comparison_.shown.push_back(Show(differences_[i], seen_[i], key_places));
    std::ranges::stable_sort(comparison_.shown, {}, [](const ShownDifference& one) {
      return std::pair(one.kind, DumpJson(one.key));
    });
    return {};
  }

  // Of each of key_schema's columns, its place in the schema.
  std::vector<size_t> KeyPlaces() const {
    std::vector<size_t> places;
    if (!codec_) return places;
    const std::vector<Field>& fields = schema_.fields();
    for (const Field& key : codec_->key_schema().fields())
      places.push_back(
          static_cast<size_t>(std::ranges::find(fields, key.id, &Field::id) - fields.begin()));
    return places;
  }

  ShownDifference Show(const Difference& difference, const Seen& seen,
                       const std::vector<size_t>& key_places) const {
    ShownDifference shown;
    shown.kind = difference.kind;
    shown.rows = difference.rows;
    shown.key = Json::object();
    const std::vector<Field>& fields = schema_.fields();
    const std::vector<Json>& known = seen.source.empty() ? seen.replica : seen.source;
    if (known.empty()) return shown;
    if (codec_) {
      for (const size_t place : key_places) shown.key[fields[place].name] = known[place];
    } else {
      for (size_t i = 0; i + 1 < fields.size(); ++i) shown.key[fields[i].name] = known[i];
    }
    if (difference.kind != DifferenceKind::kChanged || seen.replica.empty()) return shown;
    for (size_t i = 0; i < fields.size(); ++i)
      if (seen.source[i] != seen.replica[i])
        shown.columns.push_back({fields[i].name, seen.source[i], seen.replica[i]});
    return shown;
  }

  const Schema& schema_;
  const std::optional<lake::KeyCodec>& codec_;
  const ReadAll& source_;
  const ReadAll& replica_;
  const ComparisonLimits limits_;
  RowDigester digester_;
  std::vector<RowDigest> rows_;
  std::vector<RowDigest> keys_;
  RowBuckets source_buckets_;
  RowBuckets replica_buckets_;
  std::vector<Difference> differences_;
  std::unordered_map<RowDigest, size_t, HashOfDigest> places_;  // in differences_
  std::vector<Seen> seen_;                                      // of the first differences_
  TableComparison comparison_;
};

}  // namespace

Result<TableComparison> CompareRows(const Schema& schema,
                                    const std::optional<lake::KeyCodec>& codec,
                                    const ReadAll& source, const ReadAll& replica,
                                    const ComparisonLimits& limits) {
  return Comparer(schema, codec, source, replica, limits).Run();
}

}  // namespace caudal::pipeline
