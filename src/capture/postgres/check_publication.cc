// The publication and the slot: those that are there must be right, those that aren't must be
// possible.
#include <algorithm>

#include "capture/postgres/check.h"

namespace caudal::capture::postgres {
namespace {

constexpr int kViaRootSince = 130000;

// Only owners publish a table, and only those who may create in the database make publications.
Result<bool> MayCreate(Connection& connection, const SourceCatalog& catalog) {
  std::vector<uint32_t> oids;
  for (const SourceTable& table : catalog.tables) oids.push_back(table.oid);
  const Rows rows = TRY(connection.Query(
      "SELECT has_database_privilege(current_database(), 'CREATE') AND NOT EXISTS (SELECT FROM "
      "pg_catalog.pg_class c WHERE c.oid = ANY (" +
      OidArray(oids) + "::oid[]) AND NOT pg_has_role(c.relowner, 'USAGE'))"));
  return rows.Bool(0, 0);
}

Result<void> CheckAbsent(Connection& connection, const SourceOptions& options,
                         const SourceCatalog& catalog, Findings& findings) {
  if (catalog.tables.empty()) return {};
  const bool may = TRY(MayCreate(connection, catalog));
  Finding finding;
  finding.severity = may ? Severity::kNote : Severity::kError;
  finding.code = "publication";
  finding.object = options.publication;
  finding.what = "there is no publication " + QuoteName(options.publication) +
                 (may ? "" : ", and the role may not make it");
  finding.cause = may ? "the role may make it" : "only the owner of a table may publish it";
  finding.remedy = may ? "nothing need be done; or make it yourself"
                       : "make it, as the owner of the tables or a superuser";
  finding.sql.push_back(CreatePublicationSql(options, catalog, connection.server_version()));
  findings.push_back(std::move(finding));
  return {};
}

void CheckLists(const PublicationState& publication, const SourceOptions& options,
                const SourceTable& table, int version, Findings& findings) {
  const auto found = publication.tables.find({table.schema, table.name});
  if (found == publication.tables.end()) return;
  const std::vector<std::string>& columns = found->second.columns;
  std::string lacks;
  for (const SourceColumn& column : table.columns) {
    if (columns.empty() || column.generated) continue;
    if (!options.TakesColumn(table.schema, table.name, column.name)) continue;
    if (std::ranges::find(columns, column.name) != columns.end()) continue;
    lacks += (lacks.empty() ? "" : ", ") + QuoteName(column.name);
  }
  const std::string drop =
      "ALTER PUBLICATION " + QuoteName(options.publication) + " DROP TABLE " + table.Name() + ";";
  if (!lacks.empty())
    findings.push_back({Severity::kError,
                        "publication_columns",
                        table.Name(),
                        "the publication leaves out " + lacks + " of " + table.Name(),
                        "the snapshot would have what the stream doesn't",
                        "publish them, or name them in columns.exclude",
                        {drop, AddTableSql(options, table, version)}});
  if (!found->second.filter.empty() && options.FilterOf(table.schema, table.name).empty())
    findings.push_back(
        {Severity::kError,
         "publication_filter",
         table.Name(),
         "the publication has only rows of " + table.Name() + " where " + found->second.filter,
         "the snapshot would have what the stream doesn't",
         "put the same condition into `filters`, or publish all rows",
         {drop, AddTableSql(options, table, version)}});
}

}  // namespace

Result<void> CheckPublication(Connection& connection, const SourceOptions& options,
                              const SourceCatalog& catalog, Findings& findings) {
  const int version = connection.server_version();
  const std::optional<PublicationState> publication =
      TRY(ReadPublication(connection, options.publication));
  if (!options.filters.empty() && version < 150000)
    findings.push_back({Severity::kError,
                        "filters",
                        "",
                        "the source can't filter rows of a publication",
                        "PostgreSQL can since version 15",
                        "upgrade the source, or leave `filters` out",
                        {}});
  const bool partitioned = std::ranges::any_of(
      catalog.tables, [](const SourceTable& table) { return table.kind == 'p'; });
  if (partitioned && version < kViaRootSince)
    findings.push_back({Severity::kError,
                        "publish_via_partition_root",
                        options.publication,
                        "a table has partitions, whose changes the source can't publish as its own",
                        "PostgreSQL can since version 13",
                        "upgrade the source, or leave such tables out",
                        {}});
  if (!publication) return CheckAbsent(connection, options, catalog, findings);
  const std::string name = QuoteName(options.publication);
  std::string lacks;
  for (const auto& [operation, published] :
       {std::pair<std::string, bool>{"insert", publication->inserts},
        {"update", publication->updates},
        {"delete", publication->deletes},
        {"truncate", publication->truncates}})
    if (!published) lacks += (lacks.empty() ? "" : ", ") + operation;
  if (!lacks.empty())
    findings.push_back(
        {Severity::kError,
         "publication_operations",
         options.publication,
         "the publication " + name + " doesn't publish " + lacks,
         "such changes would be missed",
         "publish everything",
         {"ALTER PUBLICATION " + name + " SET (publish = 'insert, update, delete, truncate');"}});
  for (const SourceTable* table : MissingTables(*publication, catalog)) {
    if (!MayPublish(options, *table)) continue;  // said of its replica identity
    const bool named = options.Names(table->schema, table->name);
    findings.push_back({named ? Severity::kError : Severity::kWarning,
                        "publication_table",
                        table->Name(),
                        "the publication " + name + " lacks " + table->Name(),
                        named ? "its changes would be missed" : "it isn't copied",
                        "add it, as its owner or a superuser",
                        {AddTableSql(options, *table, version)}});
  }
  if (partitioned && !publication->via_root && version >= kViaRootSince)
    findings.push_back(
        {Severity::kError,
         "publish_via_partition_root",
         options.publication,
         "the publication " + name + " publishes partitions, not their tables",
         "changes of partitions would be missed",
         "publish by the root",
         {"ALTER PUBLICATION " + name + " SET (publish_via_partition_root = true);"}});
  for (const SourceTable& table : catalog.tables)
    CheckLists(*publication, options, table, version, findings);
  return {};
}

void CheckSlot(const SourceOptions& options, const std::string& database,
               const std::optional<SlotState>& slot, Findings& findings) {
  if (!slot) return;  // it is made
  const auto wrong = [&](std::string what, std::string cause, std::string remedy, bool drop) {
    Finding finding;
    finding.code = "slot";
    finding.object = options.slot;
    finding.what = "the slot " + options.slot + " " + what;
    finding.cause = std::move(cause);
    finding.remedy = std::move(remedy);
    if (drop) finding.sql.push_back(DropSlotSql(options.slot));
    findings.push_back(std::move(finding));
  };
  const std::string other = "name another slot, or drop it if nobody needs it";
  if (slot->plugin.empty()) {
    wrong("is a physical one", "changes are decoded from a logical slot", other, true);
  } else if (slot->plugin != "pgoutput") {
    wrong("has the plugin " + slot->plugin, "changes are read as pgoutput writes them", other,
          true);
  } else if (slot->database != database) {
    wrong("belongs to the database " + slot->database, "a slot decodes one database", other, true);
  } else if (slot->wal_status == "lost") {
    wrong("has lost log that was needed",
          "max_slot_wal_keep_size was passed; the gap can't be "
          "filled",
          "drop it; the source is then loaded anew", true);
  } else if (slot->active_pid != 0) {
    Finding finding;
    finding.severity = Severity::kWarning;
    finding.code = "slot_active";
    finding.object = options.slot;
    finding.what = "the slot " + options.slot + " is in use by the server process " +
                   std::to_string(slot->active_pid);
    finding.cause = "one reader at a time; if it isn't this Caudal, changes go elsewhere";
    finding.remedy = "end the other reader, or name another slot";
    finding.sql.push_back("SELECT pg_terminate_backend(" + std::to_string(slot->active_pid) + ");");
    findings.push_back(std::move(finding));
  }
  if (slot->wal_status == "unreserved")
    findings.push_back(
        {Severity::kWarning,
         "slot_unreserved",
         options.slot,
         "the slot " + options.slot + " may lose its log at the next checkpoint",
         "it holds back more than max_slot_wal_keep_size",
         "read it at once, or raise the limit",
         {"ALTER SYSTEM SET max_slot_wal_keep_size = '100GB';", "SELECT pg_reload_conf();"}});
}

}  // namespace caudal::capture::postgres
