// The rows that a load leaves out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "transfer/load.h"

namespace caudal::transfer {

// Puts the rows into the report as they come, by file. One thread at a time.
class BadRows {
 public:
  BadRows(int64_t max, LoadReport& report) : max_(max), report_(report) {}

  void Add(BadRow row) {
    ++report_.bad_rows;
    if (report_.listed.size() < LoadReport::kBadRowsListed)
      report_.listed.push_back(std::move(row));
  }
  void AddUnlisted(int64_t rows) { report_.bad_rows += rows; }
  int64_t max() const { return max_; }
  // More of them would tell nothing new: the load fails, and the list is full.
  bool enough() const {
    return report_.bad_rows > max_ && report_.listed.size() >= LoadReport::kBadRowsListed;
  }
  // kInvalid ("load.bad_rows"), with the first of them, when there are more than may be.
  Result<void> Check() const;

 private:
  const int64_t max_;
  LoadReport& report_;
};

std::string TextOf(const BadRow& row);  // "gs://b/f.csv line 4, column 'amount': '12,5' is no …"

}  // namespace caudal::transfer
