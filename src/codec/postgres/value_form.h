// How the values of a PostgreSQL type are held in a column, and how they get there.
//
//   const ValueForm form = ValueForm::Of(type);
//   ColumnBuilder column(form.type());
//   switch (AppendText(column, form, "12.50")) ...
//
// docs/formats/types.md has the table of types.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/postgres/type.h"
#include "data/batch_builder.h"
#include "data/type.h"

namespace caudal::postgres {

struct DecimalShape {
  int precision = 38;
  int scale = 9;
  bool operator==(const DecimalShape&) const = default;
};

struct FormOptions {
  // What a numeric without precision and scale becomes; nothing: string.
  std::optional<DecimalShape> numeric = DecimalShape();
};

// The syntax of a type's values, which picks their reader.
enum class Syntax : uint8_t {
  kBoolean,
  kInt2,
  kInt4,
  kInt8,
  kUnsigned32,  // oid, xid, cid
  kUnsigned64,  // xid8
  kFloat4,
  kFloat8,
  kNumeric,
  kText,      // the text is the value, and so are the bytes of the binary form
  kTextOnly,  // the text is the value; the binary form is something else
  kJsonb,     // the text is the value; the binary form has a version before it
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestampTz,
  kInterval,
  kUuid,
  kArray,
  kComposite,
  kHstore,
};

// Immutable.
class ValueForm {
 public:
  // Every type has a form: what is unknown is held as the text that the server sends. Composites
  // and arrays nested deeper than kDepthMax are too.
  static constexpr int kDepthMax = 16;
  static ValueForm Of(const PgType& type, const FormOptions& options = {});

  // Optional in all its parts, whose field ids are 0: whoever makes a schema numbers them.
  const Type& type() const { return type_; }
  // AppendBinary reads its values; when false, ask the server for texts.
  bool binary() const { return binary_; }

  Syntax syntax() const { return syntax_; }
  char delimiter() const { return delimiter_; }                   // of an array
  const std::vector<ValueForm>& parts() const { return parts_; }  // element, or fields in order

 private:
  ValueForm(Syntax syntax, Type type, bool binary)
      : type_(std::move(type)), syntax_(syntax), binary_(binary) {}
  static ValueForm OfBase(const PgType& type, int32_t typmod, const FormOptions& options);
  static ValueForm Make(const PgType& type, int32_t typmod, const FormOptions& options, int depth);

  Type type_;
  Syntax syntax_;
  bool binary_;
  char delimiter_ = ',';
  std::vector<ValueForm> parts_;
};

// What became of a value. One row is appended in any case: a null unless it is kExact.
enum class Held : uint8_t {
  kExact,
  kUnrepresentable,  // a value of the type that the column can't hold (infinity, NaN as a decimal,
                     // 24:00:00, digits beyond the scale): the source's text is to be kept
                     // elsewhere
  kMalformed,        // no value of the type: another session setting, or another type than was said
};

// Reads a text as the server sends it in pgoutput ('t') or COPY (unescaped), under the settings
// DateStyle=ISO, IntervalStyle=postgres, extra_float_digits >= 1, client_encoding=UTF8; any
// TimeZone and bytea_output. `column` is of form.type(). Texts that are held as strings but aren't
// UTF-8 are kUnrepresentable.
Held AppendText(ColumnBuilder& column, const ValueForm& form, std::string_view text);

// Reads a value's binary form ('b' of pgoutput, COPY BINARY). kMalformed when !form.binary(). Gives
// what AppendText gives for the same value; NaNs are all the same one.
Held AppendBinary(ColumnBuilder& column, const ValueForm& form, std::string_view bytes);

}  // namespace caudal::postgres
