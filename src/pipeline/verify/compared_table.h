// A table of a source and its replica, laid out alike.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/options.h"
#include "capture/postgres/snapshot/table_rows.h"
#include "capture/postgres/stream/captured_columns.h"
#include "data/batch.h"
#include "lake/format/table_metadata.h"
#include "lake/keys/key_codec.h"

namespace caudal::pipeline {

struct ComparedTable {
  capture::postgres::SourceTable source;
  std::vector<capture::postgres::CapturedColumn> columns;
  Schema history;  // what the source's rows are decoded into
  bool key_text = false;
  // What is compared: the replica's fields for the source's columns, in their order, `_caudal_key`
  // where there is one, and of `_caudal` the values that columns can't hold.
  Schema schema;
  std::optional<lake::KeyCodec> codec;  // none: rows have no key

  capture::postgres::TableToRead to_read() const { return {source, columns, history, key_text}; }
  // Rows of `history` as rows of `schema`, without a copy of their values.
  Batch Compared(const Batch& rows) const;
  // Rows of `schema` as they were read from the replica: the same without a difference between no
  // list and an empty one, of values that columns can't hold.
  Batch Normal(Batch rows) const;
  size_t key_place() const { return columns.size(); }  // of `_caudal_key`
};

// kConflict when the tables' columns aren't those of the source (any more, or not yet).
Result<ComparedTable> CompareTable(const capture::postgres::SourceTable& source,
                                   const capture::postgres::SourceOptions& options,
                                   const lake::TableMetadata& replica,
                                   const lake::TableMetadata& history);

}  // namespace caudal::pipeline
