// Tables: that the patterns find them, that the role may read them, that their changes say of which
// row they are, and that names don't collide.
#include <algorithm>
#include <map>
#include <set>

#include "capture/postgres/check.h"
#include "data/lower_case.h"

namespace caudal::capture::postgres {
namespace {

std::string KindText(const SourceTable& table) {
  switch (table.kind) {
    case 'v':
      return "a view";
    case 'm':
      return "a materialised view";
    case 'f':
      return "a foreign table";
    default:
      return table.persistence == 'u' ? "an unlogged table" : "a temporary table";
  }
}

void CheckOthers(const SourceOptions& options, const SourceCatalog& catalog, Findings& findings) {
  for (const SourceTable& other : catalog.others) {
    const bool named = std::ranges::any_of(options.tables, [&](const TablePattern& pattern) {
      return pattern.exact() && pattern.Matches(other.schema, other.name);
    });
    const bool unlogged = other.kind == 'r' || other.kind == 'p';
    if (!named && !unlogged) continue;  // public.* means its tables
    Finding finding;
    finding.severity = named ? Severity::kError : Severity::kNote;
    finding.code = "relation_kind";
    finding.object = other.Name();
    finding.what = other.Name() + " is " + KindText(other);
    finding.cause = "its changes aren't in the server's log, so it isn't captured";
    finding.remedy = unlogged ? "make it a logged table, or leave it out"
                              : "take it out of `tables`; name the tables behind it";
    if (unlogged) finding.sql.push_back("ALTER TABLE " + other.Name() + " SET LOGGED;");
    findings.push_back(std::move(finding));
  }
}

void CheckNames(const SourceCatalog& catalog, Findings& findings) {
  std::map<std::string, const SourceTable*> taken;
  for (const SourceTable& table : catalog.tables) {
    const std::string base = LowerCase(TargetName(table));
    for (const std::string& name : {base, base + "__changes"}) {
      const auto [first, added] = taken.emplace(name, &table);
      if (added || first->second == &table) continue;
      findings.push_back(
          {Severity::kError,
           "name_collision",
           table.Name(),
           first->second->Name() + " and " + table.Name() + " would both be `" + name + "`",
           "names of tables here ignore the schema `public`, and letter case",
           "put one of them in another source, with a dataset of its own",
           {}});
      break;
    }
  }
}

void CheckIdentity(const SourceOptions& options, const SourceTable& table, Findings& findings) {
  if (table.has_identity()) return;
  const bool nothing = table.replica_identity == ReplicaIdentity::kNothing;
  const std::string why = nothing ? "its replica identity is NOTHING"
                          : table.primary_key.empty()
                              ? "it has no primary key"
                              : "its primary key is deferrable, so it identifies no row in the log";
  Finding finding;
  const bool published = MayPublish(options, table);
  finding.severity = published ? Severity::kError : Severity::kWarning;
  finding.code = "replica_identity";
  finding.object = table.Name();
  finding.what = table.Name() + " has no replica identity: " + why;
  finding.cause =
      published ? "once it is published, the source refuses every UPDATE and DELETE of it with an "
                  "error"
                : "it isn't copied: once it were published, the source would refuse every UPDATE "
                  "and DELETE of it";
  finding.remedy = table.primary_key.empty() && !nothing
                       ? "give it a primary key, or let the log hold the whole old row"
                       : "let the log hold the whole old row";
  finding.sql.push_back("ALTER TABLE " + table.Name() +
                        (nothing && !table.primary_key.empty() ? " REPLICA IDENTITY DEFAULT;"
                                                               : " REPLICA IDENTITY FULL;"));
  findings.push_back(std::move(finding));
}

void CheckColumns(const SourceOptions& options, const SourceTable& table, Findings& findings) {
  const auto in_key = [&](const SourceColumn& column) {
    return std::ranges::find(table.primary_key, column.attnum) != table.primary_key.end() ||
           std::ranges::find(table.identity_key, column.attnum) != table.identity_key.end();
  };
  for (const SourceColumn& column : table.columns) {
    if (!in_key(column)) continue;
    const std::string name = table.Name() + "." + QuoteName(column.name);
    if (!options.TakesColumn(table.schema, table.name, column.name))
      findings.push_back({Severity::kError,
                          "key_column",
                          name,
                          name + " is left out and belongs to the table's key",
                          "rows couldn't be told apart",
                          "take it, or mask it with hash",
                          {}});
    for (const ColumnMask& mask : options.masks)
      if (mask.mask != Mask::kHash && mask.columns.Matches(table.schema, table.name, column.name))
        findings.push_back({Severity::kError,
                            "key_column",
                            name,
                            name + " belongs to the table's key, and '" + mask.columns.text() +
                                "' would make different values one",
                            "rows couldn't be told apart",
                            "mask it with hash",
                            {}});
  }
}

// `unreadable`: numbers of columns, "1 3".
bool MayReadColumns(const SourceOptions& options, const SourceTable& table,
                    std::string_view unreadable) {
  const std::string list = " " + std::string(unreadable) + " ";
  return !table.columns.empty() &&
         std::ranges::none_of(table.columns, [&](const SourceColumn& column) {
           return list.find(" " + std::to_string(column.attnum) + " ") != std::string::npos &&
                  options.TakesColumn(table.schema, table.name, column.name);
         });
}

// A pattern for columns that names none of any table is a typing error.
void CheckColumnPatterns(const SourceOptions& options, const SourceCatalog& catalog,
                         Findings& findings) {
  std::vector<const ColumnPattern*> all;
  for (const ColumnPattern& pattern : options.columns_only) all.push_back(&pattern);
  for (const ColumnPattern& pattern : options.columns_exclude) all.push_back(&pattern);
  for (const ColumnMask& mask : options.masks) all.push_back(&mask.columns);
  for (const ColumnPattern* pattern : all) {
    const bool found = std::ranges::any_of(catalog.tables, [&](const SourceTable& table) {
      return pattern->MatchesTable(table.schema, table.name) &&
             std::ranges::any_of(table.columns, [&](const SourceColumn& column) {
               return pattern->Matches(table.schema, table.name, column.name);
             });
    });
    if (!found)
      findings.push_back({Severity::kWarning,
                          "no_such_column",
                          pattern->text(),
                          "no captured column is named by '" + pattern->text() + "'",
                          "what it should leave out or mask is captured as it is",
                          "correct the pattern",
                          {}});
  }
}

}  // namespace

std::string TargetName(const SourceTable& table) {
  return table.schema == "public" ? table.name : table.schema + "_" + table.name;
}

void CheckPatterns(const SourceOptions& options, const SourceCatalog& catalog, Findings& findings) {
  for (const TablePattern& pattern : options.tables) {
    const auto names = [&](const SourceTable& table) {
      return pattern.Matches(table.schema, table.name);
    };
    // A partition that stands for itself in its table is found, too.
    const auto names_partition = [&](const SourceTable& table) {
      return std::ranges::any_of(table.partitions, [&](const SourcePartition& partition) {
        return pattern.Matches(partition.schema, partition.name);
      });
    };
    if (std::ranges::any_of(catalog.tables, names) || std::ranges::any_of(catalog.others, names) ||
        std::ranges::any_of(catalog.tables, names_partition))
      continue;
    findings.push_back(
        {pattern.exact() || catalog.tables.empty() ? Severity::kError : Severity::kWarning,
         "no_such_table",
         pattern.text(),
         "no table is named by '" + pattern.text() + "'",
         "names without double quotes are taken in lower case, and those without a "
         "schema in `public`",
         "correct the pattern, or make the table",
         {}});
  }
  CheckOthers(options, catalog, findings);
  CheckNames(catalog, findings);
  CheckColumnPatterns(options, catalog, findings);
}

Result<void> CheckTables(Connection& connection, const SourceOptions& options,
                         const SourceCatalog& catalog, Findings& findings) {
  if (catalog.tables.empty()) return {};
  std::vector<uint32_t> oids;
  for (const SourceTable& table : catalog.tables) oids.push_back(table.oid);
  // A role may be granted columns instead of the table.
  const Rows rows = TRY(connection.Query(
      "SELECT c.oid, has_schema_privilege(c.relnamespace, 'USAGE'), has_table_privilege(c.oid, "
      "'SELECT'), row_security_active(c.oid), current_user, (SELECT string_agg(a.attnum::text, ' "
      "') FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT "
      "a.attisdropped AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')) FROM "
      "pg_catalog.pg_class c WHERE c.oid = ANY (" +
      OidArray(oids) + "::oid[]) ORDER BY c.relnamespace, c.relname"));
  std::set<std::string> schemas;
  for (int i = 0; i < rows.size(); ++i) {
    const SourceTable* table = catalog.Find(static_cast<uint32_t>(rows.Int(i, 0)));
    if (table == nullptr) continue;
    const std::string role = QuoteName(rows.Text(i, 4));
    const std::string schema = QuoteName(table->schema);
    if (!rows.Bool(i, 1) && schemas.insert(schema).second)
      findings.push_back({Severity::kError,
                          "schema_privilege",
                          schema,
                          "the role may not use the schema " + schema,
                          "the snapshot reads its tables",
                          "grant it",
                          {"GRANT USAGE ON SCHEMA " + schema + " TO " + role + ";"}});
    if (!rows.Bool(i, 2) && !MayReadColumns(options, *table, rows.Text(i, 5)))
      findings.push_back({Severity::kError,
                          "table_privilege",
                          table->Name(),
                          "the role may not read " + table->Name() + ", or not all its columns",
                          "the snapshot reads it",
                          "grant it",
                          {"GRANT SELECT ON " + table->Name() + " TO " + role + ";"}});
    if (rows.Bool(i, 3))
      findings.push_back({Severity::kError,
                          "row_security",
                          table->Name(),
                          "row-level security hides rows of " + table->Name() + " from the role",
                          "the snapshot would lack them, while the stream has their changes",
                          "let the role see all rows, as a superuser",
                          {"ALTER ROLE " + role + " BYPASSRLS;"}});
    CheckIdentity(options, *table, findings);
    CheckColumns(options, *table, findings);
  }
  return {};
}

}  // namespace caudal::capture::postgres
