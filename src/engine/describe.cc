#include "engine/describe.h"

#include <fmt/format.h>

#include "engine/quoting.h"

namespace caudal::engine {
namespace {

constexpr size_t kColumnsMax = 100'000;

Result<Table> Ask(Session& session, const std::string& sql, size_t rows_max) {
  const std::unique_ptr<Rows> rows = TRY(session.Run({sql, {}, false}));
  return ReadAll(*rows, rows_max);
}

Result<bool> IsListed(Session& session, std::string_view kind, const std::string& name) {
  const Table found = TRY(Ask(session,
                              fmt::format("SELECT 1 FROM duckdb_{0}s() WHERE NOT internal AND "
                                          "lower({0}_name) = lower({1})",
                                          kind, QuoteText(name)),
                              100));
  return !found.rows.empty();
}

}  // namespace

Result<std::vector<Column>> ColumnsOf(Session& session, const std::string& table) {
  const Table described = TRY(Ask(
      session, fmt::format("SELECT column_name, column_type FROM (DESCRIBE {})", QuoteName(table)),
      kColumnsMax));
  std::vector<Column> columns;
  columns.reserve(described.rows.size());
  for (const auto& row : described.rows)
    columns.push_back({row[0].value_or(""), row[1].value_or("")});
  return columns;
}

Result<bool> IsTable(Session& session, const std::string& name) {
  return IsListed(session, "table", name);
}

Result<bool> IsView(Session& session, const std::string& name) {
  return IsListed(session, "view", name);
}

}  // namespace caudal::engine
