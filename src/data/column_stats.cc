#include "data/column_stats.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>

#include "data/field.h"

namespace caudal {
namespace {

// The first kStatsLength code points or bytes.
std::string Cut(std::string_view bytes, bool text) {
  if (!text) return std::string(bytes.substr(0, kStatsLength));
  size_t characters = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    if ((static_cast<uint8_t>(bytes[i]) & 0xc0) != 0x80 && characters++ == kStatsLength)
      return std::string(bytes.substr(0, i));
  return std::string(bytes);
}

// Widens [least, greatest] of `stats` by what `value(row)` gives for the rows that aren't null.
template <class T, class GetValue>
void Widen(const Array& array, ColumnStats& stats, const GetValue& value) {
  bool any = !IsNull(stats.least);
  T least = any ? std::get<T>(stats.least) : T{};
  T greatest = any ? std::get<T>(stats.greatest) : T{};
  const bool nulls = array.null_count() > 0;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (nulls && array.IsNull(row)) continue;
    const T v = value(row);
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(v)) {
        ++stats.nans;
        continue;
      }
    }
    if (!any) {
      least = greatest = v;
      any = true;
    }
    if (v < least) least = v;
    if (greatest < v) greatest = v;
  }
  if (!any) return;
  stats.least = least;
  stats.greatest = greatest;
}

template <class T>
void WidenFixed(const Array& array, ColumnStats& stats) {
  const T* values = array.values<T>();
  Widen<T>(array, stats, [values](int64_t row) { return values[row]; });
}

// Cutting keeps the order, so values can be compared to bounds that are cut already.
void WidenBytes(const Array& array, ColumnStats& stats) {
  const bool text = stats.type.Is(TypeKind::kString);
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const std::string_view v = array.bytes(row);
    if (IsNull(stats.least)) stats.least = stats.greatest = Cut(v, text);
    auto& least = std::get<std::string>(stats.least);
    auto& greatest = std::get<std::string>(stats.greatest);
    if (v < std::string_view(least)) least = Cut(v, text);
    if (v > std::string_view(greatest)) greatest = Cut(v, text);
  }
}

template <class T>
int64_t CountNaNs(const Array& array) {
  int64_t nans = 0;
  for (int64_t row = 0; row < array.length(); ++row)
    if (!array.IsNull(row) && std::isnan(array.values<T>()[row])) ++nans;
  return nans;
}

void AddLeafFields(const Type& type, int32_t id, std::vector<ColumnStats>& columns) {
  if (!type.nested()) {
    columns.push_back({id, type, 0, 0, 0, {}, {}});
    return;
  }
  for (const Field& field : type.fields()) AddLeafFields(field.type, field.id, columns);
}

}  // namespace

// Where the walk through a batch stands.
struct StatsCollector::Place {
  size_t column = 0;                    // the next leaf
  bool repeated = false;                // inside a list or map
  std::vector<const Array*> structs{};  // those around, up to a list, that have nulls
};

StatsCollector::StatsCollector(const Schema& schema) {
  for (const Field& field : schema.fields()) AddLeafFields(field.type, field.id, columns_);
}

std::vector<ColumnStats> StatsCollector::Columns() const {
  std::vector<ColumnStats> columns = columns_;
  for (ColumnStats& stats : columns)
    if (stats.nans > 0) stats.greatest = {};
  return columns;
}

void StatsCollector::Add(const Batch& batch) {
  Place place;
  for (const Array& column : batch.columns()) AddField(column, place);
}

void StatsCollector::AddField(const Array& array, Place& place) {
  if (!array.type().nested()) {
    AddLeaf(array, place);
    ++place.column;
  } else if (array.type().Is(TypeKind::kStruct)) {
    if (array.null_count() > 0) place.structs.push_back(&array);
    for (const Array& child : array.children()) AddField(child, place);
    if (array.null_count() > 0) place.structs.pop_back();
  } else {
    Place inside{place.column, true};
    const int32_t* at = array.offsets();
    for (const Array& child : array.children())
      AddField(child.Slice(at[0], at[array.length()] - at[0]), inside);
    place.column = inside.column;
  }
}

void StatsCollector::AddLeaf(const Array& array, const Place& place) {
  ColumnStats& stats = columns_[place.column];
  stats.values += array.length();
  stats.nulls += array.null_count();
  if (!place.structs.empty())
    for (int64_t row = 0; row < array.length(); ++row)
      if (!array.IsNull(row) &&
          std::ranges::any_of(place.structs, [row](const Array* s) { return s->IsNull(row); }))
        ++stats.nulls;
  if (place.repeated) {
    if (stats.type.Is(TypeKind::kFloat)) stats.nans += CountNaNs<float>(array);
    if (stats.type.Is(TypeKind::kDouble)) stats.nans += CountNaNs<double>(array);
    return;
  }
  switch (stats.type.kind()) {
    case TypeKind::kBoolean:
      return Widen<bool>(array, stats, [&](int64_t row) { return array.boolean(row); });
    case TypeKind::kInt:
    case TypeKind::kDate:
      return WidenFixed<int32_t>(array, stats);
    case TypeKind::kFloat:
      return WidenFixed<float>(array, stats);
    case TypeKind::kDouble:
      return WidenFixed<double>(array, stats);
    case TypeKind::kDecimal:
      return WidenFixed<Int128>(array, stats);
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return WidenBytes(array, stats);
    default:
      return WidenFixed<int64_t>(array, stats);
  }
}

}  // namespace caudal
