// A schema with every type that can be written, and values of each: for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/schema.h"
#include "data/value.h"
#include "lake/format/bounds.h"
#include "lake/format/manifest.h"

namespace caudal::lake {

struct TypeCase {
  Type type;
  std::vector<std::string> values;  // JSON text, ascending
};

inline std::vector<TypeCase> AllTypes() {
  const auto of = [](TypeKind kind) { return Type(kind); };
  return {
      {of(TypeKind::kBoolean), {"false", "true"}},
      {of(TypeKind::kInt), {"-2147483648", "-1", "2147483647"}},
      {of(TypeKind::kLong), {"-9223372036854775808", "34", "9223372036854775807"}},
      {of(TypeKind::kFloat), {"-1.5", "0.25"}},
      {of(TypeKind::kDouble), {"-1e300", "0.1", "1e300"}},
      {Type::Decimal(9, 2), {"\"-9999999.99\"", "\"14.20\"", "\"9999999.99\""}},
      {Type::Decimal(18, 0), {"\"-999999999999999999\"", "\"1\""}},
      {Type::Decimal(38, 10),
       {"\"-9999999999999999999999999999.9999999999\"", "\"0.0000000001\"",
        "\"9999999999999999999999999999.9999999999\""}},
      {of(TypeKind::kDate), {"\"0001-01-01\"", "\"1969-12-31\"", "\"2017-11-16\""}},
      {of(TypeKind::kTime), {"\"00:00:00.000000\"", "\"22:31:08.123456\""}},
      {of(TypeKind::kTimestamp),
       {"\"1969-12-31T23:59:59.999999\"", "\"2017-11-16T22:31:08.123456\""}},
      {of(TypeKind::kTimestampTz),
       {"\"1969-12-31T23:59:59.999999+00:00\"", "\"2017-11-16T22:31:08.123456+00:00\""}},
      {of(TypeKind::kString), {"\"\"", "\"ñandú\"", "\"漢字🦦 and quite a long text, too\""}},
      {of(TypeKind::kUuid),
       {"\"0193b7f0-677c-7bbd-a479-3f349cb785e7\"", "\"079c3e09-677c-4bbd-a479-3f349cb785e7\""}},
      {Type::Fixed(3), {"\"000102\"", "\"fffefd\""}},
      {of(TypeKind::kBinary), {"\"\"", "\"00ff\""}},
  };
}

// Column i + 1 is of the i-th type: "c1", "c2"…, all optional.
inline Schema AllTypesSchema() {
  std::vector<Field> fields;
  for (const TypeCase& one : AllTypes()) {
    Field field;
    field.id = static_cast<int32_t>(fields.size()) + 1;
    field.name = "c" + std::to_string(field.id);
    field.type = one.type;
    fields.push_back(std::move(field));
  }
  return Schema::Make(0, std::move(fields)).value();
}

// By the identity of every column.
inline PartitionSpec AllTypesSpec() {
  PartitionSpec spec;
  spec.id = 1;
  const Schema schema = AllTypesSchema();
  for (const Field& field : schema.fields())
    spec.fields.push_back({{field.id}, 999 + field.id, field.name + "-part", Transform()});
  return spec;
}

// File `i`: value i of each type (round and round), nulls where `nulls`.
inline DataFile AllTypesFile(size_t i, bool nulls = false) {
  DataFile file;
  file.path = "gs://lake/t/data/file-" + std::to_string(i) + ".parquet";
  file.record_count = 10 + static_cast<int64_t>(i);
  file.file_size_bytes = 1000 + static_cast<int64_t>(i);
  file.split_offsets = {4, 500};
  int32_t id = 0;
  for (const TypeCase& one : AllTypes()) {
    ++id;
    file.column_sizes.emplace_back(id, 100 * id);
    file.value_counts.emplace_back(id, file.record_count);
    file.null_value_counts.emplace_back(id, nulls ? file.record_count : 0);
    if (one.type.Is(TypeKind::kDouble)) file.nan_value_counts.emplace_back(id, 0);
    if (nulls) {
      file.partition.emplace_back();
      continue;
    }
    const Json json = Json::parse(one.values[i % one.values.size()]);
    file.partition.push_back(ValueFromJson(one.type, json).value());
    const Bounds bounds = MakeBounds(one.type, file.partition.back(), file.partition.back());
    if (bounds.lower) file.lower_bounds.emplace_back(id, *bounds.lower);
    if (bounds.upper) file.upper_bounds.emplace_back(id, *bounds.upper);
  }
  return file;
}

}  // namespace caudal::lake
