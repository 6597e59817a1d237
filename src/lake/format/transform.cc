#include "lake/format/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "data/civil.h"
#include "lake/format/bounds.h"

namespace caudal::lake {
namespace {

constexpr std::pair<TransformKind, std::string_view> kNames[] = {
    {TransformKind::kIdentity, "identity"}, {TransformKind::kYear, "year"},
    {TransformKind::kMonth, "month"},       {TransformKind::kDay, "day"},
    {TransformKind::kHour, "hour"},         {TransformKind::kVoid, "void"},
};

bool IsNano(const Type& type) {
  return type.Is(TypeKind::kTimestampNs) || type.Is(TypeKind::kTimestampTzNs);
}

bool IsTimestamp(const Type& type) {
  return type.Is(TypeKind::kTimestamp) || type.Is(TypeKind::kTimestampTz) || IsNano(type);
}

uint32_t Rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

uint32_t Mix(uint32_t k) { return Rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

template <class Int>
std::string LittleEndian(Int value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// v - (v mod width), the remainder never negative; wraps at the type's end, as readers do.
template <class Unsigned, class Int>
Int TruncateNumber(Int value, int32_t width) {
  const Int rest = static_cast<Int>((value % width + width) % width);
  return static_cast<Int>(static_cast<Unsigned>(value) - static_cast<Unsigned>(rest));
}

// The first `length` code points.
std::string TruncateText(const std::string& text, int32_t length) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<uint8_t>(text[at]) & 0xc0) != 0x80 && length-- == 0) break;
  return text.substr(0, at);
}

Value Truncate(const Type& source, const Value& value, int32_t width) {
  if (const auto* v = std::get_if<int32_t>(&value)) {
    const int64_t wide = *v;
    return static_cast<int32_t>(
        static_cast<uint32_t>(TruncateNumber<uint64_t, int64_t>(wide, width)));
  }
  if (const auto* v = std::get_if<int64_t>(&value)) {
    // In 128 bits, so that the remainder can't overflow.
    const Int128 rest = ((Int128{*v} % width) + width) % width;
    return static_cast<int64_t>(static_cast<uint64_t>(*v) - static_cast<uint64_t>(rest));
  }
  if (const auto* v = std::get_if<Int128>(&value))
    return TruncateNumber<unsigned __int128, Int128>(*v, width);
  const std::string& text = std::get<std::string>(value);
  if (source.Is(TypeKind::kString)) return TruncateText(text, width);
  return text.substr(0, static_cast<size_t>(width));
}

// Whole units of time since the epoch.
int64_t Units(TransformKind kind, const Type& source, const Value& value) {
  int64_t days = 0;
  if (source.Is(TypeKind::kDate)) {
    days = std::get<int32_t>(value);
  } else {
    const int64_t hour = IsNano(source) ? 3'600'000'000'000 : 3'600'000'000;
    const int64_t units = std::get<int64_t>(value);
    if (kind == TransformKind::kHour) return FloorDivide(units, hour);
    days = FloorDivide(units, 24 * hour);
  }
  if (kind == TransformKind::kDay) return days;
  const CivilDate date = CivilFromDays(days);
  if (kind == TransformKind::kYear) return date.year - 1970;
  return (date.year - 1970) * 12 + date.month - 1;
}

}  // namespace

uint32_t Murmur3(std::string_view bytes) {
  uint32_t hash = 0;
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t k = 0;
    std::memcpy(&k, bytes.data() + at, 4);
    hash = Rotate(hash ^ Mix(k), 13) * 5 + 0xe6546b64u;
  }
  uint32_t tail = 0;
  for (size_t i = bytes.size(); i > at; --i) tail = tail << 8 | static_cast<uint8_t>(bytes[i - 1]);
  hash ^= Mix(tail);
  hash ^= static_cast<uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

