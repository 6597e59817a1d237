// Where a change stands in the order of its source.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal {

// A position in a log alone isn't unique (several rows of one statement may share it) and comes
// again after a failover or a restore. So there is the source's incarnation before it, and behind
// it the change's number within its transaction, counted before anything is left out.
struct Position {
  static constexpr size_t kTextLength = 36;
  static constexpr uint64_t kOrdinalMax = 9'999'999'999;

  uint32_t epoch = 0;    // of the source: what it is (system, timeline), and its slot
  uint64_t commit = 0;   // the log position of the transaction's commit
  uint64_t ordinal = 0;  // at most kOrdinalMax

  auto operator<=>(const Position&) const = default;

  // "0000000a-00000000016b3748-0000000042": 8 and 16 hexadecimal digits, 10 decimal ones. Sorts as
  // positions do.
  std::string Text() const;
  // The same into kTextLength characters.
  void PutText(char* at) const;
  // kInvalid, quoting the text, when it isn't one.
  static Result<Position> Parse(std::string_view text);
};

}  // namespace caudal
