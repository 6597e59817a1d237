// What queries were found to be, for those that come again.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "query/analysis.h"

namespace caudal::query {

using SharedAnalysis = std::shared_ptr<const Analysis>;

// Thread-safe. An analysis depends on the text alone. Long texts, whose trees are large, aren't
// kept; when there are many, all go.
class AnalysisCache {
 public:
  static constexpr size_t kTextsMax = 256;
  static constexpr size_t kTextBytesMax = 16u << 10;  // a tree takes some hundred times as much

  // Null: it isn't known.
  SharedAnalysis Find(const std::string& sql) const EXCLUDES(mutex_);
  SharedAnalysis Keep(const std::string& sql, Analysis analysis) EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::string, SharedAnalysis> by_sql_ GUARDED_BY(mutex_);
};

}  // namespace caudal::query
