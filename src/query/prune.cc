#include "query/prune.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lake/format/bounds.h"

namespace caudal::query {
namespace {

using Kind = Condition::Kind;
using lake::TransformKind;

bool IsReal(const Type& type) { return type.Is(TypeKind::kFloat) || type.Is(TypeKind::kDouble); }

// A value of the same type, held as it: what was written when the type was narrower is widened.
std::optional<Value> AsHeld(const Value& value, const Type& type) {
  if (Fits(type, value) && !IsNull(value)) return value;
  const auto* narrow = std::get_if<int32_t>(&value);
  if (narrow != nullptr && type.Is(TypeKind::kLong)) return Value(int64_t{*narrow});
  return {};
}

std::optional<double> RealIn(const Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* real = std::get_if<float>(&value)) return *real;
  return {};
}

// What is known of a column's values in a file.
struct Range {
  std::optional<Value> lower;  // no value is below
  std::optional<Value> upper;
  bool only_nulls = false;
  bool no_nulls = false;
  bool no_nans = false;
};

std::optional<Value> Bound(const lake::ByFieldId<std::string>& bounds, const Condition& condition) {
  const std::string* bytes = lake::FindById(bounds, condition.field_id);
  if (bytes == nullptr) return {};
  const Result<Value> value = lake::DecodeValue(condition.type, *bytes);
  if (!value.ok() || IsNull(*value)) return {};
  return *value;
}

Range RangeOf(const Condition& condition, const lake::DataFile& file) {
  Range range;
  switch (condition.type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kInt:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kString:
      range.lower = Bound(file.lower_bounds, condition);
      range.upper = Bound(file.upper_bounds, condition);
      break;
    default:
      break;
  }
  const int64_t* nulls = lake::FindById(file.null_value_counts, condition.field_id);
  const int64_t* values = lake::FindById(file.value_counts, condition.field_id);
  const int64_t* nans = lake::FindById(file.nan_value_counts, condition.field_id);
  range.no_nulls = nulls != nullptr && *nulls == 0;
  range.only_nulls =
      nulls != nullptr && values != nullptr && *nulls == *values && *values == file.record_count;
  range.no_nans = !IsReal(condition.type) || (nans != nullptr && *nans == 0);
  return range;
}

// Whether a value of the range may stand so to `wanted`.
bool RangeMayHold(Kind kind, const Range& range, const Value& wanted) {
  const bool above = kind == Kind::kGreater || kind == Kind::kGreaterOrEqual;
  const bool below = kind == Kind::kLess || kind == Kind::kLessOrEqual;
  if (range.upper && !below) {
    const int order = Compare(*range.upper, wanted);
    if (order < 0 || (order == 0 && kind == Kind::kGreater)) return false;
  }
  if (range.lower && !above) {
    const int order = Compare(*range.lower, wanted);
    if (order > 0 || (order == 0 && kind == Kind::kLess)) return false;
  }
  return true;
}

// Likewise of floating-point numbers: how the literal is rounded is the engine's affair, so what
// lies beside it counts as equal. NaN is above all to DuckDB, and bounds leave it out.
bool RealsMayHold(Kind kind, const Range& range, double wanted) {
  const double margin = std::abs(wanted) * 1e-6 + 1e-300;
  const std::optional<double> lower = range.lower ? RealIn(*range.lower) : std::nullopt;
  const std::optional<double> upper = range.upper ? RealIn(*range.upper) : std::nullopt;
  const bool above = kind == Kind::kGreater || kind == Kind::kGreaterOrEqual;
  const bool below = kind == Kind::kLess || kind == Kind::kLessOrEqual;
  if (upper && !below && *upper < wanted - margin && (!above || range.no_nans)) return false;
  if (lower && !above && *lower > wanted + margin) return false;
  return true;
}

// Ordered values stay so under these.
bool KeepsOrder(TransformKind kind) {
  return kind == TransformKind::kIdentity || kind == TransformKind::kTruncate ||
         kind == TransformKind::kYear || kind == TransformKind::kMonth ||
         kind == TransformKind::kDay || kind == TransformKind::kHour;
}

bool IsTime(TransformKind kind) {
  return KeepsOrder(kind) && kind != TransformKind::kIdentity && kind != TransformKind::kTruncate;
}

// Whether a file whose values all have `partition` may have one that stands so to `wanted`.
bool PartitionMayHold(Kind kind, const lake::Transform& transform, const Value& partition,
                      const Type& type, const Value& wanted) {
  if (!transform.known() || transform.kind() == TransformKind::kVoid) return true;
  if (!transform.Accepts(type)) return true;
  const Value made = transform.Apply(type, wanted);
  const std::optional<Value> held = AsHeld(partition, transform.ResultType(type));
  if (!held || held->index() != made.index()) return true;
  const int order = Compare(*held, made);
  if (kind == Kind::kEqual && order == 0) return true;
  // Old writers round times before 1970 up: such a partition may be one too high.
  const auto* number = std::get_if<int32_t>(&made);
  if (IsTime(transform.kind()) && number != nullptr && *number < 0 && kind != Kind::kGreater &&
      kind != Kind::kGreaterOrEqual && Compare(*held, Value(*number + 1)) <= 0)
    return kind != Kind::kEqual || order >= 0;
  if (kind == Kind::kEqual) return false;
  if (!KeepsOrder(transform.kind())) return true;
  if (kind == Kind::kLess || kind == Kind::kLessOrEqual) return order <= 0;
  return order >= 0;
}

class Matcher {
 public:
  Matcher(const lake::LiveFile& file, const lake::TableMetadata& metadata)
      : file_(file), spec_(metadata.FindSpec(file.spec_id)) {}

