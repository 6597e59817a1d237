#include <algorithm>
#include <deque>

#include "engine/segment.h"

namespace caudal::engine {
namespace {

using Kind = Shape::Kind;

constexpr int64_t kLengthMax = int64_t{1} << 40;

// What the arrays of one segment point into, and they themselves.
struct Arrays {
  std::shared_ptr<const void> memory;
  std::deque<ArrowArray> arrays;
  std::deque<std::vector<const void*>> buffers;
  std::deque<std::vector<ArrowArray*>> children;
};

Error Bad(std::string_view what) {
  return MakeError(ErrorKind::kInvalid, "a segment of rows makes no sense: " + std::string(what));
}

struct Buffer {
  const char* start = nullptr;
  uint64_t bytes = 0;
};

class Reader {
 public:
  Reader(std::string_view description, std::string_view bytes, Arrays& arrays)
      : reader_(description), bytes_(bytes), arrays_(arrays) {}

  WireReader& wire() { return reader_; }
  Result<ArrowArray*> ReadNode(const Field& field);

 private:
  Result<Buffer> ReadBuffer();
  Result<void> CheckBuffers(const ArrowArray& array, const Field& field,
                            const std::vector<Buffer>& buffers);
  Result<void> CheckChildren(const ArrowArray& array, const Field& field);

