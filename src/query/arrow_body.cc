#include "query/arrow_body.h"

#include <bit>
#include <cstring>

#include "engine/big_number.h"

namespace caudal::query {
namespace {

using engine::Int128;
using engine::UInt128;
using Form = ArrowColumn::Form;
using Kind = engine::Shape::Kind;

constexpr int64_t kAlignment = 8;

int64_t Padded(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool IsSet(const void* bits, int64_t row) {
  return (static_cast<const uint8_t*>(bits)[row / 8] >> (row % 8) & 1) != 0;
}

int64_t CountSet(const void* bits, int64_t first, int64_t length) {
  int64_t count = 0;
  const int64_t end = first + length;
  int64_t row = first;
  for (; row < end && row % 8 != 0; ++row) count += IsSet(bits, row) ? 1 : 0;
  for (; row + 8 <= end; row += 8)
    count += std::popcount(static_cast<const uint8_t*>(bits)[row / 8]);
  for (; row < end; ++row) count += IsSet(bits, row) ? 1 : 0;
  return count;
}

bool IsValid(const ArrowArray& array, int64_t row) {
  return array.buffers[0] == nullptr || IsSet(array.buffers[0], row);
}

// The size that DECIMAL(38,0) ends before.
constexpr UInt128 Power38() {
  UInt128 power = 1;
  for (int i = 0; i < 38; ++i) power *= 10;
  return power;
}

}  // namespace

void ArrowBody::AddBuffer(const void* start, int64_t bytes) {
  buffers_.emplace_back(bytes_, bytes);
  pieces_.push_back({start, bytes});
  bytes_ += Padded(bytes);
}

void ArrowBody::AddOwned(std::string bytes) {
  const std::string& kept = owned_.emplace_back(std::move(bytes));
  AddBuffer(kept.data(), static_cast<int64_t>(kept.size()));
}

void ArrowBody::AddBits(const void* bits, int64_t first, int64_t length) {
  const int64_t bytes = (length + 7) / 8;
  const auto* start = static_cast<const uint8_t*>(bits) + first / 8;
  if (first % 8 == 0) return AddBuffer(start, bytes);
  std::string shifted(static_cast<size_t>(bytes), '\0');
  for (int64_t i = 0; i < length; ++i)
    if (IsSet(bits, first + i))
      shifted[static_cast<size_t>(i / 8)] = static_cast<char>(
          static_cast<uint8_t>(shifted[static_cast<size_t>(i / 8)]) | 1u << i % 8);
  AddOwned(std::move(shifted));
}

// The node, and its validity: an empty buffer when no row is null.
void ArrowBody::AddNode(const ArrowArray& array, int64_t first, int64_t length) {
  const void* validity = array.buffers[0];
  const int64_t nulls = validity == nullptr ? 0 : length - CountSet(validity, first, length);
  nodes_.emplace_back(length, nulls);
  if (nulls == 0) return AddBuffer(nullptr, 0);
  AddBits(validity, first, length);
}

// From zero on, wherever they began. The first and the last as they were.
template <class Offset>
std::pair<int64_t, int64_t> ArrowBody::AddOffsets(const ArrowArray& array, int64_t first,
                                                  int64_t length) {
  if (length == 0) {
    AddOwned(std::string(sizeof(Offset), '\0'));
    return {0, 0};
  }
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]) + first;
  const Offset base = offsets[0];
  const int64_t bytes = (length + 1) * static_cast<int64_t>(sizeof(Offset));
  if (base == 0) {
    AddBuffer(offsets, bytes);
  } else {
    std::string moved(static_cast<size_t>(bytes), '\0');
    auto* at = reinterpret_cast<Offset*>(moved.data());
    for (int64_t i = 0; i <= length; ++i) at[i] = offsets[i] - base;
    AddOwned(std::move(moved));
  }
  return {base, offsets[length]};
}

template <class Offset>
void ArrowBody::AddText(const ArrowArray& array, int64_t first, int64_t length) {
  const auto [begin, end] = AddOffsets<Offset>(array, first, length);
  if (begin == end) return AddBuffer(nullptr, 0);
  AddBuffer(static_cast<const char*>(array.buffers[2]) + begin, end - begin);
}

