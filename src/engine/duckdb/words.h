// SQL cut into words the way DuckDB's scanner does it, no further.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::engine {

struct Word {
  enum class Kind : uint8_t { kName, kQuotedName, kText, kNumber, kSymbol };
  Kind kind = Kind::kSymbol;
  std::string text;  // of names, in lower case and without quotes; of symbols, the character
  size_t begin = 0;  // where it stands in the SQL, in bytes
  size_t end = 0;

  bool Is(char symbol) const { return kind == Kind::kSymbol && text[0] == symbol; }
  bool IsName() const { return kind == Kind::kName || kind == Kind::kQuotedName; }
};

// Comments and spaces left out; spaces of Unicode count as such. kInvalid for a text, name or
// comment without end, and for what DuckDB and this might read in two ways.
Result<std::vector<Word>> CutIntoWords(std::string_view sql);

}  // namespace caudal::engine
