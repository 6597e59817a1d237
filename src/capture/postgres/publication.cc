#include "capture/postgres/publication.h"

#include <algorithm>

#include "base/failpoint.h"

namespace caudal::capture::postgres {
namespace {

constexpr int kViaRootSince = 130000;
constexpr int kListsSince = 150000;  // column lists, row filters
constexpr int kPublishedMax = kRelationsMax;

// {a,"b c","d\"e"}: an array of names.
std::vector<std::string> NamesOf(std::string_view text) {
  std::vector<std::string> names;
  if (text.size() < 2) return names;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    std::string name;
    const bool quoted = text.front() == '"';
    size_t at = quoted ? 1 : 0;
    for (; at < text.size() && text[at] != (quoted ? '"' : ','); ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at];
    }
    names.push_back(std::move(name));
    at += quoted ? 2 : 1;  // the quote, the comma
    text.remove_prefix(std::min(at, text.size()));
  }
  return names;
}

// `"s"."t" ("a", "b") WHERE (…)`, as a publication takes it.
std::string TableSql(const SourceOptions& options, const SourceTable& table, int version) {
  std::string sql = table.Name();
  if (version < kListsSince) return sql;
  std::string columns;
  bool all = true;
  for (const SourceColumn& column : table.columns) {
    if (column.generated) continue;
    if (!options.TakesColumn(table.schema, table.name, column.name)) {
      all = false;
      continue;
    }
    columns += (columns.empty() ? "" : ", ") + QuoteName(column.name);
  }
  if (!all) sql += " (" + columns + ")";
  const std::string_view filter = options.FilterOf(table.schema, table.name);
  if (!filter.empty()) sql += " WHERE (" + std::string(filter) + ")";
  return sql;
}

Error Conflict(const std::string& message) {
  return MakeError(ErrorKind::kConflict, message, "postgres.publication");
}

}  // namespace

Result<std::optional<PublicationState>> ReadPublication(Connection& connection,
                                                        const std::string& name) {
  const int version = connection.server_version();
  const std::string via_root = version >= kViaRootSince ? "pubviaroot" : "false";
  const Rows rows = TRY(connection.Query(
      "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, " + via_root +
      " FROM pg_catalog.pg_publication WHERE pubname = " + QuoteText(name)));
  if (rows.size() == 0) return std::optional<PublicationState>();
  PublicationState state;
  state.all_tables = rows.Bool(0, 0);
  state.inserts = rows.Bool(0, 1);
  state.updates = rows.Bool(0, 2);
  state.deletes = rows.Bool(0, 3);
  state.truncates = rows.Bool(0, 4);
  state.via_root = rows.Bool(0, 5);
  const std::string lists = version >= kListsSince ? "attnames::text, rowfilter" : "NULL, NULL";
  const Rows tables =
      TRY(connection.Query("SELECT schemaname, tablename, " + lists +
                           " FROM pg_catalog.pg_publication_tables WHERE pubname "
                           "= " +
                           QuoteText(name) + " LIMIT " + std::to_string(kPublishedMax + 1)));
  if (tables.size() > kPublishedMax)
    return MakeError(ErrorKind::kLimit,
                     "the publication has more than " + std::to_string(kPublishedMax) + " tables",
                     "postgres.too_many");
  for (int i = 0; i < tables.size(); ++i)
    state.tables[{std::string(tables.Text(i, 0)), std::string(tables.Text(i, 1))}] = {
        NamesOf(tables.Text(i, 2)), std::string(tables.Text(i, 3))};
  return std::optional<PublicationState>(std::move(state));
}

bool MayPublish(const SourceOptions& options, const SourceTable& table) {
  return table.has_identity() || options.Names(table.schema, table.name);
}

std::vector<const SourceTable*> MissingTables(const PublicationState& publication,
                                              const SourceCatalog& catalog) {
  const auto has = [&](const std::string& schema, const std::string& name) {
    return publication.tables.contains({schema, name});
  };
  std::vector<const SourceTable*> missing;
  for (const SourceTable& table : catalog.tables) {
    if (has(table.schema, table.name)) continue;
    const bool by_partitions =
        !table.partitions.empty() &&
        std::ranges::all_of(table.partitions, [&](const SourcePartition& partition) {
          return has(partition.schema, partition.name);
        });
    // A partitioned table without partitions has no changes to miss.
    const bool empty = publication.all_tables && table.kind == 'p' && table.partitions.empty();
    if (!by_partitions && !empty) missing.push_back(&table);
  }
  return missing;
}

