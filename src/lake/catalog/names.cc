#include "lake/catalog/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "data/utf8.h"

namespace caudal::lake {
namespace {

constexpr size_t kLevelsMax = 8;
constexpr size_t kPartBytesMax = 255;

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

Levels SplitAt(std::string_view text, char separator) {
  Levels levels;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    levels.emplace_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return levels;
    at = end + 1;
  }
}

}  // namespace

std::string TextOf(const Levels& levels) { return fmt::format("{}", fmt::join(levels, ".")); }

std::string TextOf(const TableName& name) { return TextOf(name.space) + "." + name.name; }

Result<void> CheckPart(std::string_view what, std::string_view part) {
  const auto invalid = [&](std::string_view why) {
    return MakeError(ErrorKind::kInvalid, fmt::format("the {} '{}' {}", what, part, why),
                     "lake.name");
  };
  if (part.empty()) return invalid("is empty");
  if (!IsValidUtf8(part))
    return MakeError(ErrorKind::kInvalid, fmt::format("the {} isn't UTF-8", what));
  if (part.size() > kPartBytesMax) return invalid("is longer than 255 bytes");
  if (part == "." || part == "..") return invalid("is no name");
  for (const char c : part)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '`' || c == '"')
      return invalid("has a control character, '/', '`' or '\"'");
  return {};
}

Result<void> CheckLevels(const Levels& levels) {
  if (levels.empty())
    return MakeError(ErrorKind::kInvalid, "the namespace is empty: it needs a level", "lake.name");
  if (levels.size() > kLevelsMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("the namespace has {} levels; at most {} are allowed",
                                 levels.size(), kLevelsMax),
                     "lake.name");
  for (const std::string& level : levels) TRY(CheckPart("namespace level", level));
  return {};
}

std::string Join(const Levels& levels) {
  return fmt::format("{}", fmt::join(levels, std::string_view(&kLevelSeparator, 1)));
}

Levels Split(std::string_view joined) { return SplitAt(joined, kLevelSeparator); }

Levels SplitAtDots(std::string_view text) { return SplitAt(text, '.'); }

std::string FolderNameOf(std::string_view part) {
  std::string name(part);
  std::ranges::replace_if(
      name, [](char c) { return !IsPlain(c); }, '_');
  return name;
}

}  // namespace caudal::lake