  WireReader reader_;
  std::string_view bytes_;
  Arrays& arrays_;
};

Result<Buffer> Reader::ReadBuffer() {
  const auto offset = reader_.Get<uint64_t>();
  const auto length = reader_.Get<uint64_t>();
  if (length == 0) return Buffer{};
  if (offset > bytes_.size() || length > bytes_.size() - offset || offset % 8 != 0)
    return Bad("a buffer lies outside");
  return Buffer{bytes_.data() + offset, length};
}

// The last offset; -1 when they go down or are below zero.
template <class T>
int64_t LastOffset(const Buffer& buffer, int64_t length) {
  const auto* offsets = reinterpret_cast<const T*>(buffer.start);
  T previous = offsets[0];
  bool rising = previous >= 0;
  for (int64_t i = 1; i <= length; ++i) {
    rising &= offsets[i] >= previous;
    previous = offsets[i];
  }
  return rising ? static_cast<int64_t>(previous) : -1;
}

// How far the offsets of a text or list reach; kInvalid unless they rise from zero or more.
Result<int64_t> Reach(const ArrowArray& array, const Shape& shape, const Buffer& offsets) {
  if (array.length == 0) return int64_t{0};
  const auto needed = static_cast<uint64_t>(array.length + 1) * static_cast<uint64_t>(shape.width);
  if (offsets.bytes < needed) return Bad("offsets are missing");
  const int64_t last = shape.width == 4 ? LastOffset<int32_t>(offsets, array.length)
                                        : LastOffset<int64_t>(offsets, array.length);
  if (last < 0) return Bad("offsets go down");
  return last;
}

template <class T>
bool IndexesFit(const ArrowArray& array, int64_t values) {
  const auto* validity = static_cast<const uint8_t*>(array.buffers[0]);
  const auto* indexes = static_cast<const T*>(array.buffers[1]);
  for (int64_t i = 0; i < array.length; ++i) {
    const bool valid = validity == nullptr || (validity[i / 8] >> (i % 8) & 1) != 0;
    if (valid && static_cast<int64_t>(indexes[i]) >= values) return false;
  }
  return true;
}

Result<void> Reader::CheckBuffers(const ArrowArray& array, const Field& field,
                                  const std::vector<Buffer>& buffers) {
  const Shape& shape = field.shape;
  const auto length = static_cast<uint64_t>(array.length);
  const uint64_t bit_bytes = (length + 7) / 8;
  if (shape.kind == Kind::kNull) return {};
  if (shape.kind == Kind::kUnion) {
    if (buffers[0].bytes < length) return Bad("type ids are missing");
    for (uint64_t i = 0; i < length; ++i)
      if (shape.union_ids.end() == std::find(shape.union_ids.begin(), shape.union_ids.end(),
                                             static_cast<int8_t>(buffers[0].start[i])))
        return Bad("a union's type id is none of its members'");
    return {};
  }
  if (buffers[0].start != nullptr && buffers[0].bytes < bit_bytes) return Bad("validity is short");
  if (array.null_count != 0 && length > 0 && buffers[0].start == nullptr)
    return Bad("validity is missing");
  switch (shape.kind) {
    case Kind::kBits:
      if (buffers[1].bytes < bit_bytes) return Bad("bits are missing");
      break;
    case Kind::kFixed:
      if (shape.width > 0 && buffers[1].bytes / static_cast<uint64_t>(shape.width) < length)
        return Bad("values are missing");
      break;
    case Kind::kText32:
    case Kind::kText64: {
      const int64_t reach = TRY(Reach(array, shape, buffers[1]));
      if (static_cast<uint64_t>(reach) > buffers[2].bytes) return Bad("text is missing");
      break;
    }
    case Kind::kList32:
    case Kind::kList64: {
      const int64_t reach = TRY(Reach(array, shape, buffers[1]));
      if (reach > array.children[0]->length) return Bad("a list's items are missing");
      break;
    }
    default:
      break;
  }
  return {};
}

Result<void> Reader::CheckChildren(const ArrowArray& array, const Field& field) {
  if (field.shape.kind == Kind::kStruct || field.shape.kind == Kind::kUnion) {
    for (int64_t i = 0; i < array.n_children; ++i)
      if (array.children[i]->length < array.length) return Bad("a member is short");
  } else if (field.shape.kind == Kind::kFixedList && field.shape.width > 0) {
    if (array.children[0]->length / field.shape.width < array.length)
      return Bad("an array's items are missing");
  }
  if (array.dictionary == nullptr) return {};
  const int64_t values = array.dictionary->length;
  const bool fit = field.format == "C"   ? IndexesFit<uint8_t>(array, values)
                   : field.format == "S" ? IndexesFit<uint16_t>(array, values)
                                         : IndexesFit<uint32_t>(array, values);
  if (!fit) return Bad("a dictionary's values are missing");
  return {};
}

Result<ArrowArray*> Reader::ReadNode(const Field& field) {
  ArrowArray& array = arrays_.arrays.emplace_back();
  array.length = reader_.Get<int64_t>();
  array.null_count = reader_.Get<int64_t>();
  if (array.length < 0 || array.length > kLengthMax || array.null_count < -1 ||
      array.null_count > array.length)
    return Bad("a length");
  std::vector<Buffer> buffers;
  std::vector<const void*>& starts = arrays_.buffers.emplace_back();
  for (int i = 0; i < field.shape.buffers(); ++i) {
    const Buffer buffer = TRY(ReadBuffer());
    buffers.push_back(buffer);
    starts.push_back(buffer.start);
  }
  array.n_buffers = static_cast<int64_t>(starts.size());
  array.buffers = starts.data();
  std::vector<ArrowArray*>& children = arrays_.children.emplace_back();
  for (const Field& child : field.children) {
    ArrowArray* node = TRY(ReadNode(child));
    children.push_back(node);
  }
  array.n_children = static_cast<int64_t>(children.size());
  array.children = children.data();
  if (!field.dictionary.empty()) array.dictionary = TRY(ReadNode(field.dictionary[0]));
  if (!reader_.ok()) return Bad("its description is short");
  TRY(CheckBuffers(array, field, buffers));
  TRY(CheckChildren(array, field));
  return &array;
}

}  // namespace

Result<std::vector<Batch>> ReadSegment(std::string_view description, const Field& root,
                                       std::shared_ptr<const void> memory, std::string_view bytes) {
  auto arrays = std::make_shared<Arrays>();
  arrays->memory = std::move(memory);
  Reader reader(description, bytes, *arrays);
  // A node has two numbers at least.
  const size_t count = reader.wire().GetCount(16);
  std::vector<Batch> batches;
  for (size_t i = 0; i < count; ++i) {
    const ArrowArray* array = TRY(reader.ReadNode(root));
    batches.emplace_back(arrays, array);
  }
  if (!reader.wire().done()) return Bad("its description is long");
  return batches;
}

}  // namespace caudal::engine
