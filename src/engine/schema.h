// The type of a result in Arrow's terms, as a value: what goes through the socket, and what decides
// which buffers a column has.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"
#include "engine/wire.h"

namespace caudal::engine {

// How the values of a field lie in memory.
struct Shape {
  enum class Kind : uint8_t {
    kNull,       // no buffers
    kBits,       // validity, bits
    kFixed,      // validity, values of `width` bytes
    kText32,     // validity, 32-bit offsets, bytes
    kText64,     // validity, 64-bit offsets, bytes
    kList32,     // validity, 32-bit offsets; one child
    kList64,     // validity, 64-bit offsets; one child
    kFixedList,  // validity; one child, `width` items a value
    kStruct,     // validity; children
    kUnion,      // type ids of one byte; children as long as itself
  };
  Kind kind = Kind::kNull;
  int64_t width = 0;
  std::vector<int8_t> union_ids;  // of the children

  int buffers() const;
};

struct Field {
  std::string name;
  std::string format;    // Arrow's
  std::string metadata;  // Arrow's binary form, may be empty
  int64_t flags = 0;
  std::vector<Field> children;
  std::vector<Field> dictionary;  // none or one: the values that this field's numbers index
  Shape shape;                    // of `format`

  // kUnsupported for a format that Caudal doesn't handle.
  static Result<Field> From(const ArrowSchema& schema);
  void Write(WireWriter& writer) const;
  static Result<Field> Read(WireReader& reader);
  // "duckdb" types that Arrow lacks carry their name in the metadata: "hugeint", "bit"… or empty.
  std::string_view ExtensionType() const;
};

// An ArrowSchema over a Field, which must outlive it and stay where it is.
class ExportedSchema {
 public:
  explicit ExportedSchema(const Field& field) : root_(Export(field)) {}
  const ArrowSchema& schema() const { return *root_; }

 private:
  ArrowSchema* Export(const Field& field);

  std::deque<ArrowSchema> schemas_;
  std::deque<std::vector<ArrowSchema*>> lists_;
  ArrowSchema* root_;
};

}  // namespace caudal::engine
