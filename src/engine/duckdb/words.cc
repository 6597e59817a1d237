#include "engine/duckdb/words.h"

#include <algorithm>
#include <array>

namespace caudal::engine {
namespace {

// What DuckDB turns into a space before it parses, and a little more.
constexpr auto kUnicodeSpaces = std::to_array<std::string_view>({
    "\u00A0", "\u1680", "\u180E", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u200B", "\u200C",
    "\u200D", "\u2028", "\u2029", "\u202F", "\u205F", "\u2060", "\u3000", "\uFEFF",
});

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

class Cutter {
 public:
  explicit Cutter(std::string_view sql) : size_(sql.size()), left_(sql) {}

  Result<std::vector<Word>> Cut() {
    while (true) {
      TRY(SkipSpace());
      if (left_.empty()) return std::move(words_);
      const size_t begin = size_ - left_.size();
      TRY(CutOne());
      words_.back().begin = begin;
      words_.back().end = size_ - left_.size();
    }
  }

 private:
  using Kind = Word::Kind;

  size_t SpaceAt(size_t at) const {  // its bytes; 0: none
    constexpr std::string_view kSpaces = " \t\n\r\f\v";
    if (at >= left_.size()) return 0;
    if (kSpaces.find(left_[at]) != std::string_view::npos) return 1;
    for (const std::string_view space : kUnicodeSpaces)
      if (left_.substr(at).starts_with(space)) return space.size();
    return 0;
  }

  Result<void> SkipSpace() {
    while (!left_.empty()) {
      const size_t space = SpaceAt(0);
      if (space > 0) {
        left_.remove_prefix(space);
      } else if (left_.starts_with("--")) {
        left_.remove_prefix(std::min(left_.find_first_of("\n\r"), left_.size()));
      } else if (left_.starts_with("/*")) {
        TRY(SkipComment());
      } else {
        break;
      }
    }
    return {};
  }

  Result<void> SkipComment() {  // they nest
    size_t at = 2;
    for (int depth = 1; depth > 0;) {
      const std::string_view two = left_.substr(std::min(at, left_.size()), 2);
      if (two.size() < 2) return Unended("comment");
      if (two == "*/") --depth;
      if (two == "/*") ++depth;
      at += two == "*/" || two == "/*" ? 2 : 1;
    }
    left_.remove_prefix(at);
    return {};
  }

  Result<void> CutOne() {
    const char first = left_[0];
    if (first == '\'') return CutQuoted(Kind::kText, '\'', false);
    if (first == '"') return CutQuoted(Kind::kQuotedName, '"', false);
    if (StartsName(first)) return CutName();
    if (IsDigit(first) || (first == '.' && left_.size() > 1 && IsDigit(left_[1])))
      return CutNumber();
    if (first == '$') return CutDollar();
    words_.push_back({Kind::kSymbol, std::string(1, first), 0, 0});
    left_.remove_prefix(1);
    return {};
  }

  Result<void> CutName() {
    size_t end = 0;
    while (end < left_.size() && SpaceAt(end) == 0 &&
           (StartsName(left_[end]) || IsDigit(left_[end]) || left_[end] == '$'))
      ++end;
    std::string name(left_.substr(0, end));
    std::transform(name.begin(), name.end(), name.begin(), Lower);
    left_.remove_prefix(end);
    // Prefixes of texts: E'…' has escapes, U&'…' is another alphabet, and DuckDB has none of it.
    if (name == "e" && left_.starts_with('\'')) return CutQuoted(Kind::kText, '\'', true);
    if (name == "u" && (left_.starts_with("&'") || left_.starts_with("&\"")))
      return MakeError(ErrorKind::kInvalid, "U& texts and names aren't supported");
    words_.push_back({Kind::kName, std::move(name), 0, 0});
    return {};
  }

  Result<void> CutQuoted(Kind kind, char quote, bool escapes) {
    std::string text;
    for (size_t at = 1; at < left_.size(); ++at) {
      if (escapes && left_[at] == '\\' && at + 1 < left_.size()) {
        text += left_[++at];
      } else if (left_[at] != quote) {
        text += Lower(left_[at]);
      } else if (at + 1 < left_.size() && left_[at + 1] == quote) {
        text += left_[at++];
      } else {
        left_.remove_prefix(at + 1);
        words_.push_back({kind, std::move(text), 0, 0});
        return {};
      }
    }
    return Unended(quote == '"' ? "quoted name" : "text");
  }

  // 12, 1_000, 0x1F, 1.5, 1e-3
  Result<void> CutNumber() {
    size_t end = 0;
    const auto skip = [&](std::string_view of) {
      end = std::min(left_.find_first_not_of(of, end), left_.size());
    };
    constexpr std::string_view kDigits = "0123456789_";
    if (left_.starts_with("0x") || left_.starts_with("0X")) {
      end = 2;
      skip("0123456789abcdefABCDEF_");
    } else {
      skip(kDigits);
      if (end < left_.size() && left_[end] == '.') {
        ++end;
        skip(kDigits);
      }
      const size_t before = end;
      if (end < left_.size() && Lower(left_[end]) == 'e') {
        ++end;
        if (end < left_.size() && (left_[end] == '+' || left_[end] == '-')) ++end;
        if (end < left_.size() && IsDigit(left_[end])) {
          skip(kDigits);
        } else {
          end = before;
        }
      }
    }
    // "1e'\''" may be read in two ways, "1abc" too.
    if (end < left_.size() && SpaceAt(end) == 0 &&
        (StartsName(left_[end]) || left_[end] == '\'' || left_[end] == '"' || left_[end] == '$'))
      return MakeError(ErrorKind::kInvalid, "a space is missing after the number '" +
                                                std::string(left_.substr(0, end)) + "'");
    words_.push_back({Kind::kNumber, std::string(left_.substr(0, end)), 0, 0});
    left_.remove_prefix(end);
    return {};
  }

  // $1, $name, or a text between $tag$ and $tag$.
  Result<void> CutDollar() {
    size_t end = 1;
    while (end < left_.size() && SpaceAt(end) == 0 &&
           (StartsName(left_[end]) || IsDigit(left_[end])))
      ++end;
    const bool tagged = end < left_.size() && left_[end] == '$' && !(end > 1 && IsDigit(left_[1]));
    if (!tagged) {
      words_.push_back({Kind::kSymbol, "$", 0, 0});
      left_.remove_prefix(1);
      return {};
    }
    const std::string_view tag = left_.substr(0, end + 1);
    const size_t close = left_.find(tag, tag.size());
    if (close == std::string_view::npos) return Unended("text");
    words_.push_back(
        {Kind::kText, std::string(left_.substr(tag.size(), close - tag.size())), 0, 0});
    left_.remove_prefix(close + tag.size());
    return {};
  }

  static Error Unended(std::string_view what) {
    return MakeError(ErrorKind::kInvalid, "a " + std::string(what) + " in the SQL has no end");
  }

  const size_t size_;
  std::string_view left_;
  std::vector<Word> words_;
};

}  // namespace

Result<std::vector<Word>> CutIntoWords(std::string_view sql) {
  // DuckDB takes SQL up to its first zero byte.
  if (sql.find('\0') != std::string_view::npos)
    return MakeError(ErrorKind::kInvalid, "the SQL has a zero byte in it");
  return Cutter(sql).Cut();
}

}  // namespace caudal::engine
