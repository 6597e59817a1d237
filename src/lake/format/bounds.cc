#include "lake/format/bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "data/utf8.h"

namespace caudal::lake {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
std::string Raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T>
T FromRaw(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Big-endian two's complement in as few bytes as hold it.
std::string EncodeDecimal(Int128 number) {
  std::string bytes(16, '\0');
  for (size_t i = 0; i < 16; ++i)
    bytes[15 - i] = static_cast<char>(static_cast<unsigned __int128>(number) >> (8 * i));
  size_t start = 0;
  const auto sign_of = [&](size_t i) { return (static_cast<uint8_t>(bytes[i]) & 0x80) != 0; };
  const char filler = number < 0 ? '\xff' : '\0';
  while (start < 15 && bytes[start] == filler && sign_of(start + 1) == (number < 0)) ++start;
  return bytes.substr(start);
}

Int128 DecodeDecimal(std::string_view bytes) {
  unsigned __int128 bits = 0;
  if ((static_cast<uint8_t>(bytes[0]) & 0x80) != 0) bits = ~static_cast<unsigned __int128>(0);
  for (const char c : bytes) bits = bits << 8 | static_cast<uint8_t>(c);
  return static_cast<Int128>(bits);
}

Error BadBytes(const Type& type, size_t size) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("{} bytes are no value of type {}", size, type.Text()));
}

// A date as a timestamp: one per `per_day`.
Result<Value> PromoteDate(const Type& type, std::string_view bytes, int64_t per_day) {
  int64_t value = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(FromRaw<int32_t>(bytes)), per_day, &value))
    return BadBytes(type, bytes.size());
  return Value(value);
}

Result<Value> DecodeNumber(const Type& type, std::string_view bytes) {
  const size_t size = bytes.size();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      if (size != 1) return BadBytes(type, size);
      return Value(bytes[0] != 0);
    case TypeKind::kInt:
    case TypeKind::kDate:
      if (size != 4) return BadBytes(type, size);
      return Value(FromRaw<int32_t>(bytes));
    case TypeKind::kFloat:
      if (size != 4) return BadBytes(type, size);
      return Value(FromRaw<float>(bytes));
    case TypeKind::kDouble:
      if (size == 4) return Value(static_cast<double>(FromRaw<float>(bytes)));
      if (size != 8) return BadBytes(type, size);
      return Value(FromRaw<double>(bytes));
    case TypeKind::kLong:
      if (size == 4) return Value(static_cast<int64_t>(FromRaw<int32_t>(bytes)));
      break;
    case TypeKind::kTimestamp:
      if (size == 4) return PromoteDate(type, bytes, 86'400'000'000);
      break;
    case TypeKind::kTimestampNs:
      if (size == 4) return PromoteDate(type, bytes, 86'400'000'000'000);
      break;
    default:
      break;
  }
  if (size != 8) return BadBytes(type, size);
  return Value(FromRaw<int64_t>(bytes));
}

// Of the first `length` code points.
size_t BytesOf(std::string_view text, size_t length) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<uint8_t>(text[at]) & 0xc0) != 0x80 && length-- == 0) return at;
  return at;
}

uint32_t CodePoint(std::string_view bytes) {
  const auto first = static_cast<uint8_t>(bytes[0]);
  if (bytes.size() == 1) return first;
  uint32_t code = first & (0xffu >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) code = code << 6 | (static_cast<uint8_t>(c) & 0x3fu);
  return code;
}

void AppendUtf8(std::string& out, uint32_t code) {
  const auto byte = [&](uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xe0 | code >> 12);
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
    }
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

// The least text with fewer code points than `text` has or as many, that is above all that begin
// with it: its last code point that can be raised is, and what follows goes.
std::optional<std::string> RaiseText(std::string text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while ((static_cast<uint8_t>(text[last]) & 0xc0) == 0x80) --last;
    uint32_t code = CodePoint(std::string_view(text).substr(last));
    text.resize(last);
    if (code == 0x10ffff) continue;
    ++code;
    if (code == 0xd800) code = 0xe000;  // no surrogates
    AppendUtf8(text, code);
    return text;
  }
  return std::nullopt;
}

std::optional<std::string> RaiseBytes(std::string bytes) {
  while (!bytes.empty() && bytes.back() == '\xff') bytes.pop_back();
  if (bytes.empty()) return std::nullopt;
  bytes.back() = static_cast<char>(static_cast<uint8_t>(bytes.back()) + 1);
  return bytes;
}

