#include "codec/postgres/value_form.h"

#include <algorithm>
#include <string>
#include <utility>

#include "data/field.h"

namespace caudal::postgres {
namespace {

Field Optional(std::string name, Type type) {
  Field field;
  field.name = std::move(name);
  field.type = std::move(type);
  return field;
}

// pg_attribute.atttypmod of a numeric: 4 + (precision << 16 | scale), the scale in 11 bits, two's
// complement.
std::optional<DecimalShape> ShapeOf(int32_t typmod) {
  if (typmod < 4) return std::nullopt;
  const int32_t bits = typmod - 4;
  return DecimalShape{.precision = bits >> 16 & 0xffff, .scale = ((bits & 0x7ff) ^ 1024) - 1024};
}

// The decimal that has every value of numeric(precision, scale): a negative scale is zeros before
// the point, one above the precision zeros behind it.
std::optional<Type> DecimalFor(DecimalShape shape) {
  const int scale = std::max(shape.scale, 0);
  const int precision = std::max(shape.precision - std::min(shape.scale, 0), scale);
  if (precision < 1 || precision > Type::kPrecisionMax) return std::nullopt;
  return Type::Decimal(precision, scale);
}

// The member of an extension that is called so, in whatever schema.
bool IsOf(const PgType& type, std::string_view extension, std::string_view name) {
  if (type.extension != extension || !type.name.ends_with(name)) return false;
  return type.name.size() == name.size() || type.name[type.name.size() - name.size() - 1] == '.';
}

struct PlainForm {
  uint32_t oid;
  Syntax syntax;
  TypeKind kind;
};

constexpr PlainForm kPlainForms[] = {
    {oid::kBool, Syntax::kBoolean, TypeKind::kBoolean},
    {oid::kInt2, Syntax::kInt2, TypeKind::kInt},
    {oid::kInt4, Syntax::kInt4, TypeKind::kInt},
    {oid::kInt8, Syntax::kInt8, TypeKind::kLong},
    {oid::kOid, Syntax::kUnsigned32, TypeKind::kLong},
    {oid::kXid, Syntax::kUnsigned32, TypeKind::kLong},
    {oid::kCid, Syntax::kUnsigned32, TypeKind::kLong},
    {oid::kXid8, Syntax::kUnsigned64, TypeKind::kLong},
    {oid::kFloat4, Syntax::kFloat4, TypeKind::kFloat},
    {oid::kFloat8, Syntax::kFloat8, TypeKind::kDouble},
    {oid::kText, Syntax::kText, TypeKind::kString},
    {oid::kVarchar, Syntax::kText, TypeKind::kString},
    {oid::kBpchar, Syntax::kText, TypeKind::kString},
    {oid::kName, Syntax::kText, TypeKind::kString},
    {oid::kJson, Syntax::kText, TypeKind::kString},
    {oid::kJsonb, Syntax::kJsonb, TypeKind::kString},
    {oid::kBytea, Syntax::kBytea, TypeKind::kBinary},
    {oid::kDate, Syntax::kDate, TypeKind::kDate},
    {oid::kTime, Syntax::kTime, TypeKind::kTime},
    {oid::kTimestamp, Syntax::kTimestamp, TypeKind::kTimestamp},
    {oid::kTimestampTz, Syntax::kTimestampTz, TypeKind::kTimestampTz},
    {oid::kUuid, Syntax::kUuid, TypeKind::kUuid},
};

}  // namespace

ValueForm ValueForm::Of(const PgType& type, const FormOptions& options) {
  return Make(type, type.typmod, options, 0);
}

ValueForm ValueForm::OfBase(const PgType& type, int32_t typmod, const FormOptions& options) {
  const ValueForm text(Syntax::kTextOnly, Type(TypeKind::kString), false);
  for (const PlainForm& plain : kPlainForms)
    if (plain.oid == type.oid) return {plain.syntax, Type(plain.kind), true};
  if (type.oid == oid::kNumeric) {
    const auto shape = ShapeOf(typmod);
    const auto decimal = shape             ? DecimalFor(*shape)
                         : options.numeric ? DecimalFor(*options.numeric)
                                           : std::nullopt;
    return decimal ? ValueForm(Syntax::kNumeric, *decimal, true) : text;
  }
  if (type.oid == oid::kInterval)
    return {Syntax::kInterval,
            Type::Struct({Optional("months", Type(TypeKind::kInt)),
                          Optional("days", Type(TypeKind::kInt)),
                          Optional("micros", Type(TypeKind::kLong))}),
            true};
  if (IsOf(type, "citext", "citext")) return {Syntax::kText, Type(TypeKind::kString), true};
  if (IsOf(type, "hstore", "hstore"))
    return {Syntax::kHstore,
            Type::Map(Optional("", Type(TypeKind::kString)), Optional("", Type(TypeKind::kString))),
            false};
  return text;
}

ValueForm ValueForm::Make(const PgType& type, int32_t typmod, const FormOptions& options,
                          int depth) {
  switch (type.kind) {
    case PgType::Kind::kBase:
      return OfBase(type, typmod, options);
    case PgType::Kind::kEnum:
      return {Syntax::kText, Type(TypeKind::kString), true};
    case PgType::Kind::kDomain:
      if (type.part == nullptr || depth >= kDepthMax) break;
      return Make(*type.part, type.part->typmod, options, depth + 1);
    case PgType::Kind::kArray: {
      if (type.part == nullptr || depth >= kDepthMax) break;
      ValueForm element = Make(*type.part, typmod, options, depth + 1);
      ValueForm array(Syntax::kArray, Type::List(Optional("", element.type_)), false);
      array.delimiter_ = type.delimiter;
      array.parts_.push_back(std::move(element));
      return array;
    }
    case PgType::Kind::kComposite: {
      // A struct without fields isn't for Parquet.
      if (type.fields == nullptr || type.fields->empty() || depth >= kDepthMax) break;
      std::vector<Field> fields;
      std::vector<ValueForm> parts;
      for (const PgField& field : *type.fields) {
        parts.push_back(Make(field.type, field.type.typmod, options, depth + 1));
        fields.push_back(Optional(field.name, parts.back().type_));
      }
      ValueForm composite(Syntax::kComposite, Type::Struct(std::move(fields)), false);
      composite.parts_ = std::move(parts);
      return composite;
    }
    default:
      break;
  }
  return {Syntax::kTextOnly, Type(TypeKind::kString), false};
}

}  // namespace caudal::postgres
