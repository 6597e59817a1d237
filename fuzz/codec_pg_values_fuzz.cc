// Any bytes are a value of any type or are refused: the column has one row more, and stays one that
// a table takes. The first byte picks the type, and whether they are a text or a binary form.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/postgres/value_form.h"
#include "data/batch_builder.h"
#include "data/fresh_ids.h"

namespace {

using namespace caudal;
using namespace caudal::postgres;

PgType Base(uint32_t oid, int32_t typmod = -1) {
  PgType type;
  type.oid = oid;
  type.typmod = typmod;
  return type;
}

PgType ArrayOf(PgType element) {
  PgType type;
  type.kind = PgType::Kind::kArray;
  type.typmod = element.typmod;
  type.part = std::make_shared<PgType>(std::move(element));
  return type;
}

PgType CompositeOf(std::vector<PgField> fields) {
  PgType type;
  type.kind = PgType::Kind::kComposite;
  type.fields = std::make_shared<std::vector<PgField>>(std::move(fields));
  return type;
}

std::vector<ValueForm> Forms() {
  std::vector<PgType> types;
  for (const uint32_t oid :
       {oid::kBool, oid::kInt2, oid::kInt4, oid::kInt8, oid::kOid, oid::kXid8, oid::kFloat4,
        oid::kFloat8, oid::kNumeric, oid::kText, oid::kJsonb, oid::kBytea, oid::kDate, oid::kTime,
        oid::kTimestamp, oid::kTimestampTz, oid::kInterval, oid::kUuid})
    types.push_back(Base(oid));
  types.push_back(Base(oid::kNumeric, 4 + (12 << 16 | 2)));
  types.push_back(Base(oid::kNumeric, 4 + (38 << 16 | 38)));
  PgType hstore;
  hstore.name = "hstore";
  hstore.extension = "hstore";
  types.push_back(hstore);
  types.push_back(ArrayOf(Base(oid::kInt4)));
  types.push_back(ArrayOf(Base(oid::kText)));
  types.push_back(ArrayOf(hstore));
  const PgType inner = CompositeOf({{"n", Base(oid::kInt4)}, {"s", ArrayOf(Base(oid::kText))}});
  types.push_back(inner);
  types.push_back(ArrayOf(CompositeOf(
      {{"f", ArrayOf(Base(oid::kBool))}, {"c", inner}, {"t", Base(oid::kTimestampTz)}})));
  std::vector<ValueForm> forms;
  for (const PgType& type : types) forms.push_back(ValueForm::Of(type));
  return forms;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<ValueForm> forms = Forms();
  if (size == 0) return 0;
  const ValueForm& form = forms[(data[0] & 0x7f) % forms.size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Field field;
  field.id = 1;
  field.name = "c";
  int32_t next_id = 2;
  field.type = WithFreshIds(form.type(), next_id, nullptr);
  ColumnBuilder column(form.type());
  column.AppendNull();
  const Held held =
      (data[0] & 0x80) != 0 ? AppendBinary(column, form, bytes) : AppendText(column, form, bytes);
  AppendText(column, form, "{}");
  std::vector<Array> columns;
  columns.push_back(column.Finish());
  if (columns[0].length() != 3 || columns[0].IsNull(1) != (held != Held::kExact)) __builtin_trap();
  const Batch batch(3, std::move(columns));
  if (!batch.Check(Schema::Make(0, {field}).value()).ok()) __builtin_trap();
  return 0;
}
