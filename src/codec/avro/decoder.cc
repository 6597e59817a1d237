#include "codec/avro/decoder.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

namespace caudal::avro {

// Values that take no bytes (null, empty records) could be repeated without end by nested types:
// so many visits a byte are more than any sensible schema needs.
Decoder::Decoder(const Schema& schema, std::string_view bytes)
    : schema_(schema),
      begin_(bytes.data()),
      at_(bytes.data()),
      end_(bytes.data() + bytes.size()),
      work_left_(65'536 + 64 * static_cast<uint64_t>(bytes.size())) {}

Error Decoder::error() const { return MakeError(ErrorKind::kInvalid, failure_); }

void Decoder::Fail(std::string_view why) {
  if (failure_.empty()) failure_ = fmt::format("Avro data at byte {}: {}", at_ - begin_, why);
  at_ = end_;
}

bool Decoder::Need(size_t bytes) {
  if (remaining() >= bytes) return true;
  Fail("it ends in the middle of a value");
  return false;
}

bool Decoder::Boolean() {
  if (!Need(1)) return false;
  const char c = *at_++;
  if (c != 0 && c != 1) Fail("a boolean is neither 0 nor 1");
  return c == 1;
}

int64_t Decoder::Long() {
  uint64_t bits = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (!Need(1)) return 0;
    const auto byte = static_cast<uint8_t>(*at_++);
    if (shift == 63 && byte > 1) break;
    bits |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
  }
  Fail("an integer is longer than 64 bits");
  return 0;
}

int32_t Decoder::Int() {
  const int64_t number = Long();
  if (number >= std::numeric_limits<int32_t>::min() &&
      number <= std::numeric_limits<int32_t>::max())
    return static_cast<int32_t>(number);
  Fail("an int is longer than 32 bits");
  return 0;
}

float Decoder::Float() {
  float value = 0;
  if (!Need(sizeof value)) return 0;
  std::memcpy(&value, at_, sizeof value);
  at_ += sizeof value;
  return value;
}

double Decoder::Double() {
  double value = 0;
  if (!Need(sizeof value)) return 0;
  std::memcpy(&value, at_, sizeof value);
  at_ += sizeof value;
  return value;
}

std::string_view Decoder::Bytes() {
  const int64_t size = Long();
  if (size < 0) {
    Fail("a length is negative");
    return {};
  }
  return Fixed(static_cast<size_t>(size));
}

std::string_view Decoder::Fixed(size_t size) {
  if (!ok() || !Need(size)) return {};
  const std::string_view bytes(at_, size);
  at_ += size;
  return bytes;
}

NodeId Decoder::Enter(NodeId node) {
  const Node& type = schema_[node];
  if (type.kind != Kind::kUnion) return node;
  const int64_t branch = Long();
  if (branch < 0 || branch >= static_cast<int64_t>(type.children.size())) {
    Fail("a union has no such branch");
    return type.children[0];
  }
  return type.children[static_cast<size_t>(branch)];
}

int64_t Decoder::NextItems() {
  int64_t count = Long();
  if (count < 0) {
    if (count == std::numeric_limits<int64_t>::min()) {
      Fail("a list has too many items");
      return 0;
    }
    count = -count;
    const int64_t bytes = Long();
    if (bytes < 0 || static_cast<uint64_t>(bytes) > remaining()) {
      Fail("a list's block is longer than what is left");
      return 0;
    }
  }
  // Lists of values that take no bytes are of no use to anyone.
  if (static_cast<uint64_t>(count) > remaining()) {
    Fail("a list has more items than bytes are left");
    return 0;
  }
  return count;
}

void Decoder::SkipItems(const Node& node, int depth) {
  const bool map = node.kind == Kind::kMap;
  while (ok()) {
    int64_t count = Long();
    if (count == 0) return;
    if (count < 0) {  // the block says how long it is
      const int64_t bytes = Long();
      if (bytes < 0)
        Fail("a length is negative");
      else
        Fixed(static_cast<size_t>(bytes));
      continue;
    }
    if (static_cast<uint64_t>(count) > remaining()) {
      Fail("a list has more items than bytes are left");
      return;
    }
    for (; count > 0 && ok(); --count) {
      if (map) Bytes();
      SkipValue(node.children[0], depth + 1);
    }
  }
}

void Decoder::SkipValue(NodeId id, int depth) {
  if (!ok()) return;
  if (depth > Schema::kDepthMax) return Fail("values nest too deep");
  if (work_left_-- == 0) return Fail("too many values for its length");
  id = Enter(id);
  const Node& node = schema_[id];
  switch (node.kind) {
    case Kind::kNull:
      break;
    case Kind::kBoolean:
      Boolean();
      break;
    case Kind::kInt:
    case Kind::kEnum:
    case Kind::kLong:
      Long();
      break;
    case Kind::kFloat:
      Fixed(4);
      break;
    case Kind::kDouble:
      Fixed(8);
      break;
    case Kind::kBytes:
    case Kind::kString:
      Bytes();
      break;
    case Kind::kFixed:
      Fixed(static_cast<size_t>(node.size));
      break;
    case Kind::kRecord:
      for (const RecordField& field : node.fields) SkipValue(field.type, depth + 1);
      break;
    case Kind::kArray:
    case Kind::kMap:
      SkipItems(node, depth);
      break;
    case Kind::kUnion:
      Fail("a union in a union");
  }
}

std::optional<int64_t> Decoder::OptionalInteger(NodeId node) {
  switch (schema_[Enter(node)].kind) {
    default:
      Fail("there is something else where an integer should be");
      [[fallthrough]];
    case Kind::kNull:
      return std::nullopt;
    case Kind::kInt:
      return Int();
    case Kind::kLong:
      return Long();
  }
}

std::optional<std::string_view> Decoder::OptionalBinary(NodeId node) {
  const Node& type = schema_[Enter(node)];
  switch (type.kind) {
    default:
      Fail("there is something else where text or bytes should be");
      [[fallthrough]];
    case Kind::kNull:
      return std::nullopt;
    case Kind::kBytes:
    case Kind::kString:
      return Bytes();
    case Kind::kFixed:
      return Fixed(static_cast<size_t>(type.size));
  }
}

int64_t Decoder::Integer(NodeId node) {
  const auto value = OptionalInteger(node);
  if (!value) Fail("null where an integer is required");
  return value.value_or(0);
}

std::string_view Decoder::Binary(NodeId node) {
  const auto value = OptionalBinary(node);
  if (!value) Fail("null where text or bytes are required");
  return value.value_or(std::string_view());
}

bool Decoder::Truth(NodeId node) {
  if (schema_[Enter(node)].kind == Kind::kBoolean) return Boolean();
  Fail("there is something else where a boolean should be");
  return false;
}

}  // namespace caudal::avro
