#include "query/sql_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/lower_case.h"

namespace caudal::query {
namespace {

using engine::Word;

// What may stand behind a table and its time.
constexpr auto kEnds = std::to_array<std::string_view>({
    "anti",       "as",      "asof",    "at",     "cross",  "except",      "fetch",
    "for",        "full",    "group",   "having", "inner",  "intersect",   "join",
    "left",       "limit",   "natural", "offset", "on",     "order",       "pivot",
    "positional", "qualify", "right",   "select", "semi",   "tablesample", "union",
    "unpivot",    "using",   "using",   "where",  "window",
});

bool IsWord(const Word& word, std::string_view text) {
  return word.kind == Word::Kind::kName && word.text == text;
}

bool IsSystemTime(const std::vector<Word>& words, size_t i) {
  return i + 3 < words.size() && IsWord(words[i], "for") && IsWord(words[i + 1], "system_time") &&
         IsWord(words[i + 2], "as") && IsWord(words[i + 3], "of");
}

// Behind the expression that begins at word `i`. Parentheses and brackets are whole, and so is
// "AT TIME ZONE".
size_t EndOfExpression(const std::vector<Word>& words, size_t i) {
  int depth = 0;
  for (; i < words.size(); ++i) {
    const Word& word = words[i];
    if (word.Is('(') || word.Is('[') || word.Is('{')) ++depth;
    if (word.Is(')') || word.Is(']') || word.Is('}')) --depth;
    if (depth < 0) return i;
    if (depth > 0) continue;
    if (word.Is(',') || word.Is(';')) return i;
    if (word.kind != Word::Kind::kName || !std::ranges::count(kEnds, word.text)) continue;
    const bool zone = word.text == "at" && i + 2 < words.size() && IsWord(words[i + 1], "time") &&
                      IsWord(words[i + 2], "zone");
    if (!zone) return i;
  }
  return i;
}

// Behind "AS name" or "AS name(a, b)"; `i` when there is none.
size_t EndOfAlias(const std::vector<Word>& words, size_t i) {
  if (i + 1 >= words.size() || !IsWord(words[i], "as") || !words[i + 1].IsName()) return i;
  if (i + 2 >= words.size() || !words[i + 2].Is('(')) return i + 2;
  for (size_t end = i + 3; end < words.size(); ++end)
    if (words[end].Is(')')) return end + 1;
  return i + 2;
}

Result<SqlText> Cut(std::string sql) {
  std::vector<Word> words = TRY(engine::CutIntoWords(sql));
  return SqlText{std::move(sql), std::move(words)};
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::vector<Edit> PlainSpaces(const SqlText& text) {
  std::vector<Edit> edits;
  size_t gap = 0;
  const auto look = [&](size_t begin, size_t end) {
    if (!IsAscii(std::string_view(text.sql).substr(begin, end - begin)))
      edits.push_back({begin, end, " "});
  };
  for (const Word& word : text.words) {
    look(gap, word.begin);
    gap = word.end;
  }
  look(gap, text.sql.size());
  return edits;
}

Result<std::vector<Edit>> SystemTimes(const SqlText& text) {
  const std::vector<Word>& words = text.words;
  std::vector<Edit> edits;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!IsSystemTime(words, i)) continue;
    const size_t first = i + 4;
    const size_t end = EndOfExpression(words, first);
    if (end == first)
      return MakeError(ErrorKind::kInvalid,
                       "FOR SYSTEM_TIME AS OF needs a time behind it, at " +
                           PlaceInText(text.sql, words[i].begin),
                       "query.syntax");
    const auto piece = [&](size_t from, size_t to) {
      return text.sql.substr(words[from].begin, words[to - 1].end - words[from].begin);
    };
    std::string rewritten = "AT (TIMESTAMP => " + piece(first, end) + ")";
    const size_t alias = EndOfAlias(words, end);
    if (alias > end) rewritten = piece(end, alias) + " " + rewritten;
    edits.push_back({words[i].begin, words[alias - 1].end, std::move(rewritten)});
    i = alias - 1;
  }
  return edits;
}

Error Lost(std::string_view name) {
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("the table '{}' can't be found again in the SQL: write its name and "
                               "time in the plainest way",
                               name));
}

