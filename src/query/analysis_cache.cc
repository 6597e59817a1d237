#include "query/analysis_cache.h"

#include <utility>

namespace caudal::query {

SharedAnalysis AnalysisCache::Find(const std::string& sql) const {
  MutexLock lock(mutex_);
  const auto found = by_sql_.find(sql);
  return found == by_sql_.end() ? nullptr : found->second;
}

SharedAnalysis AnalysisCache::Keep(const std::string& sql, Analysis analysis) {
  auto shared = std::make_shared<const Analysis>(std::move(analysis));
  if (sql.size() > kTextBytesMax) return shared;
  MutexLock lock(mutex_);
  if (by_sql_.size() >= kTextsMax) by_sql_.clear();
  by_sql_.insert_or_assign(sql, shared);
  return shared;
}

}  // namespace caudal::query
