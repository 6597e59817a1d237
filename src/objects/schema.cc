#include <array>

#include "objects/store.h"

namespace caudal::objects {
namespace {

// live_objects holds the live generation of each name; old_objects the noncurrent and the
// soft-deleted ones. Both have the same columns, so that a row moves between them unchanged
// (objects/rows.h).
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE object_counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE buckets(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  metageneration INTEGER NOT NULL,
  -- Never the same for two states of any bucket: what caches compare.
  version INTEGER NOT NULL,
  settings TEXT NOT NULL
) STRICT;

CREATE TABLE live_objects(
  bucket INTEGER NOT NULL,
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL,
  size INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  md5 BLOB,
  components INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  class_updated INTEGER NOT NULL,
  noncurrent_since INTEGER,
  soft_deleted INTEGER,
  hard_delete INTEGER,
  retention_from INTEGER,
  blob INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  metadata TEXT,
  PRIMARY KEY(bucket, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE old_objects(
  bucket INTEGER NOT NULL,
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL,
  size INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  md5 BLOB,
  components INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  class_updated INTEGER NOT NULL,
  noncurrent_since INTEGER,
  soft_deleted INTEGER,
  hard_delete INTEGER,
  retention_from INTEGER,
  blob INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  metadata TEXT,
  PRIMARY KEY(bucket, name, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX old_objects_hard_delete ON old_objects(hard_delete) WHERE hard_delete IS NOT NULL;

-- Blobs that more than one object refers to (copies): how many beyond the first.
CREATE TABLE shared_blobs(blob INTEGER PRIMARY KEY, extra INTEGER NOT NULL) STRICT;
-- Bytes of small objects, until their files are synced.
CREATE TABLE journal(blob INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
-- Blobs that nothing refers to any more, until their files are removed.
CREATE TABLE garbage(blob INTEGER PRIMARY KEY) STRICT;

-- Resumable uploads. generation is set once complete.
CREATE TABLE uploads(
  id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,
  name TEXT NOT NULL,
  request TEXT NOT NULL,
  blob INTEGER NOT NULL,
  persisted INTEGER NOT NULL,
  created INTEGER NOT NULL,
  generation INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_created ON uploads(created);

-- XML multipart uploads and their parts, each in a blob of its own.
CREATE TABLE multiparts(
  id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,
  name TEXT NOT NULL,
  request TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX multiparts_created ON multiparts(created);
CREATE INDEX multiparts_name ON multiparts(bucket, name);
CREATE TABLE parts(
  multipart TEXT NOT NULL,
  number INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  size INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  md5 BLOB NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY(multipart, number)
) STRICT, WITHOUT ROWID;
)sql";

// Finished uploads stay listed for days; counting the others must not cost what those cost.
constexpr std::string_view kVersion2 = R"sql(
CREATE INDEX uploads_unfinished ON uploads(created) WHERE generation IS NULL;
)sql";

constexpr std::array<meta::Migration, 2> kMigrations = {
    {{"objects", 1, kVersion1}, {"objects", 2, kVersion2}}};

}  // namespace

std::span<const meta::Migration> Store::Migrations() { return kMigrations; }

}  // namespace caudal::objects
