#include "data/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "data/field.h"

namespace caudal {
namespace {

constexpr std::array<std::string_view, 23> kNames = {
    "boolean", "int",     "long",      "float",       "double",       "decimal",
    "date",    "time",    "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns",
    "string",  "uuid",    "fixed",     "binary",      "struct",       "list",
    "map",     "unknown", "variant",   "geometry",    "geography"};

bool NeedsParameters(TypeKind kind) {
  return kind == TypeKind::kDecimal || kind == TypeKind::kFixed || kind == TypeKind::kStruct ||
         kind == TypeKind::kList || kind == TypeKind::kMap;
}

Error NotAType(std::string_view text, std::string_view why) {
  return MakeError(ErrorKind::kInvalid, fmt::format("type \"{}\": {}", text.substr(0, 80), why));
}

// `text` without `prefix` and `suffix`, and without blanks around it; nothing when it lacks them.
std::optional<std::string_view> Between(std::string_view text, std::string_view prefix,
                                        char suffix) {
  if (!text.starts_with(prefix) || !text.ends_with(suffix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<int32_t> ParseInt(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Type> ParseDecimal(std::string_view text, std::string_view inside) {
  const size_t comma = inside.find(',');
  if (comma == std::string_view::npos) return NotAType(text, "needs a precision and a scale");
  const auto precision = ParseInt(inside.substr(0, comma));
  const auto scale = ParseInt(inside.substr(comma + 1));
  if (!precision || !scale) return NotAType(text, "precision and scale must be whole numbers");
  if (*precision < 1 || *precision > Type::kPrecisionMax)
    return NotAType(text, "the precision must be between 1 and 38");
  if (*scale < 0 || *scale > *precision)
    return NotAType(text, "the scale must be between 0 and the precision");
  return Type::Decimal(*precision, *scale);
}

}  // namespace

struct Type::Parts {
  std::vector<Field> fields;
  std::string parameters;
  bool operator==(const Parts&) const = default;
};

std::string_view NameOf(TypeKind kind) { return kNames.at(static_cast<size_t>(kind)); }

Type::Type(TypeKind kind) : kind_(kind) {
  CAUDAL_CHECK(!NeedsParameters(kind), "a type that has parameters");
}

Type::Type(TypeKind kind, int32_t a, int32_t b, std::shared_ptr<const Parts> parts)
    : kind_(kind), a_(a), b_(b), parts_(std::move(parts)) {}

Type Type::Decimal(int precision, int scale) {
  CAUDAL_CHECK(precision >= 1 && precision <= kPrecisionMax && scale >= 0 && scale <= precision,
               "decimal parameters");
  return Type(TypeKind::kDecimal, precision, scale, nullptr);
}

Type Type::Fixed(int32_t length) {
  CAUDAL_CHECK(length >= 1, "fixed length");
  return Type(TypeKind::kFixed, length, 0, nullptr);
}

Type Type::Struct(std::vector<Field> fields) {
  return Type(TypeKind::kStruct, 0, 0, std::make_shared<Parts>(Parts{std::move(fields), {}}));
}

Type Type::List(Field element) {
  element.name = "element";
  auto parts = std::make_shared<Parts>();
  parts->fields.push_back(std::move(element));
  return Type(TypeKind::kList, 0, 0, std::move(parts));
}

Type Type::Map(Field key, Field value) {
  key.name = "key";
  key.required = true;
  value.name = "value";
  auto parts = std::make_shared<Parts>();
  parts->fields.push_back(std::move(key));
  parts->fields.push_back(std::move(value));
  return Type(TypeKind::kMap, 0, 0, std::move(parts));
}

Type Type::Geo(TypeKind kind, std::string parameters) {
  CAUDAL_CHECK(kind == TypeKind::kGeometry || kind == TypeKind::kGeography, "a spatial type");
  if (parameters.empty()) return Type(kind);
  return Type(kind, 0, 0, std::make_shared<Parts>(Parts{{}, std::move(parameters)}));
}

bool Type::nested() const {
  return kind_ == TypeKind::kStruct || kind_ == TypeKind::kList || kind_ == TypeKind::kMap;
}

bool Type::writable() const {
  if (kind_ >= TypeKind::kUnknown) return false;
  return std::ranges::all_of(fields(), [](const Field& field) { return field.type.writable(); });
}

int Type::format_version_min() const {
  if (kind_ >= TypeKind::kUnknown || kind_ == TypeKind::kTimestampNs ||
      kind_ == TypeKind::kTimestampTzNs)
    return 3;
  int version = 1;
  for (const Field& field : fields()) version = std::max(version, field.type.format_version_min());
  return version;
}

const std::vector<Field>& Type::fields() const {
  static const std::vector<Field> kNone;
  return parts_ ? parts_->fields : kNone;
}

const Field& Type::At(size_t i) const {
  CAUDAL_CHECK(i < fields().size(), "a part that the type doesn't have");
  return parts_->fields[i];
}

std::string Type::Text() const {
  switch (kind_) {
    case TypeKind::kDecimal:
      return fmt::format("decimal({}, {})", a_, b_);
    case TypeKind::kFixed:
      return fmt::format("fixed[{}]", a_);
    case TypeKind::kGeometry:
    case TypeKind::kGeography:
      if (!parts_) return std::string(NameOf(kind_));
      return fmt::format("{}({})", NameOf(kind_), parts_->parameters);
    case TypeKind::kList:
      return fmt::format("list<{}>", element().type.Text());
    case TypeKind::kMap:
      return fmt::format("map<{}, {}>", key().type.Text(), value().type.Text());
    case TypeKind::kStruct: {
      std::string text = "struct<";
      for (const Field& field : fields()) {
        if (text.size() > 7) text += ", ";
        text += fmt::format("{}: {}{}", field.name, field.required ? "required " : "",
                            field.type.Text());
      }
      return text + ">";
    }
    default:
      return std::string(NameOf(kind_));
  }
}

bool Type::operator==(const Type& other) const {
  if (kind_ != other.kind_ || a_ != other.a_ || b_ != other.b_) return false;
  if (parts_ == other.parts_) return true;
  return parts_ && other.parts_ && *parts_ == *other.parts_;
}

Result<Type> ParsePrimitiveType(std::string_view text) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    const auto kind = static_cast<TypeKind>(i);
    if (text == kNames[i] && !NeedsParameters(kind)) return Type(kind);
  }
  if (const auto inside = Between(text, "decimal(", ')')) return ParseDecimal(text, *inside);
  if (const auto inside = Between(text, "fixed[", ']')) {
    const auto length = ParseInt(*inside);
    if (!length || *length < 1) return NotAType(text, "the length must be a whole number above 0");
    return Type::Fixed(*length);
  }
  if (const auto inside = Between(text, "geometry(", ')'))
    return Type::Geo(TypeKind::kGeometry, std::string(*inside));
  if (const auto inside = Between(text, "geography(", ')'))
    return Type::Geo(TypeKind::kGeography, std::string(*inside));
  return NotAType(text, "there is no such type");
}

bool CanPromote(const Type& from, const Type& to, int format_version) {
  switch (from.kind()) {
    case TypeKind::kInt:
      return to.Is(TypeKind::kLong);
    case TypeKind::kFloat:
      return to.Is(TypeKind::kDouble);
    case TypeKind::kDecimal:
      return to.Is(TypeKind::kDecimal) && to.scale() == from.scale() &&
             to.precision() > from.precision();
    case TypeKind::kDate:
      return format_version >= 3 && (to.Is(TypeKind::kTimestamp) || to.Is(TypeKind::kTimestampNs));
    case TypeKind::kUnknown:
      return format_version >= 3 && !to.Is(TypeKind::kUnknown);
    default:
      return false;
  }
}

}  // namespace caudal
