#include "app/config/problems.h"

#include <algorithm>

#include "data/near_name.h"

namespace caudal::app {

void Problems::Add(Place place, std::string message) {
  if (problems_.size() < kProblemsMax) problems_.push_back({place, std::move(message)});
}

std::vector<Problem> Problems::Sorted() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return a.place.line != b.place.line ? a.place.line < b.place.line
                                        : a.place.column < b.place.column;
  });
  return sorted;
}

std::string FormatProblems(const std::string& file, std::span<const Problem> problems) {
  std::string text;
  for (const Problem& problem : problems)
    text += file + ":" + std::to_string(problem.place.line) + ":" +
            std::to_string(problem.place.column) + ": " + problem.message + "\n";
  return text;
}

std::string DidYouMean(std::string_view given, std::span<const std::string_view> known) {
  const std::string_view best = NearestName(given, known);
  return best.empty() ? std::string() : " Did you mean '" + std::string(best) + "'?";
}

}  // namespace caudal::app
