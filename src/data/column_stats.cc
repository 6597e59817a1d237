#include "data/column_stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
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

// Widens [least, greatest] of `stats` by these, which come from values that aren't null.
template <class T>
void WidenBy(ColumnStats& stats, const T& least, const T& greatest) {
  if (IsNull(stats.least)) {
    stats.least = least;
    stats.greatest = greatest;
    return;
  }
  if (least < std::get<T>(stats.least)) stats.least = least;
  if (std::get<T>(stats.greatest) < greatest) stats.greatest = greatest;
}

// Whole numbers, tightly: their limits stand for "none yet".
template <class T>
void WidenWhole(const Array& array, ColumnStats& stats, T lowest, T highest) {
  if (array.null_count() == array.length()) return;
  const T* values = array.values<T>();
  T least = highest;
  T greatest = lowest;
  const auto take = [&](T v) {
    least = v < least ? v : least;
    greatest = greatest < v ? v : greatest;
  };
  if (array.null_count() == 0) {
    for (int64_t row = 0; row < array.length(); ++row) take(values[row]);
  } else {
    for (int64_t row = 0; row < array.length(); ++row)
      if (!array.IsNull(row)) take(values[row]);
  }
  WidenBy(stats, least, greatest);
}

template <class T>
void WidenInts(const Array& array, ColumnStats& stats) {
  WidenWhole<T>(array, stats, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

void WidenDecimals(const Array& array, ColumnStats& stats) {
  constexpr Int128 kLowest = Int128{1} << 127;
  WidenWhole<Int128>(array, stats, kLowest, ~kLowest);
}

template <class T>
void WidenFloats(const Array& array, ColumnStats& stats) {
  const T* values = array.values<T>();
  T least = std::numeric_limits<T>::infinity();
  T greatest = -least;
  int64_t numbers = 0;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const T v = values[row];
    if (std::isnan(v)) continue;
    ++numbers;
    least = v < least ? v : least;
    greatest = greatest < v ? v : greatest;
  }
  stats.nans += array.length() - array.null_count() - numbers;
  if (numbers > 0) WidenBy(stats, least, greatest);
}

void WidenBooleans(const Array& array, ColumnStats& stats) {
  bool has[2] = {false, false};
  for (int64_t row = 0; row < array.length() && !(has[0] && has[1]); ++row)
    if (!array.IsNull(row)) has[array.boolean(row) ? 1 : 0] = true;
  if (has[0] || has[1]) WidenBy(stats, !has[0], has[1]);
}

// The first eight bytes, as a number that orders as they do.
uint64_t HeadOf(std::string_view bytes) {
  uint64_t head = 0;
  if (bytes.size() >= sizeof head) {
    std::memcpy(&head, bytes.data(), sizeof head);
    return std::endian::native == std::endian::little ? __builtin_bswap64(head) : head;
  }
  for (size_t i = 0; i < bytes.size(); ++i)
    head |= uint64_t{static_cast<uint8_t>(bytes[i])} << (56 - 8 * i);
  return head;
}

// Cutting keeps the order: it is done to the least and greatest alone.
void WidenBytes(const Array& array, ColumnStats& stats) {
  struct Extreme {
    std::string_view bytes;
    uint64_t head;
  };
  Extreme least{};
  Extreme greatest{};
  bool any = false;
  const bool nulls = array.null_count() > 0;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (nulls && array.IsNull(row)) continue;
    const std::string_view v = array.bytes(row);
    const uint64_t head = HeadOf(v);
    if (!any) {
      least = greatest = {v, head};
      any = true;
    } else if (head < least.head || (head == least.head && v < least.bytes)) {
      least = {v, head};
    } else if (head > greatest.head || (head == greatest.head && v > greatest.bytes)) {
      greatest = {v, head};
    }
  }
  if (!any) return;
  const bool text = stats.type.Is(TypeKind::kString);
  WidenBy(stats, Cut(least.bytes, text), Cut(greatest.bytes, text));
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
      return WidenBooleans(array, stats);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return WidenInts<int32_t>(array, stats);
    case TypeKind::kFloat:
      return WidenFloats<float>(array, stats);
    case TypeKind::kDouble:
      return WidenFloats<double>(array, stats);
    case TypeKind::kDecimal:
      return WidenDecimals(array, stats);
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return WidenBytes(array, stats);
    default:
      return WidenInts<int64_t>(array, stats);
  }
}

}  // namespace caudal
