#include "engine/text.h"

#include <algorithm>

namespace caudal::engine {
namespace {

using Kind = Shape::Kind;

bool NeedsQuotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  if (text.find_first_of("\"'(),:=[]{}") != std::string_view::npos) return true;
  constexpr std::string_view kNull = "null";
  return std::equal(text.begin(), text.end(), kNull.begin(), kNull.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

// A value inside another one.
void AppendMember(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  if (IsNull(array, field, row)) {
    out += "NULL";
  } else if (!field.children.empty() || field.ExtensionType() == "arrow.json") {
    AppendText(out, array, field, row);
  } else {
    std::string text;
    AppendText(text, array, field, row);
    if (NeedsQuotes(text) && field.dictionary.empty()) {
      AppendQuoted(out, text);
    } else {
      out += text;
    }
  }
}

struct Range {
  int64_t first;
  int64_t last;  // past the end
};

Range ItemsOf(const ArrowArray& array, const Field& field, int64_t row) {
  if (field.shape.kind == Kind::kFixedList)
    return {row * field.shape.width, (row + 1) * field.shape.width};
  if (field.shape.kind == Kind::kList32) {
    const auto* offsets = static_cast<const int32_t*>(array.buffers[1]);
    return {offsets[row], offsets[row + 1]};
  }
  const auto* offsets = static_cast<const int64_t*>(array.buffers[1]);
  return {offsets[row], offsets[row + 1]};
}

void AppendList(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const Range items = ItemsOf(array, field, row);
  out += '[';
  for (int64_t i = items.first; i < items.last; ++i) {
    if (i > items.first) out += ", ";
    AppendMember(out, *array.children[0], field.children[0], i);
  }
  out += ']';
}

void AppendMap(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const Range items = ItemsOf(array, field, row);
  const ArrowArray& entries = *array.children[0];
  const Field& entry = field.children[0];
  out += '{';
  for (int64_t i = items.first; i < items.last; ++i) {
    if (i > items.first) out += ", ";
    AppendMember(out, *entries.children[0], entry.children[0], i);
    out += '=';
    AppendMember(out, *entries.children[1], entry.children[1], i);
  }
  out += '}';
}

void AppendStruct(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const bool named = !field.children.empty() && !field.children[0].name.empty();
  out += named ? '{' : '(';
  for (size_t i = 0; i < field.children.size(); ++i) {
    if (i > 0) out += ", ";
    if (named) {
      AppendQuoted(out, field.children[i].name);
      out += ": ";
    }
    AppendMember(out, *array.children[i], field.children[i], row);
  }
  out += named ? '}' : ')';
}

// Which of a union's members holds the value.
size_t MemberAt(const ArrowArray& array, const Field& field, int64_t row) {
  const int8_t id = static_cast<const int8_t*>(array.buffers[0])[row];
  const auto& ids = field.shape.union_ids;
  return static_cast<size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
}

int64_t IndexAt(const ArrowArray& array, const Field& field, int64_t row) {
  if (field.format == "C") return static_cast<const uint8_t*>(array.buffers[1])[row];
  if (field.format == "S") return static_cast<const uint16_t*>(array.buffers[1])[row];
  return static_cast<const uint32_t*>(array.buffers[1])[row];
}

}  // namespace

bool IsNull(const ArrowArray& array, const Field& field, int64_t row) {
  if (field.shape.kind == Kind::kNull) return true;
  row += array.offset;
  if (field.shape.kind == Kind::kUnion) {
    const size_t member = MemberAt(array, field, row);
    return IsNull(*array.children[member], field.children[member], row);
  }
  if (array.buffers[0] == nullptr) return false;
  return (static_cast<const uint8_t*>(array.buffers[0])[row / 8] >> (row % 8) & 1) == 0;
}

void AppendText(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  row += array.offset;
  if (!field.dictionary.empty())
    return AppendText(out, *array.dictionary, field.dictionary[0], IndexAt(array, field, row));
  switch (field.shape.kind) {
    case Kind::kList32:
    case Kind::kList64:
    case Kind::kFixedList:
      return field.format == "+m" ? AppendMap(out, array, field, row)
                                  : AppendList(out, array, field, row);
    case Kind::kStruct:
      return AppendStruct(out, array, field, row);
    case Kind::kUnion: {
      const size_t member = MemberAt(array, field, row);
      return AppendText(out, *array.children[member], field.children[member], row);
    }
    default:
      return AppendScalar(out, array, field, row);
  }
}

}  // namespace caudal::engine
