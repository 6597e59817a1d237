#include "pipeline/table_pair.h"

#include <fmt/format.h>

#include <charconv>

namespace caudal::pipeline {
namespace {

// See lake::CheckPart.
std::string AsName(std::string_view text) {
  std::string name(text);
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '`' || c == '"')
      c = '_';
  return name;
}

}  // namespace

TablePair PairOf(const std::string& dataset, std::string_view default_schema,
                 std::string_view schema, std::string_view table) {
  const std::string name =
      schema == default_schema ? AsName(table) : AsName(schema) + "_" + AsName(table);
  return {{{dataset}, name},
          {{dataset}, name + "__changes"},
          {{dataset, "_reading"}, name},
          {{dataset}, name + kQuarantineEnd}};
}

Result<SourceName> SplitTableFolder(std::string_view folder) {
  const auto bad = [&] {
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("\"{}\" is no table's folder in the landing bucket", folder));
  };
  SourceName name;
  std::string* part = &name.schema;
  for (size_t i = 0; i < folder.size(); ++i) {
    if (folder[i] == '.') {
      if (part == &name.table) return bad();
      part = &name.table;
    } else if (folder[i] == '%') {
      unsigned byte = 0;
      const std::string_view digits = folder.substr(i + 1, 2);
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (digits.size() != 2 || read.ptr != digits.data() + 2) return bad();
      *part += static_cast<char>(byte);
      i += 2;
    } else {
      *part += folder[i];
    }
  }
  if (part != &name.table) return bad();
  return name;
}

}  // namespace caudal::pipeline