  bool May(const Condition& condition) const {
    const auto may = [this](const Condition& part) { return May(part); };
    if (condition.kind == Kind::kTrue) return true;
    if (condition.kind == Kind::kAnd) return std::ranges::all_of(condition.parts, may);
    if (condition.kind == Kind::kOr) return std::ranges::any_of(condition.parts, may);
    return MayLeaf(condition);
  }

 private:
  bool MayLeaf(const Condition& condition) const {
    const Range range = RangeOf(condition, file_.file);
    const bool only_nulls = range.only_nulls || PartitionIsNull(condition);
    if (condition.kind == Kind::kIsNull) return !range.no_nulls;
    if (only_nulls) return false;
    if (condition.kind == Kind::kIsNotNull) return true;
    return std::ranges::any_of(condition.values, [&](const Literal& literal) {
      return MayValue(condition, range, literal);
    });
  }

  bool MayValue(const Condition& condition, const Range& range, const Literal& literal) const {
    if (IsReal(condition.type)) {
      const std::optional<double> real = RealOf(literal);
      return !real || RealsMayHold(condition.kind, range, *real);
    }
    const std::optional<Value> wanted = ValueOf(literal, condition.type);
    if (!wanted || !Fits(condition.type, *wanted)) return true;
    if (!RangeMayHold(condition.kind, range, *wanted)) return false;
    return AllPartitions(condition, [&](const lake::Transform& transform, const Value& partition) {
      return IsNull(partition) ||
             PartitionMayHold(condition.kind, transform, partition, condition.type, *wanted);
    });
  }

  // A null partition is of nulls alone, but for the transforms that forget.
  bool PartitionIsNull(const Condition& condition) const {
    return !AllPartitions(condition, [&](const lake::Transform& transform, const Value& partition) {
      return !IsNull(partition) || !transform.known() || transform.kind() == TransformKind::kVoid;
    });
  }

  template <class Check>
  bool AllPartitions(const Condition& condition, const Check& check) const {
    if (spec_ == nullptr || spec_->fields.size() != file_.file.partition.size()) return true;
    for (size_t i = 0; i < spec_->fields.size(); ++i) {
      const lake::PartitionField& field = spec_->fields[i];
      if (field.source_ids.size() != 1 || field.source_id() != condition.field_id) continue;
      if (!check(field.transform, file_.file.partition[i])) return false;
    }
    return true;
  }

  const lake::LiveFile& file_;
  const lake::PartitionSpec* spec_;
};

}  // namespace

bool MayMatch(const Condition& condition, const lake::LiveFile& file,
              const lake::TableMetadata& metadata) {
  return Matcher(file, metadata).May(condition);
}

}  // namespace caudal::query