Bounds TextBounds(const std::string& least, const std::string& greatest, size_t length) {
  if (!IsValidUtf8(least) || !IsValidUtf8(greatest)) return {};
  Bounds bounds{least.substr(0, BytesOf(least, length)), greatest};
  const size_t upper = BytesOf(greatest, length);
  if (upper < greatest.size()) bounds.upper = RaiseText(greatest.substr(0, upper));
  return bounds;
}

Bounds BinaryBounds(const std::string& least, const std::string& greatest, size_t length) {
  Bounds bounds{least.substr(0, length), greatest};
  if (length < greatest.size()) bounds.upper = RaiseBytes(greatest.substr(0, length));
  return bounds;
}

// Java's UUIDs order by their halves as signed numbers, Parquet's statistics by unsigned bytes.
// When all first halves have one sign, those orders agree on them; the halves just outside then
// bound all values in both. Otherwise the values are spread over everything, and bounds would be of
// no use.
Bounds UuidBounds(const std::string& least, const std::string& greatest) {
  const auto half = [](const std::string& bytes) {
    return __builtin_bswap64(FromRaw<uint64_t>(bytes));
  };
  const auto whole = [](uint64_t first) {
    return Raw(__builtin_bswap64(first)) + std::string(8, '\0');
  };
  const uint64_t low = half(least);
  const uint64_t high = half(greatest);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  Bounds bounds;
  if ((low & kSign) != (high & kSign)) return bounds;
  if ((low & ~kSign) != 0) bounds.lower = whole(low - 1);
  if ((high & ~kSign) != (kSign - 1)) bounds.upper = whole(high + 1);
  return bounds;
}

template <class Float>
Bounds FloatBounds(Float least, Float greatest) {
  if (std::isnan(least) || std::isnan(greatest)) return {};
  return {Raw(least == 0 ? -Float{0} : least), Raw(greatest == 0 ? Float{0} : greatest)};
}

}  // namespace

std::string EncodeValue(const Type& type, const Value& value) {
  CAUDAL_CHECK(!type.nested() && !IsNull(value), "a single value");
  if (const auto* v = std::get_if<bool>(&value)) return std::string(1, *v ? '\1' : '\0');
  if (const auto* v = std::get_if<int32_t>(&value)) return Raw(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return Raw(*v);
  if (const auto* v = std::get_if<float>(&value)) return Raw(*v);
  if (const auto* v = std::get_if<double>(&value)) return Raw(*v);
  if (const auto* v = std::get_if<Int128>(&value)) return EncodeDecimal(*v);
  return std::get<std::string>(value);
}

Result<Value> DecodeValue(const Type& type, std::string_view bytes) {
  if (type.nested() || type.kind() >= TypeKind::kUnknown)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("type {} has no single values", type.Text()));
  switch (type.kind()) {
    case TypeKind::kDecimal:
      if (bytes.empty() || bytes.size() > 16) return BadBytes(type, bytes.size());
      return Value(DecodeDecimal(bytes));
    case TypeKind::kUuid:
      if (bytes.size() != 16) return BadBytes(type, bytes.size());
      return Value(std::string(bytes));
    case TypeKind::kString:
    case TypeKind::kFixed:  // a bound may be cut
    case TypeKind::kBinary:
      return Value(std::string(bytes));
    default:
      return DecodeNumber(type, bytes);
  }
}

Bounds MakeBounds(const Type& type, const Value& least, const Value& greatest, size_t length) {
  if (IsNull(least) || IsNull(greatest) || type.nested() || !type.writable()) return {};
  CAUDAL_CHECK(least.index() == greatest.index(), "two values of one type");
  if (const auto* v = std::get_if<float>(&least)) return FloatBounds(*v, std::get<float>(greatest));
  if (const auto* v = std::get_if<double>(&least))
    return FloatBounds(*v, std::get<double>(greatest));
  if (const auto* v = std::get_if<std::string>(&least)) {
    const std::string& other = std::get<std::string>(greatest);
    if (type.Is(TypeKind::kString)) return TextBounds(*v, other, length);
    if (!type.Is(TypeKind::kUuid)) return BinaryBounds(*v, other, length);
    CAUDAL_CHECK(v->size() == 16 && other.size() == 16, "UUIDs of 16 bytes");
    return UuidBounds(*v, other);
  }
  return {EncodeValue(type, least), EncodeValue(type, greatest)};
}

}  // namespace caudal::lake
