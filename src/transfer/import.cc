#include "transfer/import.h"

#include <deque>
#include <memory>

namespace caudal::transfer {
namespace {

// A copy of an array's tree, whose buffers are the batch's or its own.
struct Tree {
  explicit Tree(engine::Batch rows) : batch(std::move(rows)) {}

  ArrowArray* Copy(const ArrowArray& source, const Type& type) {
    ArrowArray& copy = nodes.emplace_back(source);
    copy.release = nullptr;
    copy.private_data = nullptr;
    if (type.Is(TypeKind::kBoolean) && source.n_buffers == 2 && source.buffers[1] != nullptr)
      Pack(copy);
    const bool entries = type.Is(TypeKind::kMap) && source.n_children == 1;
    if (type.nested() && source.n_children > 0) {
      std::vector<ArrowArray*>& list = lists.emplace_back();
      for (int64_t i = 0; i < source.n_children; ++i)
        list.push_back(entries ? Entries(*source.children[i], type)
                               : Child(*source.children[i], type, static_cast<size_t>(i)));
      copy.children = list.data();
    }
    return &copy;
  }

  ArrowArray* Child(const ArrowArray& source, const Type& type, size_t i) {
    return i < type.fields().size() ? Copy(source, type.fields()[i].type)
                                    : &nodes.emplace_back(source);
  }

  ArrowArray* Entries(const ArrowArray& source, const Type& map) {
    ArrowArray& copy = nodes.emplace_back(source);
    std::vector<ArrowArray*>& list = lists.emplace_back();
    for (int64_t i = 0; i < source.n_children; ++i)
      list.push_back(Child(*source.children[i], map, static_cast<size_t>(i)));
    copy.children = list.data();
    return &copy;
  }

  // From a byte each to bits, at the same places.
  void Pack(ArrowArray& array) {
    const auto* bytes = static_cast<const uint8_t*>(array.buffers[1]);
    const auto count = static_cast<size_t>(array.offset + array.length);
    std::vector<uint8_t>& packed = bits.emplace_back((count + 7) / 8);
    for (size_t i = 0; i < count; ++i)
      if (bytes[i] != 0) packed[i / 8] = static_cast<uint8_t>(packed[i / 8] | 1U << (i % 8));
    std::vector<const void*>& list = buffers.emplace_back();
    list = {array.buffers[0], packed.data()};
    array.buffers = list.data();
  }

  const engine::Batch batch;
  std::deque<ArrowArray> nodes;
  std::deque<std::vector<ArrowArray*>> lists;
  std::deque<std::vector<const void*>> buffers;
  std::deque<std::vector<uint8_t>> bits;
};

}  // namespace

Result<std::vector<Array>> ImportColumns(const engine::Batch& rows,
                                         const std::vector<Field>& fields) {
  const ArrowArray& root = rows.array();
  if (root.n_children < static_cast<int64_t>(fields.size()))
    return MakeError(ErrorKind::kInternal, "a result with too few columns");
  std::vector<Array> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    auto tree = std::make_unique<Tree>(rows);
    ArrowArray array = *tree->Copy(*root.children[i], fields[i].type);
    array.private_data = tree.release();
    array.release = [](ArrowArray* released) {
      delete static_cast<Tree*>(released->private_data);
      released->release = nullptr;
    };
    Array column = TRY(Array::Import(&array, fields[i].type));
    // A struct's rows may begin at an offset of its own.
    columns.push_back(column.Slice(root.offset, root.length));
  }
  return columns;
}

}  // namespace caudal::transfer