int32_t HashValue(const Type& type, const Value& value) {
  const auto hash_long = [](int64_t v) { return static_cast<int32_t>(Murmur3(LittleEndian(v))); };
  if (const auto* v = std::get_if<bool>(&value)) return hash_long(*v ? 1 : 0);
  if (const auto* v = std::get_if<int32_t>(&value)) return hash_long(*v);
  if (const auto* v = std::get_if<int64_t>(&value))
    return hash_long(IsNano(type) ? FloorDivide(*v, 1000) : *v);
  const auto* single = std::get_if<float>(&value);
  const auto* wide = std::get_if<double>(&value);
  if (single != nullptr || wide != nullptr) {
    double number = single != nullptr ? static_cast<double>(*single) : *wide;
    if (number == 0) number = 0;  // -0.0 as well
    if (std::isnan(number)) return hash_long(0x7ff8000000000000);
    int64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return hash_long(bits);
  }
  // Decimals in as few bytes as hold them; the others are bytes already.
  return static_cast<int32_t>(Murmur3(EncodeValue(type, value)));
}

Transform::Transform(TransformKind kind, int32_t width) : kind_(kind), width_(width) {
  const bool wide = kind == TransformKind::kBucket || kind == TransformKind::kTruncate;
  CAUDAL_CHECK(wide == (width > 0), "a transform's width");
}

Result<Transform> Transform::Parse(std::string_view text) {
  for (const auto& [kind, name] : kNames)
    if (text == name) return Transform(kind);
  for (const auto& [kind, name] : {std::pair{TransformKind::kBucket, std::string_view("bucket[")},
                                   {TransformKind::kTruncate, "truncate["}}) {
    if (!text.starts_with(name) || !text.ends_with(']')) continue;
    const std::string_view number = text.substr(name.size(), text.size() - name.size() - 1);
    int32_t width = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), width);
    if (error != std::errc() || end != number.data() + number.size() || width <= 0)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("transform \"{}\": its number must be whole and above 0",
                                   text.substr(0, 80)));
    return Transform(kind, width);
  }
  if (text.empty()) return MakeError(ErrorKind::kInvalid, "a transform is empty");
  Transform unknown;
  unknown.kind_ = TransformKind::kUnknown;
  unknown.unknown_ = text;
  return unknown;
}

std::string Transform::Text() const {
  for (const auto& [kind, name] : kNames)
    if (kind_ == kind) return std::string(name);
  if (kind_ == TransformKind::kUnknown) return unknown_;
  return fmt::format("{}[{}]", kind_ == TransformKind::kBucket ? "bucket" : "truncate", width_);
}

bool Transform::Accepts(const Type& source) const {
  if (kind_ == TransformKind::kVoid || kind_ == TransformKind::kUnknown) return true;
  if (source.nested() || !source.writable()) return false;
  const TypeKind kind = source.kind();
  switch (kind_) {
    case TransformKind::kBucket:
      return kind != TypeKind::kBoolean && kind != TypeKind::kFloat && kind != TypeKind::kDouble;
    case TransformKind::kTruncate:
      return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kDecimal ||
             kind == TypeKind::kString || kind == TypeKind::kBinary;
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
      return kind == TypeKind::kDate || IsTimestamp(source);
    case TransformKind::kHour:
      return IsTimestamp(source);
    default:
      return true;
  }
}

Type Transform::ResultType(const Type& source) const {
  switch (kind_) {
    case TransformKind::kBucket:
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kHour:
      return Type(TypeKind::kInt);
    case TransformKind::kDay:
      return Type(TypeKind::kDate);  // days since the epoch; written as other writers do
    case TransformKind::kUnknown:
      return Type(TypeKind::kString);
    default:
      return source;
  }
}

Value Transform::Apply(const Type& source, const Value& value) const {
  CAUDAL_CHECK(known() && Accepts(source), "a transform of another type");
  if (IsNull(value)) return Value();
  switch (kind_) {
    case TransformKind::kVoid:
      return Value();
    case TransformKind::kBucket:
      return (HashValue(source, value) & 0x7fffffff) % width_;
    case TransformKind::kTruncate:
      return Truncate(source, value, width_);
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return static_cast<int32_t>(Units(kind_, source, value));
    default:
      return value;
  }
}

bool Transform::KeepsResultWhenPromoted(const Type& from, const Type& to) const {
  if (kind_ == TransformKind::kVoid) return true;
  if (kind_ == TransformKind::kUnknown) return false;
  // A date's identity and hash are days, a timestamp's microseconds.
  if (from.Is(TypeKind::kDate) && to.kind() != TypeKind::kDate)
    return kind_ == TransformKind::kYear || kind_ == TransformKind::kMonth ||
           kind_ == TransformKind::kDay;
  return Accepts(to);
}

}  // namespace caudal::lake
