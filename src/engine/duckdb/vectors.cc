#include "engine/duckdb/vectors.h"

#include <cstring>
#include <limits>
#include <string_view>

#include "data/field.h"
#include "engine/duckdb/errors.h"

namespace caudal::engine {
namespace {

void FillValidity(const Array& array, int64_t first, int64_t count, duckdb_vector vector) {
  duckdb_vector_ensure_validity_writable(vector);
  auto* to = reinterpret_cast<uint8_t*>(duckdb_vector_get_validity(vector));
  const int64_t from = array.validity_offset() + first;
  const uint8_t* bits = array.validity() + (from >> 3);
  const int shift = static_cast<int>(from & 7);
  const int64_t bytes = (count + 7) / 8;
  if (shift == 0) {
    std::memcpy(to, bits, static_cast<size_t>(bytes));
    return;
  }
  const int64_t last = (shift + count - 1) >> 3;  // the last byte that has one of our bits
  for (int64_t i = 0; i < bytes; ++i) {
    const int high = i + 1 <= last ? bits[i + 1] << (8 - shift) : 0;
    to[i] = static_cast<uint8_t>(bits[i] >> shift | high);
  }
}

void FillText(const Array& array, int64_t first, int64_t count, duckdb_string_t* to) {
  const int32_t* at = array.offsets() + first;
  const char* bytes = array.bytes(first).data() - at[0];
  constexpr uint32_t kInlined = 12;
  for (int64_t i = 0; i < count; ++i) {
    const char* from = bytes + at[i];
    const auto length = static_cast<uint32_t>(at[i + 1] - at[i]);
    duckdb_string_t text{};
    text.value.inlined.length = length;
    if (length <= kInlined) {
      if (length > 0) std::memcpy(text.value.inlined.inlined, from, length);
    } else {
      std::memcpy(text.value.pointer.prefix, from, sizeof text.value.pointer.prefix);
      text.value.pointer.ptr = const_cast<char*>(from);
    }
    to[i] = text;
  }
}

template <class T>
void Narrow(const Int128* from, int64_t count, void* to) {
  auto* values = static_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<T>(from[i]);
}

// DuckDB holds a decimal in as few bytes as its precision needs.
void FillDecimals(const Array& array, int64_t first, int64_t count, void* to) {
  const Int128* from = array.values<Int128>() + first;
  const int precision = array.type().precision();
  if (precision <= 4) return Narrow<int16_t>(from, count, to);
  if (precision <= 9) return Narrow<int32_t>(from, count, to);
  if (precision <= 18) return Narrow<int64_t>(from, count, to);
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(Int128));
}

// As a number of 128 bits that orders as UUIDs do: the first bit is turned.
void FillUuids(const Array& array, int64_t first, int64_t count, void* to) {
  auto* values = static_cast<duckdb_hugeint*>(to);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t halves[2];
    std::memcpy(halves, array.bytes(first + i).data(), sizeof halves);
    values[i].upper = static_cast<int64_t>(__builtin_bswap64(halves[0]) ^ (uint64_t{1} << 63));
    values[i].lower = __builtin_bswap64(halves[1]);
  }
}

Result<void> FillList(const Array& array, int64_t first, int64_t count, duckdb_vector vector) {
  auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
  const int32_t* at = array.offsets() + first;
  for (int64_t i = 0; i < count; ++i)
    entries[i] = {static_cast<uint64_t>(at[i] - at[0]), static_cast<uint64_t>(at[i + 1] - at[i])};
  const int64_t inside = at[count] - at[0];
  if (duckdb_list_vector_reserve(vector, static_cast<idx_t>(inside)) != DuckDBSuccess ||
      duckdb_list_vector_set_size(vector, static_cast<idx_t>(inside)) != DuckDBSuccess)
    return MakeError(ErrorKind::kLimit, "no memory for the elements of a list");
  if (inside == 0) return {};
  const duckdb_vector child = duckdb_list_vector_get_child(vector);
  if (array.type().Is(TypeKind::kList))
    return FillVector(array.children()[0], at[0], inside, child);
  for (idx_t i = 0; i < 2; ++i)
    TRY(FillVector(array.children()[i], at[0], inside, duckdb_struct_vector_get_child(child, i)));
  return {};
}

}  // namespace

Result<void> FillVector(const Array& array, int64_t first, int64_t count, duckdb_vector vector) {
  if (array.null_count() > 0) FillValidity(array, first, count, vector);
  void* to = duckdb_vector_get_data(vector);
  switch (array.type().kind()) {
    case TypeKind::kBoolean:
      for (int64_t i = 0; i < count; ++i) static_cast<bool*>(to)[i] = array.boolean(first + i);
      return {};
    case TypeKind::kDecimal:
      FillDecimals(array, first, count, to);
      return {};
    case TypeKind::kUuid:
      FillUuids(array, first, count, to);
      return {};
    case TypeKind::kString:
    case TypeKind::kBinary:
      FillText(array, first, count, static_cast<duckdb_string_t*>(to));
      return {};
    case TypeKind::kList:
    case TypeKind::kMap:
      return FillList(array, first, count, vector);
    case TypeKind::kStruct:
      for (size_t i = 0; i < array.children().size(); ++i)
        TRY(FillVector(array.children()[i], first, count,
                       duckdb_struct_vector_get_child(vector, i)));
      return {};
    default: {
      const auto width = static_cast<size_t>(WidthOf(array.type()));
      const char* from = static_cast<const char*>(array.raw()) + static_cast<size_t>(first) * width;
      std::memcpy(to, from, static_cast<size_t>(count) * width);
      return {};
    }
  }
}

namespace {

// DuckDB gives a byte a boolean; ours are bits. The buffer is nobody else's: it can be reused.
void PackBooleans(ArrowArray& array, const Type& type) {
  if (type.Is(TypeKind::kBoolean) && array.n_buffers == 2 && array.buffers[1] != nullptr) {
    auto* bytes = static_cast<uint8_t*>(const_cast<void*>(array.buffers[1]));
    for (int64_t i = 0; i < array.length; i += 8) {
      uint8_t bits = 0;
      for (int64_t k = 0; k < 8 && i + k < array.length; ++k)
        bits = static_cast<uint8_t>(bits | (bytes[i + k] != 0 ? 1 << k : 0));
      bytes[i / 8] = bits;
    }
  }
  if (type.Is(TypeKind::kMap)) {
    for (size_t i = 0; i < 2; ++i)
      PackBooleans(*array.children[0]->children[i], type.fields()[i].type);
    return;
  }
  for (size_t i = 0; i < type.fields().size(); ++i)
    PackBooleans(*array.children[i], type.fields()[i].type);
}

}  // namespace

Result<Array> ChunkToArray(duckdb_arrow_options options, duckdb_data_chunk chunk,
                           const Type& type) {
  ArrowArray array{};
  const ErrorHandle error(duckdb_data_chunk_to_arrow(options, chunk, &array));
  if (error && duckdb_error_data_has_error(error.get()))
    return DuckDbError(duckdb_error_data_message(error.get()));
  PackBooleans(array, type);
  return Array::Import(&array, type);
}

}  // namespace caudal::engine
