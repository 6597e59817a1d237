// Publications: what the source lets into its logical log. Made before the slot, always.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"

namespace caudal::capture::postgres {

struct PublishedTable {
  std::vector<std::string> columns;  // published ones; empty before PostgreSQL 15: all
  std::string filter;                // empty: all rows
};

struct PublicationState {
  bool all_tables = false;
  bool inserts = false;
  bool updates = false;
  bool deletes = false;
  bool truncates = false;
  bool via_root = false;  // changes of partitions come as the root's
  // By schema and name; partitions when it isn't via_root.
  std::map<std::pair<std::string, std::string>, PublishedTable> tables;
};

// Nothing: there is no such publication.
Result<std::optional<PublicationState>> ReadPublication(Connection& connection,
                                                        const std::string& name);

// The tables of the catalogue whose changes it doesn't have, or has only of some partitions.
std::vector<const SourceTable*> MissingTables(const PublicationState& publication,
                                              const SourceCatalog& catalog);

// The statements, as people run them; with the options' column lists and row filters where the
// server has them (15).
std::string CreatePublicationSql(const SourceOptions& options, const SourceCatalog& catalog,
                                 int server_version);
std::string AddTableSql(const SourceOptions& options, const SourceTable& table, int server_version);

// Whether the table may be put into a publication: one without a replica identity can't be updated
// in the source any more, so it must be asked for by its name.
bool MayPublish(const SourceOptions& options, const SourceTable& table);

// Tables that the publication lacks: adds them, where it is the one that Caudal makes (the default
// name). Those that can't or mustn't be added are taken out of `catalog`, and are given back.
Result<std::vector<std::string>> PublishNewTables(Connection& connection,
                                                  const SourceOptions& options,
                                                  SourceCatalog& catalog);

// Makes the publication when it isn't there. One that is, is used as it is: kConflict, with the
// statements that help, when it lacks a table or an operation.
Result<PublicationState> EnsurePublication(Connection& connection, const SourceOptions& options,
                                           const SourceCatalog& catalog);

}  // namespace caudal::capture::postgres
