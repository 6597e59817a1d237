#include "capture/postgres/pattern.h"

#include <utility>

namespace caudal::capture::postgres {

// Reads dotted names, one after the other.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : text_(text) {}

  Result<std::vector<NamePattern>> Parse(size_t parts_max) {
    std::vector<NamePattern> parts;
    while (true) {
      if (parts.size() == parts_max) return Wrong("has too many parts");
      parts.push_back(TRY(Part()));
      if (at_ == text_.size()) return parts;
      ++at_;  // a dot
    }
  }

 private:
  Error Wrong(const std::string& what) const {
    return MakeError(ErrorKind::kInvalid, "the pattern '" + std::string(text_) + "' " + what,
                     "postgres.pattern");
  }

  Result<NamePattern> Part() {
    glob_.clear();
    exact_.clear();
    bool any = false;
    bool quoted = false;
    while (at_ < text_.size() && text_[at_] != '.') {
      const char c = text_[at_++];
      if (c == '"') {
        TRY(Quoted());
        quoted = true;
      } else if (c == '*') {
        glob_ += "**";
        any = true;
      } else if (static_cast<unsigned char>(c) <= ' ') {
        return Wrong("has a space; put double quotes around names with spaces");
      } else {
        Append(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
      }
    }
    if (glob_.empty()) return Wrong(quoted ? "has an empty name" : "lacks a name at a dot or end");
    if (exact_.size() > kNameBytesMax)
      return Wrong("has a name of more than 63 bytes, PostgreSQL's longest");
    Result<Glob> glob = Glob::Parse(glob_);
    if (!glob.ok()) return Wrong("isn't valid: " + glob.error().message);
    return NamePattern(std::move(glob).take(), any ? std::string() : exact_);
  }

  Result<void> Quoted() {
    while (true) {
      if (at_ == text_.size()) return Wrong("lacks a closing double quote");
      const char c = text_[at_++];
      if (c == '"') {
        if (at_ == text_.size() || text_[at_] != '"') return {};
        ++at_;
      }
      if (c == '\0') return Wrong("has a zero byte");
      Append(c);
    }
  }

  void Append(char c) {
    // A letter or a byte of a longer character means itself to a glob.
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '_';
    if (!plain) glob_ += '\\';
    glob_ += c;
    exact_ += c;
  }

  static constexpr size_t kNameBytesMax = 63;

  const std::string_view text_;
  size_t at_ = 0;
  std::string glob_;
  std::string exact_;
};

bool NamePattern::Matches(std::string_view name) const {
  return exact_.empty() ? glob_.Matches(name) : exact_ == name;
}

Result<TablePattern> TablePattern::Parse(std::string_view text) {
  std::vector<NamePattern> parts = TRY(PatternParser(text).Parse(2));
  if (parts.size() == 1) {
    NamePattern schema = TRY(PatternParser("public").Parse(1)).front();
    return TablePattern(std::move(schema), std::move(parts[0]), std::string(text));
  }
  return TablePattern(std::move(parts[0]), std::move(parts[1]), std::string(text));
}

bool TablePattern::Matches(std::string_view schema, std::string_view table) const {
  return schema_.Matches(schema) && table_.Matches(table);
}

Result<ColumnPattern> ColumnPattern::Parse(std::string_view text) {
  std::vector<NamePattern> parts = TRY(PatternParser(text).Parse(3));
  if (parts.size() == 1)
    return MakeError(ErrorKind::kInvalid,
                     "the pattern '" + std::string(text) +
                         "' names no table; write schema.table.column or table.column",
                     "postgres.pattern");
  if (parts.size() == 2) parts.insert(parts.begin(), TRY(PatternParser("public").Parse(1)).front());
  return ColumnPattern(std::move(parts[0]), std::move(parts[1]), std::move(parts[2]),
                       std::string(text));
}

bool ColumnPattern::MatchesTable(std::string_view schema, std::string_view table) const {
  return schema_.Matches(schema) && table_.Matches(table);
}

bool ColumnPattern::Matches(std::string_view schema, std::string_view table,
                            std::string_view column) const {
  return column_.Matches(column) && MatchesTable(schema, table);
}

namespace {

void AppendQuoted(std::string& out, std::string_view text, char quote) {
  out += quote;
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string out;
  AppendQuoted(out, name, '"');
  return out;
}

std::string QuoteName(std::string_view schema, std::string_view name) {
  std::string out;
  AppendQuoted(out, schema, '"');
  out += '.';
  AppendQuoted(out, name, '"');
  return out;
}

std::string QuoteText(std::string_view text) {
  // The E form means the same whatever standard_conforming_strings is.
  std::string out;
  const bool backslash = text.find('\\') != std::string_view::npos;
  if (backslash) out += " E";
  out += '\'';
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  out += '\'';
  return out;
}

}  // namespace caudal::capture::postgres