template <class Offset>
Result<void> ArrowBody::AddList(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                                int64_t length) {
  const auto [begin, end] = AddOffsets<Offset>(array, first, length);
  const ArrowArray& items = *array.children[0];
  return Add(column.children[0], items, begin + items.offset, end - begin);
}

Result<void> ArrowBody::AddChildren(const ArrowColumn& column, const ArrowArray& array,
                                    int64_t first, int64_t length) {
  for (size_t i = 0; i < column.children.size(); ++i) {
    const ArrowArray& child = *array.children[i];
    TRY(Add(column.children[i], child, first + child.offset, length));
  }
  return {};
}

Result<void> ArrowBody::CheckDecimals(const ArrowColumn& column, const ArrowArray& array,
                                      int64_t first, int64_t length) const {
  const auto* values = static_cast<const char*>(array.buffers[1]);
  for (int64_t row = first; row < first + length; ++row) {
    UInt128 size = 0;
    std::memcpy(&size, values + row * 16, sizeof size);
    if (column.form == Form::kDecimal && static_cast<Int128>(size) < 0) size = UInt128{0} - size;
    if (size < Power38() || !IsValid(array, row)) continue;
    return MakeError(ErrorKind::kUnsupported,
                     "the column '" + column.field.name +
                         "' has a number of more than 38 digits, which Arrow's decimals don't "
                         "hold: cast it to VARCHAR or DOUBLE");
  }
  return {};
}

void ArrowBody::AddAsBits(const ArrowArray& array, int64_t first, int64_t length) {
  const auto* values = static_cast<const uint8_t*>(array.buffers[1]) + first;
  std::string bits(static_cast<size_t>((length + 7) / 8), '\0');
  for (int64_t i = 0; i < length; ++i)
    bits[static_cast<size_t>(i / 8)] =
        static_cast<char>(static_cast<uint8_t>(bits[static_cast<size_t>(i / 8)]) |
                          (values[i] != 0 ? 1u : 0u) << i % 8);
  AddOwned(std::move(bits));
}

void ArrowBody::AddAsText(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                          int64_t length) {
  std::string text;
  std::string offsets;
  const auto add_offset = [&] {
    const auto offset = static_cast<int32_t>(text.size());
    offsets.append(reinterpret_cast<const char*>(&offset), sizeof offset);
  };
  add_offset();
  for (int64_t row = first; row < first + length; ++row) {
    if (IsValid(array, row)) column.text->AppendText(text, array, row - array.offset);
    add_offset();
  }
  AddOwned(std::move(offsets));
  AddOwned(std::move(text));
}

Result<void> ArrowBody::Add(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                            int64_t length) {
  const engine::Shape& shape = column.field.shape;
  if (shape.kind == Kind::kNull) {
    nodes_.emplace_back(length, length);
    return {};
  }
  if (shape.kind == Kind::kUnion) {
    nodes_.emplace_back(length, 0);
    AddBuffer(static_cast<const char*>(array.buffers[0]) + first, length);
    return AddChildren(column, array, first, length);
  }
  AddNode(array, first, length);
  if (column.form == Form::kText) {
    AddAsText(column, array, first, length);
    return {};
  }
  if (column.form == Form::kBits) {
    AddAsBits(array, first, length);
    return {};
  }
  if (column.form != Form::kAsItIs) TRY(CheckDecimals(column, array, first, length));
  switch (shape.kind) {
    case Kind::kBits:
      AddBits(array.buffers[1], first, length);
      return {};
    case Kind::kFixed:
      AddBuffer(static_cast<const char*>(array.buffers[1]) + first * shape.width,
                length * shape.width);
      return {};
    case Kind::kText32:
      AddText<int32_t>(array, first, length);
      return {};
    case Kind::kText64:
      AddText<int64_t>(array, first, length);
      return {};
    case Kind::kList32:
      return AddList<int32_t>(column, array, first, length);
    case Kind::kList64:
      return AddList<int64_t>(column, array, first, length);
    case Kind::kFixedList:
      return AddChildren(column, array, first * shape.width, length * shape.width);
    default:
      return AddChildren(column, array, first, length);
  }
}

void ArrowBody::AppendTo(std::string& out) const {
  for (const Piece& piece : pieces_) {
    if (piece.bytes > 0) out.append(static_cast<const char*>(piece.start), piece.bytes);
    out.append(static_cast<size_t>(Padded(piece.bytes) - piece.bytes), '\0');
  }
}

}  // namespace caudal::query
