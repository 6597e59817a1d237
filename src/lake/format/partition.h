// How a table's files are split: each field of a spec makes one value of a row's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "data/schema.h"
#include "lake/format/transform.h"

namespace caudal::lake {

struct PartitionField {
  std::vector<int32_t> source_ids;  // one, but for transforms that Caudal doesn't know
  int32_t field_id = 0;
  std::string name;
  Transform transform;

  int32_t source_id() const { return source_ids.front(); }
  // Apart from the field id.
  bool SameAs(const PartitionField& other) const;
  bool operator==(const PartitionField&) const = default;
};

struct PartitionSpec {
  static constexpr int32_t kFirstFieldId = 1000;

  int32_t id = 0;
  std::vector<PartitionField> fields;  // none: unpartitioned

  bool unpartitioned() const;                     // every row has the same values
  bool known() const;                             // all transforms are
  int32_t highest_field_id() const;               // 999 without fields
  bool SameAs(const PartitionSpec& other) const;  // apart from ids
  bool operator==(const PartitionSpec&) const = default;
};

// The struct of a file's partition values. Where a source column is gone and its type is needed,
// the field is of type unknown; a manifest says itself what it holds.
Type PartitionType(const PartitionSpec& spec, const Schema& schema);

// kInvalid, naming the field: the source doesn't exist, isn't simple, is in a list or map, or is of
// a type that the transform doesn't take; two fields share a name, an id, or source and transform;
// a name is that of another column.
Result<void> CheckPartitionSpec(const PartitionSpec& spec, const Schema& schema);

Json PartitionSpecToJson(const PartitionSpec& spec);
Json PartitionFieldsToJson(const PartitionSpec& spec);  // the list alone, as manifests have it
// Field ids that are missing (format version 1, and requests that leave them to us) are given from
// `next_field_id` on.
Result<PartitionSpec> PartitionSpecFromJson(const Json& json,
                                            int32_t next_field_id = PartitionSpec::kFirstFieldId);
Result<PartitionSpec> PartitionFieldsFromJson(int32_t spec_id, const Json& fields,
                                              int32_t next_field_id = PartitionSpec::kFirstFieldId);

}  // namespace caudal::lake
