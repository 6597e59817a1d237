#include "functions/sql/csv_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "data/utf8.h"

namespace caudal::functions {
namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

Error Wrong(std::string what) {
  return MakeError(ErrorKind::kInvalid, std::move(what), "input.csv");
}

Result<void> CheckText(std::string_view start) {
  const bool binary = std::ranges::any_of(start, [](unsigned char c) {
    return c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f';
  });
  if (binary) return Wrong("it isn't text: its first line has control characters");
  return {};
}

// Splits the first line; nothing when it doesn't end in `start`.
std::optional<std::vector<std::string>> Split(std::string_view start, bool whole, char delimiter,
                                              char quote, size_t& length) {
  std::vector<std::string> values(1);
  bool quoted = false;
  size_t at = 0;
  for (; at < start.size(); ++at) {
    const char c = start[at];
    if (quote != 0 && c == quote) {
      const bool doubled = quoted && at + 1 < start.size() && start[at + 1] == quote;
      if (doubled)
        values.back() += start[++at];
      else
        quoted = !quoted;
    } else if (!quoted && c == delimiter) {
      values.emplace_back();
    } else if (!quoted && (c == '\n' || c == '\r')) {
      break;
    } else {
      values.back() += c;
    }
  }
  length = at;
  if (at == start.size() && !whole) return std::nullopt;
  return values;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string ListOf(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (text.size() > 300) return text + ", …";
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", name);
  }
  return text;
}

Result<void> CheckNames(const std::vector<std::string>& head) {
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i].empty()) return Wrong(fmt::format("column {} has no name in the header", i + 1));
    for (size_t j = 0; j < i; ++j)
      if (SameName(head[i], head[j]))
        return Wrong(fmt::format("the header has the column '{}' twice", head[i]));
  }
  return {};
}

// A likely reason why the header isn't what was declared.
std::string Hint(const std::vector<std::string>& head, const CsvOptions& options) {
  if (head.size() != 1) return "";
  for (const char other : {';', '\t', '|', ','})
    if (options.delimiter[0] != other && head[0].find(other) != std::string::npos)
      return fmt::format(". Is the delimiter '{}'?",
                         other == '\t' ? std::string("\\t") : std::string(1, other));
  return "";
}

}  // namespace

Result<std::vector<std::string>> ReadCsvHead(std::string_view start, bool whole,
                                             const CsvOptions& options) {
  if (start.empty()) return MakeError(ErrorKind::kInvalid, "it is empty", "input.empty");
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"))
    return Wrong("it is UTF-16; CSV files must be UTF-8");
  if (start.starts_with(kUtf8Mark)) start.remove_prefix(kUtf8Mark.size());
  // Empty lines before it are passed over, as within the file.
  const size_t first = start.find_first_not_of("\r\n");
  start.remove_prefix(std::min(first, start.size()));
  size_t length = 0;
  std::optional<std::vector<std::string>> values = Split(
      start, whole, options.delimiter[0], options.quote.empty() ? 0 : options.quote[0], length);
  TRY(CheckText(start.substr(0, length)));
  if (values && !IsValidUtf8(start.substr(0, length)))
    return Wrong("its first line isn't UTF-8; CSV files must be UTF-8");
  if (!values)
    return Wrong(fmt::format("its first line doesn't end within {} bytes", kCsvHeadBytes));
  if (length == 0) return MakeError(ErrorKind::kInvalid, "it has empty lines only", "input.empty");
  if (first > 0 && values->size() == 1) return Wrong("its first line is empty");
  return std::move(*values);
}

Result<Columns> MatchColumns(const std::vector<std::string>& head, const Columns& declared,
                             const CsvOptions& options) {
  if (!options.header) {
    if (head.size() != declared.size())
      return Wrong(fmt::format("its first line has {} columns, and {} are declared{}", head.size(),
                               declared.size(), Hint(head, options)));
    return declared;
  }
  TRY(CheckNames(head));
  Columns columns;
  if (declared.empty()) {
    for (const std::string& name : head) columns.emplace_back(name, "text");
    return columns;
  }
  const auto find = [](const auto& list, const std::string& name, auto name_of) {
    return std::ranges::find_if(list, [&](const auto& each) { return name_of(each) == name; });
  };
  std::vector<std::string> missing;
  for (const auto& [name, type] : declared)
    if (std::ranges::find(head, name) == head.end()) missing.push_back(name);
  if (!missing.empty())
    return Wrong(fmt::format(
        "the column{} {} {} missing; the header has {}{}", missing.size() == 1 ? "" : "s",
        ListOf(missing), missing.size() == 1 ? "is" : "are", ListOf(head), Hint(head, options)));
  std::vector<std::string> unknown;
  for (const std::string& name : head) {
    const auto found = find(declared, name, [](const auto& each) { return each.first; });
    if (found == declared.end())
      unknown.push_back(name);
    else
      columns.push_back(*found);
  }
  if (!unknown.empty())
    return Wrong(fmt::format("the header has {}, which {} declared", ListOf(unknown),
                             unknown.size() == 1 ? "isn't" : "aren't"));
  return columns;
}

}  // namespace caudal::functions
