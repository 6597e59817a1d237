#include "lake/format/json_text.h"

#include <algorithm>

#include "data/json.h"

namespace caudal::lake {

void AppendQuoted(std::string& out, const std::string& text) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    out += DumpJson(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace caudal::lake
