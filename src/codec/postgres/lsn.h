// A position in PostgreSQL's write-ahead log.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::postgres {

// Ordered as the log is. Zero is no position: PostgreSQL calls it InvalidXLogRecPtr.
struct Lsn {
  uint64_t value = 0;

  // kInvalid unless it is two hexadecimal numbers of 1 to 8 digits: "16/B374D848".
  static Result<Lsn> Parse(std::string_view text);
  std::string Text() const;  // as PostgreSQL writes it

  bool valid() const { return value != 0; }
  auto operator<=>(const Lsn&) const = default;
};

}  // namespace caudal::postgres
