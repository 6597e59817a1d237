#include "lake/catalog/find_tables.h"

#include <fmt/format.h>

#include <set>

#include "data/near_name.h"

namespace caudal::lake {
namespace {

// Of names that might have been meant, so many are looked at.
constexpr int kSuggestedFromMax = 5'000;

std::string Listed(const std::vector<FoundTable>& tables) {
  std::string text;
  for (const FoundTable& table : tables)
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", TextOf(table.name));
  return text;
}

Result<std::vector<FoundTable>> FindIgnoringCase(meta::Connection& connection,
                                                 const WantedTable& wanted) {
  std::vector<FoundTable> found;
  std::set<int64_t> ids;
  for (const TableName& name : wanted.meanings) {
    meta::Statement q =
        TRY(connection.Prepare("SELECT t.id, t.uuid, t.metadata, t.commits, n.path, t.name "
                               "FROM lake_tables t JOIN lake_namespaces n ON n.id = t.namespace "
                               "WHERE t.name = ? COLLATE NOCASE AND n.path = ? COLLATE NOCASE"));
    const std::string path = Join(name.space);  // bound, not copied
    q.BindAll(name.name, path);
    while (TRY(q.Step())) {
      if (!ids.insert(q.Int(0)).second) continue;
      found.push_back({{Split(q.Text(4)), std::string(q.Text(5))},
                       {q.Int(0), std::string(q.Text(1)), std::string(q.Text(2)), q.Int(3)}});
    }
  }
  return found;
}

// Never a table.
Result<FoundTable> NotFound(meta::Connection& connection, const WantedTable& wanted) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT n.path, t.name FROM lake_tables t JOIN lake_namespaces n "
                             "ON n.id = t.namespace LIMIT ?"));
  q.BindAll(kSuggestedFromMax);
  std::vector<std::string> texts;
  while (TRY(q.Step())) texts.push_back(TextOf({Split(q.Text(0)), std::string(q.Text(1))}));
  const std::vector<std::string_view> names(texts.begin(), texts.end());
  std::string_view near = NearestName(wanted.text, names);
  for (size_t i = 0; near.empty() && i < wanted.meanings.size(); ++i)
    near = NearestName(TextOf(wanted.meanings[i]), names);
  std::string message = fmt::format("the table '{}' doesn't exist", wanted.text);
  if (!near.empty()) message += fmt::format("; did you mean '{}'?", near);
  return MakeError(ErrorKind::kNotFound, std::move(message), "table.not_found");
}

}  // namespace

Result<FoundTable> FindTable(meta::Connection& connection, const WantedTable& wanted) {
  for (const TableName& name : wanted.meanings) {
    Result<TableRow> row = ReadTable(connection, name);
    if (row.ok()) return FoundTable{name, std::move(row).take()};
    if (!row.error().Is(ErrorKind::kNotFound)) return row.error();
  }
  std::vector<FoundTable> found = TRY(FindIgnoringCase(connection, wanted));
  if (found.size() == 1) return std::move(found[0]);
  if (found.size() > 1)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("'{}' may be any of {}: write the letters' case as it is",
                                 wanted.text, Listed(found)),
                     "table.ambiguous");
  return NotFound(connection, wanted);
}

}  // namespace caudal::lake
