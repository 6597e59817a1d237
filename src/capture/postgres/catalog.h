// What a source's catalogue says of the tables that are captured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/postgres/options.h"
#include "capture/postgres/types.h"
#include "codec/postgres/pgoutput.h"

namespace caudal::capture::postgres {

class Connection;

using caudal::postgres::ReplicaIdentity;  // pg_class.relreplident

struct SourceColumn {
  int16_t attnum = 0;  // stays when columns before it are dropped
  std::string name;
  PgType type;
  bool not_null = false;
  bool generated = false;  // stored or virtual: not in the log
  bool identity = false;   // GENERATED … AS IDENTITY
};

struct SourcePartition {
  uint32_t oid = 0;
  std::string schema;
  std::string name;
};

struct SourceTable {
  uint32_t oid = 0;
  std::string schema;
  std::string name;
  char kind = 'r';         // pg_class.relkind: r table, p partitioned; others aren't captured
  char persistence = 'p';  // p; u unlogged
  uint32_t file_node = 0;  // changes when the table is rewritten; 0: has no storage
  ReplicaIdentity replica_identity = ReplicaIdentity::kDefault;
  bool row_security = false;
  uint32_t root = 0;  // of a partition: the uppermost; else 0
  // Of a partitioned table: all below it that hold rows.
  std::vector<SourcePartition> partitions;
  int64_t rows_estimate = -1;  // -1: never analysed
  int64_t pages = 0;
  std::vector<SourceColumn> columns;  // in order, without dropped ones
  std::vector<int16_t> primary_key;   // attnums, in the key's order
  // Within a transaction two rows may share it.
  bool primary_key_deferrable = false;
  // What the old state of a changed row has: of kDefault and kIndex the attnums of its key; of
  // kFull and kNothing nothing.
  std::vector<int16_t> identity_key;

  const SourceColumn* Find(int16_t attnum) const;
  std::string Name() const { return QuoteName(schema, name); }  // as SQL takes it
  // Whether updates and deletes can be published: else the source itself refuses them.
  bool has_identity() const {
    return replica_identity == ReplicaIdentity::kFull || !identity_key.empty();
  }
};

struct SourceCatalog {
  // Those that the options take, by schema and name, without partitions of a table that is taken.
  std::vector<SourceTable> tables;
  // What the patterns name and can't be captured: views, foreign and unlogged tables. No columns.
  std::vector<SourceTable> others;

  const SourceTable* Find(uint32_t oid) const;
};

inline constexpr int kTablesMax = 20'000;      // that are captured
inline constexpr int kRelationsMax = 200'000;  // that a source has
inline constexpr int kColumnsMax = 1'000'000;

// One statement each for relations, columns and keys, two for types, in one transaction (the
// connection's own, when it is in one). kLimit beyond the limits above.
Result<SourceCatalog> ReadCatalog(Connection& connection, const SourceOptions& options);

}  // namespace caudal::capture::postgres
