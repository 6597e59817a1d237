#include <string>

#include "codec/postgres/value_text.h"
#include "data/utf8.h"

namespace caudal::postgres {
namespace {

// Walks through a text that has quoted parts.
class Scanner {
 public:
  // `scratch` takes what had to be unescaped, until the next quoted part.
  Scanner(std::string_view text, std::string& scratch)
      : at_(text.data()), end_(at_ + text.size()), scratch_(scratch) {}

  bool done() const { return at_ == end_; }
  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool Take(std::string_view word) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool Sees(char c) const { return at_ < end_ && *at_ == c; }
  // Up to one of two characters, which stays; false when a quote, backslash or the end comes first.
  bool TakeBare(char a, char b, std::string_view& bare) {
    const char* const first = at_;
    for (; at_ < end_; ++at_) {
      if (*at_ == a || *at_ == b) {
        bare = {first, static_cast<size_t>(at_ - first)};
        return true;
      }
      if (*at_ == '"' || *at_ == '\\') return false;
    }
    return false;
  }
  // A part in quotes; a backslash takes the next character as it is, and so does, where quotes are
  // doubled, a quote another one.
  bool TakeQuoted(bool doubled, std::string_view& part) {
    if (!Take('"')) return false;
    const char* first = at_;
    scratch_.clear();
    for (; at_ < end_; ++at_) {
      if (*at_ == '"' && !(doubled && at_ + 1 < end_ && at_[1] == '"')) {
        const auto size = static_cast<size_t>(at_ - first);
        ++at_;
        if (scratch_.empty()) {
          part = {first, size};
        } else {
          scratch_.append(first, size);
          part = scratch_;
        }
        return true;
      }
      if (*at_ != '"' && *at_ != '\\') continue;
      scratch_.append(first, static_cast<size_t>(at_ - first));
      if (++at_ == end_) return false;
      scratch_ += *at_;
      first = at_ + 1;
    }
    return false;
  }

 private:
  const char* at_;
  const char* end_;
  std::string& scratch_;
};

}  // namespace

// {1,NULL,"quoted, \"so\""}; [2:3]={…} has other bounds, {{1},{2}} more dimensions.
Held ReadArray(ColumnBuilder& column, const ValueForm& form, std::string_view text) {
  if (text.starts_with('[')) return Held::kUnrepresentable;
  const ValueForm& element = form.parts()[0];
  ColumnBuilder& elements = column.child(0);
  std::string scratch;
  Scanner in(text, scratch);
  if (!in.Take('{')) return Held::kMalformed;
  for (bool first = true; !in.Take('}'); first = false) {
    if (!first && !in.Take(form.delimiter())) return Held::kMalformed;
    std::string_view value;
    if (in.Sees('{')) return Held::kUnrepresentable;
    if (in.Sees('"')) {
      if (!in.TakeQuoted(false, value)) return Held::kMalformed;
    } else if (!in.TakeBare(form.delimiter(), '}', value) || value.empty()) {
      return Held::kMalformed;
    } else if (value == "NULL") {
      elements.AppendNull();
      continue;
    }
    const Held held = AppendText(elements, element, value);
    if (held != Held::kExact) return held;
  }
  if (!in.done()) return Held::kMalformed;
  column.AppendNested();
  return Held::kExact;
}

// (1,,"quoted ""so""",""): nothing is null.
Held ReadComposite(ColumnBuilder& column, const ValueForm& form, std::string_view text) {
  std::string scratch;
  Scanner in(text, scratch);
  if (!in.Take('(')) return Held::kMalformed;
  for (size_t i = 0; i < form.parts().size(); ++i) {
    if (i > 0 && !in.Take(',')) return Held::kMalformed;
    std::string_view value;
    if (in.Sees('"')) {
      if (!in.TakeQuoted(true, value)) return Held::kMalformed;
    } else if (!in.TakeBare(',', ')', value)) {
      return Held::kMalformed;
    } else if (value.empty()) {
      column.child(i).AppendNull();
      continue;
    }
    const Held held = AppendText(column.child(i), form.parts()[i], value);
    if (held != Held::kExact) return held;
  }
  if (!in.Take(')') || !in.done()) return Held::kMalformed;
  column.AppendNested();
  return Held::kExact;
}

// "key"=>"value", "other"=>NULL
Held ReadHstore(ColumnBuilder& column, std::string_view text) {
  std::string scratch;
  Scanner in(text, scratch);
  for (bool first = true; !in.done(); first = false) {
    std::string_view part;
    if (!first && !in.Take(", ")) return Held::kMalformed;
    if (!in.TakeQuoted(false, part)) return Held::kMalformed;
    if (!IsValidUtf8(part)) return Held::kUnrepresentable;
    column.child(0).AppendBytes(part);
    if (!in.Take("=>")) return Held::kMalformed;
    if (in.Take("NULL")) {
      column.child(1).AppendNull();
      continue;
    }
    if (!in.TakeQuoted(false, part)) return Held::kMalformed;
    if (!IsValidUtf8(part)) return Held::kUnrepresentable;
    column.child(1).AppendBytes(part);
  }
  column.AppendNested();
  return Held::kExact;
}

}  // namespace caudal::postgres
