// The primary key of a table's rows as bytes. docs/formats/key-index.md has the encoding.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "lake/keys/encoded_keys.h"

namespace caudal::lake {

// Immutable; copies share everything. Thread-safe.
class KeyCodec {
 public:
  static constexpr uint32_t kWidthMax = 64 * 1024;

  // kInvalid, naming the column, when there is no key column, one is missing, a float or double,
  // nested, in a list or map, or too wide; kUnsupported when it is inside a struct, or of a type
  // that can't be written. Their order doesn't matter: it is that of the ids.
  static Result<KeyCodec> Make(const Schema& table_schema,
                               const std::vector<int32_t>& identifier_ids);

  // The key columns alone, in the order of their ids: what to read from a file (ParquetReader).
  const Schema& key_schema() const { return key_schema_; }
  const KeyLayout& layout() const { return layout_; }

  // Appends the key of each row. `schema` is the batch's and has the key columns, found by id, at
  // its top, under types that may be narrower than the table's. kInvalid when one is missing, of
  // another type, or null in a row (named); then `out` is as it was.
  Result<void> Encode(const Batch& batch, const Schema& schema, EncodedKeys& out) const;

 private:
  struct Part;
  class Encoder;

  KeyCodec(Schema key_schema, std::shared_ptr<const std::vector<Part>> parts, KeyLayout layout);
  static Result<Part> PartOf(const Schema& schema, int32_t id);
  Result<std::vector<const Array*>> ColumnsOf(const Batch& batch, const Schema& schema) const;

  Schema key_schema_;
  std::shared_ptr<const std::vector<Part>> parts_;
  KeyLayout layout_;
};

}  // namespace caudal::lake
