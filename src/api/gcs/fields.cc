#include "api/gcs/fields.h"

#include "api/gcs/errors.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kTextBytesMax = 4096;
constexpr int kDepthMax = 16;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '*' || c == '.';
}

Error Malformed(size_t at) {
  return InvalidValue("fields",
                      "a selector such as items(name,size),nextPageToken; it breaks at character " +
                          std::to_string(at + 1));
}

}  // namespace

// list: path ("," path)*;  path: name ("/" path | "(" list ")")?
class Fields::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Fields> Whole() {
    Fields fields = TRY(List(0));
    if (at_ != text_.size()) return Malformed(at_);
    return fields;
  }

 private:
  Result<Fields> List(int depth) {
    Fields list;
    do {
      TRY(Path(list, depth));
    } while (Take(','));
    return list;
  }

  Result<void> Path(Fields& into, int depth) {
    if (depth > kDepthMax) return InvalidValue("fields", "at most 16 levels");
    SkipSpaces();
    const size_t begin = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    if (at_ == begin) return Malformed(at_);
    const std::string name(text_.substr(begin, at_ - begin));
    Fields below;
    if (Take('/')) {
      TRY(Path(below, depth + 1));
    } else if (Take('(')) {
      below = TRY(List(depth + 1));
      if (!Take(')')) return Malformed(at_);
    } else {
      below.whole_ = true;
    }
    into.members_[name].Merge(below);
    return {};
  }

  bool Take(char wanted) {
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void SkipSpaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<Fields> Fields::Parse(std::string_view text) {
  if (text.size() > kTextBytesMax) return InvalidValue("fields", "at most 4096 bytes");
  if (text.find_first_not_of(' ') == std::string_view::npos) {
    Fields all;
    all.whole_ = true;
    return all;
  }
  return Parser(text).Whole();
}

void Fields::Merge(const Fields& other) {
  whole_ = whole_ || other.whole_;
  for (const auto& [name, below] : other.members_) members_[name].Merge(below);
}

bool Fields::Keeps(const std::string& name) const {
  return whole_ || members_.contains(name) || members_.contains("*");
}

Fields Fields::Below(const std::string& name) const {
  Fields below;
  if (whole_) {
    below.whole_ = true;
    return below;
  }
  if (const auto found = members_.find(name); found != members_.end()) below.Merge(found->second);
  if (const auto any = members_.find("*"); any != members_.end()) below.Merge(any->second);
  return below;
}

Json Fields::Filter(const Json& json) const {
  if (whole_) return json;
  if (json.is_array()) {
    Json list = Json::array();
    for (const Json& item : json) {
      Json kept = Filter(item);
      if (!kept.is_object() || !kept.empty()) list.push_back(std::move(kept));
    }
    return list;
  }
  if (!json.is_object()) return Json::object();
  Json object = Json::object();
  for (const auto& [name, value] : json.items()) {
    if (!Keeps(name)) continue;
    const Fields below = Below(name);
    if (below.whole_) {
      object[name] = value;
      continue;
    }
    Json kept = below.Filter(value);
    if ((kept.is_object() || kept.is_array()) && !kept.empty()) object[name] = std::move(kept);
  }
  return object;
}

}  // namespace caudal::api::gcs
