// Rows in shared memory: the buffers of some Arrow arrays one after another, each at a multiple of
// 64 bytes, and a description of where each lies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"
#include "engine/rows.h"
#include "engine/schema.h"

namespace caudal::engine {

// The writer's side. The arrays must be of one Field, and live until the parts were used.
class SegmentWriter {
 public:
  explicit SegmentWriter(const Field& root) : root_(root) {}

  // kInternal when the array isn't laid out as its field says.
  Result<void> Add(const ArrowArray& array);
  // What the memory is to hold. The views point into the arrays.
  const std::vector<std::string_view>& parts() const { return parts_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t batches() const { return batches_; }
  // Describes them; ends the writer.
  std::string TakeDescription();

 private:
  Result<void> AddNode(const ArrowArray& array, const Field& field);
  void AddBuffer(const void* start, uint64_t bytes);

  const Field& root_;
  WireWriter nodes_;
  std::vector<std::string_view> parts_;
  uint64_t bytes_ = 0;
  uint32_t batches_ = 0;
};

// The reader's side: `memory` is kept by the batches. Nothing in either is believed: every buffer
// lies inside the memory, every offset, index and child's length is checked against what it points
// to, so that whoever follows the arrays stays inside. Texts may hold any bytes. kInvalid
// otherwise.
Result<std::vector<Batch>> ReadSegment(std::string_view description, const Field& root,
                                       std::shared_ptr<const void> memory, std::string_view bytes);

}  // namespace caudal::engine
