// The buffers of one Arrow batch, in the order in which a stream has them. Internal to query.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/arrow_columns.h"

namespace caudal::query {

// Arrays that are slices of longer ones are cut to what they show. Points into the arrays, which
// must outlive it.
class ArrowBody {
 public:
  // `length` rows from `first` on; `first` counts the array's offset.
  Result<void> Add(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                   int64_t length);

  const std::vector<ipc::FieldNode>& nodes() const { return nodes_; }
  const std::vector<ipc::Buffer>& buffers() const { return buffers_; }
  int64_t bytes() const { return bytes_; }
  void AppendTo(std::string& out) const;  // bytes() of them

 private:
  struct Piece {
    const void* start;
    int64_t bytes;
  };

  void AddBuffer(const void* start, int64_t bytes);
  void AddOwned(std::string bytes);
  void AddBits(const void* bits, int64_t first, int64_t length);
  void AddNode(const ArrowArray& array, int64_t first, int64_t length);
  template <class Offset>
  std::pair<int64_t, int64_t> AddOffsets(const ArrowArray& array, int64_t first, int64_t length);
  template <class Offset>
  void AddText(const ArrowArray& array, int64_t first, int64_t length);
  template <class Offset>
  Result<void> AddList(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                       int64_t length);
  Result<void> AddChildren(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                           int64_t length);
  Result<void> CheckDecimals(const ArrowColumn& column, const ArrowArray& array, int64_t first,
                             int64_t length) const;
  void AddAsBits(const ArrowArray& array, int64_t first, int64_t length);
  void AddAsText(const ArrowColumn& column, const ArrowArray& array, int64_t first, int64_t length);

  std::vector<ipc::FieldNode> nodes_;
  std::vector<ipc::Buffer> buffers_;
  std::vector<Piece> pieces_;
  std::deque<std::string> owned_;
  int64_t bytes_ = 0;
};

}  // namespace caudal::query
