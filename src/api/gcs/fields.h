// Partial responses: the `fields` parameter ("items(id,name),nextPageToken", "a/b", "*").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace caudal::api::gcs {

// What to keep of a JSON document. Immutable once parsed.
class Fields {
 public:
  // kInvalid when the selector is malformed, longer than 4 KiB or nests deeper than 16. Empty text
  // keeps everything.
  static Result<Fields> Parse(std::string_view text);

  bool keeps_all() const { return whole_; }
  // Whether any of the top-level member `name` is kept.
  bool Keeps(const std::string& name) const;
  // The selector below the top-level member `name`.
  Fields Below(const std::string& name) const;
  // The kept part of `json`; lists are filtered item by item.
  Json Filter(const Json& json) const;

 private:
  class Parser;
  void Merge(const Fields& other);

  bool whole_ = false;  // a leaf of the selector: all of this is kept
  std::map<std::string, Fields> members_;
};

}  // namespace caudal::api::gcs