std::string CreatePublicationSql(const SourceOptions& options, const SourceCatalog& catalog,
                                 int server_version) {
  std::string list;
  const auto add = [&](const std::string& table) {
    list += (list.empty() ? " FOR TABLE " : ", ") + table;
  };
  for (const SourceTable& table : catalog.tables) {
    if (server_version >= kViaRootSince || table.kind != 'p') {
      add(TableSql(options, table, server_version));
      continue;
    }
    for (const SourcePartition& partition : table.partitions)
      add(QuoteName(partition.schema, partition.name));
  }
  return "CREATE PUBLICATION " + QuoteName(options.publication) + list +
         " WITH (publish = 'insert, update, delete, truncate'" +
         (server_version >= kViaRootSince ? ", publish_via_partition_root = true" : "") + ");";
}

std::string AddTableSql(const SourceOptions& options, const SourceTable& table,
                        int server_version) {
  return "ALTER PUBLICATION " + QuoteName(options.publication) + " ADD TABLE " +
         TableSql(options, table, server_version) + ";";
}

Result<std::vector<std::string>> PublishNewTables(Connection& connection,
                                                  const SourceOptions& options,
                                                  SourceCatalog& catalog) {
  const std::optional<PublicationState> state =
      TRY(ReadPublication(connection, options.publication));
  std::vector<uint32_t> lacking;
  if (!state) {
    for (const SourceTable& table : catalog.tables)
      if (!MayPublish(options, table)) lacking.push_back(table.oid);
  } else {
    const bool ours = options.publication == DefaultSlotName(options.name);
    for (const SourceTable* table : MissingTables(*state, catalog)) {
      if (ours && MayPublish(options, *table)) {
        const Result<Rows> added =
            connection.Query(AddTableSql(options, *table, connection.server_version()));
        // Another start of ours may have come first.
        if (added.ok() || added.error().Is(ErrorKind::kAlreadyExists)) continue;
        if (RetryRuleOf(added.error().kind).retry) return added.error();
      }
      lacking.push_back(table->oid);
    }
  }
  const auto lacks = [&](const SourceTable& table) {
    return std::ranges::find(lacking, table.oid) != lacking.end();
  };
  std::vector<std::string> left_out;
  for (const SourceTable& table : catalog.tables)
    if (lacks(table)) left_out.push_back(table.Name());
  std::erase_if(catalog.tables, lacks);
  return left_out;
}

Result<PublicationState> EnsurePublication(Connection& connection, const SourceOptions& options,
                                           const SourceCatalog& catalog) {
  const int version = connection.server_version();
  std::optional<PublicationState> state = TRY(ReadPublication(connection, options.publication));
  if (!state) {
    FAILPOINT("capture.postgres.publication.create");
    const std::string sql = CreatePublicationSql(options, catalog, version);
    const Result<Rows> created = connection.Query(sql);
    // Another start of ours may have come first.
    if (!created.ok() && !created.error().Is(ErrorKind::kAlreadyExists))
      return MakeError(created.error().kind,
                       "can't make the publication: " + created.error().message +
                           "; its owner, or a superuser, runs: " + sql,
                       created.error().code);
    FAILPOINT("capture.postgres.publication.created");
    state = TRY(ReadPublication(connection, options.publication));
    if (!state) return Conflict("the publication is gone again");
  }
  if (!state->inserts || !state->updates || !state->deletes || !state->truncates)
    return Conflict("the publication doesn't publish every change; run: ALTER PUBLICATION " +
                    QuoteName(options.publication) +
                    " SET (publish = 'insert, update, delete, truncate');");
  const std::vector<const SourceTable*> missing = MissingTables(*state, catalog);
  if (!missing.empty())
    return Conflict(
        "the publication lacks " + missing.front()->Name() +
        (missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more tables" : "") +
        "; run: " + AddTableSql(options, *missing.front(), version));
  return *std::move(state);
}

}  // namespace caudal::capture::postgres
