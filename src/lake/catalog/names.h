// Names of namespaces and tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::lake {

// A namespace: its levels, outermost first.
using Levels = std::vector<std::string>;

struct TableName {
  Levels space;
  std::string name;

  bool operator==(const TableName&) const = default;
};

// "sales.emea", "sales.emea.orders": for people.
std::string TextOf(const Levels& levels);
std::string TextOf(const TableName& name);
// The parts between the dots, as people write levels.
Levels SplitAtDots(std::string_view text);

// 1 to 8 levels, each as CheckPart has it. kInvalid names the part.
Result<void> CheckLevels(const Levels& levels);
// 1 to 255 bytes of UTF-8 without control characters, '/', '`' or '"', and neither "." nor "..".
Result<void> CheckPart(std::string_view what, std::string_view part);

// As the catalogue's rows hold a namespace, and as URLs spell one: levels joined by U+001F.
inline constexpr char kLevelSeparator = '\x1f';
std::string Join(const Levels& levels);
Levels Split(std::string_view joined);

// A folder's name for the part: letters, digits, '_' and '-'; others become '_'.
std::string FolderNameOf(std::string_view part);

}  // namespace caudal::lake
