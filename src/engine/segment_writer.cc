#include "engine/segment.h"

namespace caudal::engine {
namespace {

using Kind = Shape::Kind;

constexpr uint64_t kAlignment = 64;
constexpr char kPadding[kAlignment] = {};

uint64_t BitBytes(int64_t length) { return (static_cast<uint64_t>(length) + 7) / 8; }

// Bytes of the buffer at `index` of an array.
uint64_t BufferBytes(const ArrowArray& array, const Shape& shape, int index) {
  const auto length = static_cast<uint64_t>(array.length);
  if (shape.kind == Kind::kUnion) return length;
  if (index == 0) return array.null_count == 0 ? 0 : BitBytes(array.length);
  switch (shape.kind) {
    case Kind::kBits:
      return BitBytes(array.length);
    case Kind::kFixed:
      return length * static_cast<uint64_t>(shape.width);
    case Kind::kText32:
    case Kind::kList32:
      if (index == 1) return length == 0 ? 0 : (length + 1) * 4;
      return length == 0 ? 0 : static_cast<const uint32_t*>(array.buffers[1])[length];
    case Kind::kText64:
    case Kind::kList64:
      if (index == 1) return length == 0 ? 0 : (length + 1) * 8;
      return length == 0 ? 0 : static_cast<const uint64_t*>(array.buffers[1])[length];
    default:
      return 0;
  }
}

}  // namespace

void SegmentWriter::AddBuffer(const void* start, uint64_t bytes) {
  if (start == nullptr) bytes = 0;
  nodes_.Put(bytes == 0 ? uint64_t{0} : bytes_);
  nodes_.Put(bytes);
  if (bytes == 0) return;
  parts_.emplace_back(static_cast<const char*>(start), bytes);
  const uint64_t padding = (kAlignment - bytes % kAlignment) % kAlignment;
  if (padding > 0) parts_.emplace_back(kPadding, padding);
  bytes_ += bytes + padding;
}

Result<void> SegmentWriter::AddNode(const ArrowArray& array, const Field& field) {
  const bool fits = array.offset == 0 && array.n_buffers == field.shape.buffers() &&
                    array.n_children == static_cast<int64_t>(field.children.size()) &&
                    (array.dictionary != nullptr) == !field.dictionary.empty();
  if (!fits)
    return MakeError(ErrorKind::kInternal,
                     "DuckDB gave Arrow '" + field.format + "' in a form that Caudal doesn't know");
  nodes_.Put(array.length);
  nodes_.Put(array.null_count);
  for (int i = 0; i < field.shape.buffers(); ++i)
    AddBuffer(array.buffers[i], BufferBytes(array, field.shape, i));
  for (size_t i = 0; i < field.children.size(); ++i)
    TRY(AddNode(*array.children[i], field.children[i]));
  if (array.dictionary != nullptr) TRY(AddNode(*array.dictionary, field.dictionary[0]));
  return {};
}

Result<void> SegmentWriter::Add(const ArrowArray& array) {
  ++batches_;
  return AddNode(array, root_);
}

std::string SegmentWriter::TakeDescription() {
  WireWriter description;
  description.Put(batches_);
  return description.Take() + nodes_.Take();
}

}  // namespace caudal::engine
