// What is wrong with a configuration: each with its place in the file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caudal::app {

struct Place {
  int line = 1;  // counted from 1
  int column = 1;
};

struct Problem {
  Place place;
  std::string message;  // names the key, the cause and the remedy
};

// Collects at most kProblemsMax problems, so that one run names them all.
class Problems {
 public:
  static constexpr size_t kProblemsMax = 100;

  void Add(Place place, std::string message);
  bool empty() const { return problems_.empty(); }
  // In the order of the file.
  std::vector<Problem> Sorted() const;

 private:
  std::vector<Problem> problems_;
};

// "caudal.yaml:3:5: server.listn: …", one line each.
std::string FormatProblems(const std::string& file, std::span<const Problem> problems);

// " Did you mean 'listen'?" when one of `known` is a likely slip of `given`, else nothing.
std::string DidYouMean(std::string_view given, std::span<const std::string_view> known);

}  // namespace caudal::app
