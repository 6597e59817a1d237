#include "query/table_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace caudal::query {
namespace {

void Add(std::vector<lake::TableName>& meanings, lake::TableName name) {
  if (std::ranges::find(meanings, name) == meanings.end()) meanings.push_back(std::move(name));
}

}  // namespace

Result<lake::WantedTable> WantedOf(const TableUse& use, const std::string& default_dataset) {
  lake::WantedTable wanted;
  wanted.text = use.Text();
  const std::string& dataset = use.schema.empty() ? default_dataset : use.schema;
  if (!use.catalog.empty()) {
    Add(wanted.meanings, {{use.catalog, use.schema}, use.name});
    lake::Levels levels = lake::SplitAtDots(use.catalog);
    const lake::Levels more = lake::SplitAtDots(use.schema);
    levels.insert(levels.end(), more.begin(), more.end());
    Add(wanted.meanings, {std::move(levels), use.name});
  } else if (!dataset.empty()) {
    if (use.schema.empty()) wanted.text = dataset + "." + use.name;
    Add(wanted.meanings, {{dataset}, use.name});
    Add(wanted.meanings, {lake::SplitAtDots(dataset), use.name});
  }
  if (use.schema.empty() && use.name.find('.') != std::string::npos) {
    lake::Levels levels = lake::SplitAtDots(use.name);
    std::string name = levels.back();
    levels.pop_back();
    if (dataset.empty()) wanted.text = use.name;
    Add(wanted.meanings, {std::move(levels), std::move(name)});
  }
  if (wanted.meanings.empty())
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("the table '{}' has no dataset: write dataset.{}, or give a "
                                 "default dataset",
                                 use.name, use.name),
                     "query.no_dataset");
  return wanted;
}

}  // namespace caudal::query
