// The table of a load: made, widened, and put back when the load fails.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog/catalog.h"

namespace caudal::transfer {

// What it did goes again with it, unless Keep was called. One thread at a time.
class TableShape {
 public:
  TableShape(lake::Catalog& catalog, lake::TableName name)
      : catalog_(catalog), name_(std::move(name)) {}
  ~TableShape();
  TableShape(const TableShape&) = delete;
  TableShape& operator=(const TableShape&) = delete;

  // Nothing when there is no such table.
  Result<std::optional<Schema>> Find();
  // With its namespace, where that isn't there.
  Result<void> Make(const Schema& schema);
  // Optional columns at its end.
  Result<void> AddColumns(const std::vector<Field>& fields);
  void Keep() { keep_ = true; }
  bool made() const { return made_; }

 private:
  Result<void> MakeNamespace();

  lake::Catalog& catalog_;
  const lake::TableName name_;
  bool keep_ = false;
  bool made_ = false;
  std::vector<lake::Levels> namespaces_made_;
  std::optional<int32_t> schema_before_;
  std::string uuid_;
};

}  // namespace caudal::transfer
