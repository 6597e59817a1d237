#include "query/file_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/distinct_names.h"
#include "os/file.h"

namespace caudal::query {
namespace {

using engine::ParquetFooter;
using engine::ParquetNode;
using Kind = FileColumn::Kind;

constexpr int kByteArray = 6;
constexpr int kFixedByteArray = 7;

void GiveSqlNames(std::vector<FileColumn>& columns) {
  DistinctNames distinct;
  for (FileColumn& column : columns) column.sql_name = distinct.Next(column.name);
}

Result<FileColumn> ColumnOf(const ParquetFooter& footer, size_t at);

Error BadLayout(const ParquetNode& node) {
  return MakeError(
      ErrorKind::kUnsupported,
      fmt::format("column '{}' is a list or map of a layout that isn't known", node.name));
}

Result<FileColumn> ListOf(const ParquetFooter& footer, size_t at) {
  const ParquetNode& repeated = footer.nodes[footer.nodes[at].children[0]];
  size_t element = footer.nodes[at].children[0];
  // Old writers have two levels, and the repeated one is the element itself.
  if (repeated.children.size() == 1 && repeated.name != "array" &&
      !repeated.name.ends_with("_tuple"))
    element = repeated.children[0];
  FileColumn column;
  column.kind = Kind::kList;
  FileColumn item = TRY(ColumnOf(footer, element));
  column.children.push_back(std::move(item));
  return column;
}

Result<FileColumn> MapOf(const ParquetFooter& footer, size_t at) {
  const std::vector<size_t>& children = footer.nodes[footer.nodes[at].children[0]].children;
  if (children.size() != 2) return BadLayout(footer.nodes[at]);
  FileColumn column;
  column.kind = Kind::kMap;
  for (const size_t child : children) {
    FileColumn part = TRY(ColumnOf(footer, child));
    column.children.push_back(std::move(part));
  }
  return column;
}

Result<FileColumn> StructOf(const ParquetFooter& footer, size_t at) {
  FileColumn column;
  column.kind = Kind::kStruct;
  for (const size_t child : footer.nodes[at].children) {
    FileColumn part = TRY(ColumnOf(footer, child));
    column.children.push_back(std::move(part));
  }
  GiveSqlNames(column.children);
  return column;
}

// One that is repeated is an element here: its list is above.
Result<FileColumn> ColumnOf(const ParquetFooter& footer, size_t at) {
  const ParquetNode& node = footer.nodes[at];
  const bool wraps = node.children.size() == 1 && footer.nodes[node.children[0]].repeated;
  FileColumn column;
  if (node.children.empty()) {
    column.raw_bytes = !node.text && !node.uuid && !node.decimal &&
                       (node.physical == kByteArray || node.physical == kFixedByteArray);
  } else if (wraps && node.map) {
    column = TRY(MapOf(footer, at));
  } else if (wraps) {
    column = TRY(ListOf(footer, at));
  } else {
    column = TRY(StructOf(footer, at));
  }
  column.name = node.name;
  column.sql_name = node.name;
  column.field_id = node.field_id;
  if (node.children.empty()) column.type = node.type;
  return column;
}

bool HasIds(const std::vector<FileColumn>& columns) {
  return std::ranges::any_of(columns, [](const FileColumn& column) {
    return column.field_id.has_value() || HasIds(column.children);
  });
}

std::vector<FileColumn> Mapped(const std::vector<FileColumn>& columns,
                               const std::vector<lake::MappedField>& mapping, Kind parent) {
  static constexpr std::string_view kMapParts[] = {"key", "value"};
  std::vector<FileColumn> mapped = columns;
  for (size_t i = 0; i < mapped.size(); ++i) {
    FileColumn& column = mapped[i];
    std::string_view name = column.name;
    if (parent == Kind::kList) name = "element";
    if (parent == Kind::kMap) name = kMapParts[i];
    const lake::MappedField* field = lake::FindByName(mapping, name);
    column.field_id = field == nullptr ? std::nullopt : field->field_id;
    static const std::vector<lake::MappedField> none;
    column.children = Mapped(column.children, field == nullptr ? none : field->fields, column.kind);
  }
  return mapped;
}

}  // namespace

Result<FileColumns> ColumnsOf(const ParquetFooter& footer) {
  FileColumns columns;
  for (const size_t at : footer.columns()) {
    if (footer.nodes[at].repeated) return BadLayout(footer.nodes[at]);
    FileColumn column = TRY(ColumnOf(footer, at));
    columns.columns.push_back(std::move(column));
  }
  GiveSqlNames(columns.columns);
  columns.has_ids = HasIds(columns.columns);
  return columns;
}

FileColumns WithIds(const FileColumns& columns, const std::vector<lake::MappedField>& mapping) {
  return {Mapped(columns.columns, mapping, Kind::kStruct), true};
}

Result<SharedColumns> FileColumnsCache::Read(const std::string& uri, const std::string& path) {
  {
    MutexLock lock(mutex_);
    const auto found = by_uri_.find(uri);
    if (found != by_uri_.end()) return found->second;
  }
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  Result<engine::ParquetFooter> footer = engine::ReadParquetFooter(file);
  if (!footer.ok())
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("the data file {}: {}", uri, footer.error().message));
  Result<FileColumns> columns = ColumnsOf(*footer);
  if (!columns.ok()) return std::move(columns).error().Within("the data file " + uri);
  return Keep(uri, std::move(columns).take());
}

SharedColumns FileColumnsCache::Keep(const std::string& uri, FileColumns columns) {
  constexpr size_t kKnownMax = 100;
  MutexLock lock(mutex_);
  if (by_uri_.size() >= kFilesMax) by_uri_.clear();
  const auto same =
      std::ranges::find_if(known_, [&](const SharedColumns& each) { return *each == columns; });
  SharedColumns shared =
      same != known_.end() ? *same : std::make_shared<const FileColumns>(std::move(columns));
  if (same == known_.end()) {
    if (known_.size() >= kKnownMax) known_.erase(known_.begin());
    known_.push_back(shared);
  }
  by_uri_.insert_or_assign(uri, shared);
  return shared;
}

}  // namespace caudal::query
