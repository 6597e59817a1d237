// An Avro schema, with the attributes that Avro doesn't define: Iceberg's field ids live in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace caudal::avro {

enum class Kind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed,
};
std::string_view NameOf(Kind kind);  // "record"

// A type's place in its Schema. Types may contain themselves by name, so nodes are numbered.
using NodeId = uint32_t;

struct RecordField {
  std::string name;
  NodeId type = 0;
  std::optional<int32_t> field_id;
  Json attributes;  // all but name and type: field-id, default, doc…
};

struct Node {
  Kind kind = Kind::kNull;
  std::string name;                  // kRecord, kEnum, kFixed: with its namespace
  int32_t size = 0;                  // kFixed
  std::vector<RecordField> fields;   // kRecord
  std::vector<NodeId> children;      // kArray: items; kMap: values; kUnion: branches
  std::vector<std::string> symbols;  // kEnum
  std::string logical_type;
  Json attributes = Json::object();  // what isn't above: precision, adjust-to-utc, element-id…

  std::optional<int32_t> IntAttribute(const char* key) const;
};

// Immutable once parsed.
class Schema {
 public:
  static constexpr int kDepthMax = 64;

  // kInvalid, naming the type: not a schema, a name that is used before its definition or defined
  // twice, a union in a union.
  static Result<Schema> Parse(std::string_view json);

  NodeId root() const { return root_; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }

 private:
  friend class SchemaParser;
  NodeId root_ = 0;
  std::vector<Node> nodes_;
};

}  // namespace caudal::avro