// From the words of "AT ( unit => expression )" that begin at `i`.
Result<void> ReadAt(const SqlText& text, size_t i, TablePlace& place) {
  const std::vector<Word>& words = text.words;
  int depth = 0;
  for (size_t end = i + 1; end < words.size(); ++end) {
    if (words[end].Is('(')) ++depth;
    if (words[end].Is(')')) --depth;
    if (depth > 0) continue;
    if (end < i + 6) break;  // AT ( unit = > x )
    place.at_begin = words[i].begin;
    place.at_end = words[end].end;
    const size_t from = words[i + 5].begin;
    place.at_expression = std::string_view(text.sql).substr(from, words[end].begin - from);
    return {};
  }
  return MakeError(ErrorKind::kUnsupported, "an AT clause that can't be read");
}

}  // namespace

Result<SqlText> PrepareText(std::string_view sql) {
  if (sql.size() > kSqlBytesMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("the SQL is longer than {} bytes", kSqlBytesMax), "query.syntax");
  SqlText text = TRY(Cut(std::string(sql)));
  std::vector<Edit> spaces = PlainSpaces(text);
  if (!spaces.empty()) text = TRY(Cut(Apply(text.sql, std::move(spaces))));
  std::vector<Edit> times = TRY(SystemTimes(text));
  if (!times.empty()) text = TRY(Cut(Apply(text.sql, std::move(times))));
  while (!text.words.empty() && text.words.back().Is(';')) {
    text.sql.resize(text.words.back().begin);
    text.words.pop_back();
  }
  return text;
}

std::string Apply(std::string_view sql, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, &Edit::begin);
  std::string changed;
  size_t done = 0;
  for (const Edit& edit : edits) {
    changed += sql.substr(done, edit.begin - done);
    changed += edit.text;
    done = edit.end;
  }
  changed += sql.substr(done);
  return changed;
}

std::string PlaceInText(std::string_view sql, size_t at) {
  const std::string_view before = sql.substr(0, std::min(at, sql.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t begin = before.rfind('\n');
  const size_t column = begin == std::string_view::npos ? before.size() : before.size() - begin - 1;
  return fmt::format("line {}, column {}", line, column + 1);
}

Result<TablePlace> FindTablePlace(const SqlText& text, size_t at, std::string_view name,
                                  bool timed) {
  const std::vector<Word>& words = text.words;
  const auto first = std::ranges::lower_bound(words, at, {}, &Word::begin);
  if (first == words.end() || first->begin != at) return Lost(name);
  auto i = static_cast<size_t>(first - words.begin());
  while (i + 2 < words.size() && words[i + 1].Is('.')) i += 2;
  if (LowerCase(words[i].text) != LowerCase(name)) return Lost(name);
  TablePlace place;
  place.name_begin = at;
  place.name_end = words[i].end;
  if (!timed) return place;
  // Only an alias, with its columns, can stand in between.
  for (size_t at_word = i + 1; at_word + 1 < words.size(); ++at_word) {
    if (!IsWord(words[at_word], "at") || !words[at_word + 1].Is('(')) continue;
    TRY(ReadAt(text, at_word, place));
    return place;
  }
  return Lost(name);
}

bool IsPlaceOfSubquery(const SqlText& text, size_t at) {
  const auto word = std::ranges::lower_bound(text.words, at, {}, &Word::begin);
  if (word == text.words.begin()) return false;
  const Word& before = *(word - 1);
  return IsWord(before, "from") || IsWord(before, "join") || before.Is(',');
}

bool HasLongName(const SqlText& text, std::string_view first) {
  const std::vector<Word>& words = text.words;
  for (size_t i = 0; i + 4 < words.size(); ++i) {
    const bool begins = i == 0 || !words[i - 1].Is('.');
    if (begins && words[i].IsName() && LowerCase(words[i].text) == first && words[i + 1].Is('.') &&
        words[i + 3].Is('.'))
      return true;
  }
  return false;
}

}  // namespace caudal::query
