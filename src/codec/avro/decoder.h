// A cursor over Avro's binary encoding: values are taken in the writer's order, by whoever knows
// what it wants; nothing is built in between.
//
//   Decoder in(schema, bytes);
//   for (const RecordField& field : schema[record].fields)
//     if (field.field_id == 103) rows = in.Integer(field.type); else in.Skip(field.type);
//   if (!in.ok()) return in.error();
//
// A failure sticks: from then on everything reads as zero, empty or ended, so one check after each
// record is enough. Bytes from anywhere are safe: nothing is allocated, no count is believed that
// the bytes left can't hold, depth and work are bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/avro/schema.h"

namespace caudal::avro {

// One thread at a time. Views that it returns point into `bytes`.
class Decoder {
 public:
  Decoder(const Schema& schema, std::string_view bytes);

  bool ok() const { return failure_.empty(); }
  Error error() const;  // kInvalid, with the byte's offset
  void Fail(std::string_view why);
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }

  // The encoding's own terms.
  bool Boolean();
  int32_t Int();
  int64_t Long();
  float Float();
  double Double();
  std::string_view Bytes();  // strings too
  std::string_view Fixed(size_t size);

  // The node of the value that comes: of a union, its branch.
  NodeId Enter(NodeId node);
  void Skip(NodeId node) { SkipValue(node, 0); }

  // A value of a node that is what it is wanted as, or a union with null of it. One of another type
  // fails; so does null without Optional.
  int64_t Integer(NodeId node);          // int, long
  std::string_view Binary(NodeId node);  // string, bytes, fixed
  bool Truth(NodeId node);
  std::optional<int64_t> OptionalInteger(NodeId node);
  std::optional<std::string_view> OptionalBinary(NodeId node);

  // Calls each(node) for every item of an array or map; `each` takes exactly one item, of a map the
  // key (Bytes) and then the value, whose node it is given. False for a null.
  template <class Each>
  bool Items(NodeId node, Each&& each) {
    node = Enter(node);
    if (!ok() || schema_[node].kind == Kind::kNull) return false;
    if (schema_[node].kind != Kind::kArray && schema_[node].kind != Kind::kMap) {
      Fail("there is something else where a list should be");
      return false;
    }
    const NodeId child = schema_[node].children[0];
    for (int64_t left = NextItems(); left > 0; left = NextItems())
      for (; left > 0 && ok(); --left) each(child);
    return ok();
  }
  // How many items the next block of an array or map has; 0 at its end.
  int64_t NextItems();

 private:
  void SkipValue(NodeId node, int depth);
  void SkipItems(const Node& node, int depth);
  bool Need(size_t bytes);

  const Schema& schema_;
  const char* begin_;
  const char* at_;
  const char* end_;
  uint64_t work_left_;  // values that may still be visited
  std::string failure_;
};

}  // namespace caudal::avro
