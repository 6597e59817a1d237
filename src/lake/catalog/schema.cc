#include "lake/catalog/schema.h"

#include <array>

namespace caudal::lake {
namespace {

constexpr std::array<meta::Migration, 2> kMigrations = {{{"lake", 1, R"sql(
-- path: the levels, joined by U+001F. properties: a JSON object of texts.
CREATE TABLE lake_namespaces(
  id INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,  -- 0: none
  path TEXT NOT NULL UNIQUE,
  properties TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX lake_namespaces_by_parent ON lake_namespaces(parent, path);
-- metadata: the location of the current metadata file. commits: how often it changed.
CREATE TABLE lake_tables(
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL REFERENCES lake_namespaces(id),
  name TEXT NOT NULL,
  uuid TEXT NOT NULL,
  metadata TEXT NOT NULL,
  commits INTEGER NOT NULL,
  UNIQUE(namespace, name)
) STRICT;
)sql"},
                                                         {"lake", 2, R"sql(
-- Objects in tables' folders that no snapshot needs: they are removed some time after `since`,
-- microseconds since 1970, when they were first seen so.
CREATE TABLE lake_unneeded(
  table_uuid TEXT NOT NULL,
  bucket TEXT NOT NULL,
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY(table_uuid, bucket, name)
) STRICT, WITHOUT ROWID;
)sql"}}};

}  // namespace

std::span<const meta::Migration> CatalogMigrations() { return kMigrations; }

}  // namespace caudal::lake
