// A user's SQL as text: cut into words that know where they stand, and changed in places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/words.h"

namespace caudal::query {

constexpr size_t kSqlBytesMax = 1u << 20;

struct SqlText {
  std::string sql;
  std::vector<engine::Word> words;
};

// As DuckDB's parser is to see it: spaces of Unicode (which it would replace, and then count wrong)
// and comments with such letters are plain spaces, and
//
//   <table> FOR SYSTEM_TIME AS OF <expression> [AS <alias>]
//
// is DuckDB's <table> [AS <alias>] AT (TIMESTAMP => <expression>). The expression ends before the
// next comma, closing parenthesis or key word that can't go on with it. Semicolons at the end go.
// kInvalid for texts without end, and for too long ones.
Result<SqlText> PrepareText(std::string_view sql);

// A piece of the text, to be replaced.
struct Edit {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};
// Edits don't overlap.
std::string Apply(std::string_view sql, std::vector<Edit> edits);

// "line 2, column 7" of a byte of the text.
std::string PlaceInText(std::string_view sql, size_t at);

// Where a table is named, and the AT clause behind it.
struct TablePlace {
  size_t name_begin = 0;
  size_t name_end = 0;
  size_t at_begin = 0;  // of "AT (…)"; both 0: there is none
  size_t at_end = 0;
  std::string_view at_expression;  // behind "=>"; into the text
};
// Of the table whose name begins at `at` and ends with the part `name`; `timed`: an AT clause
// follows. kUnsupported when the text doesn't show it.
Result<TablePlace> FindTablePlace(const SqlText& text, size_t at, std::string_view name,
                                  bool timed);

// Whether a subquery could stand where the name at `at` does: behind FROM, JOIN or a comma.
bool IsPlaceOfSubquery(const SqlText& text, size_t at);
// Whether a name of three parts or more begins with `first`, in lower case.
bool HasLongName(const SqlText& text, std::string_view first);

}  // namespace caudal::query
