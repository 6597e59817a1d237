// Which state of a table is read, and with which columns.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::query {

// Pointers into the metadata.
struct ChosenSnapshot {
  const lake::Snapshot* snapshot = nullptr;  // null: the table has no rows yet
  const Schema* schema = nullptr;
};

ChosenSnapshot CurrentSnapshot(const lake::TableMetadata& metadata);
// The newest that main pointed to at that time, of those that are kept, with its own columns.
// kNotFound ("snapshot.not_found"), naming the oldest there is.
Result<ChosenSnapshot> SnapshotAt(const lake::TableMetadata& metadata, int64_t micros);
// By the name of a tag (its own columns) or branch (the table's columns), or by its id.
Result<ChosenSnapshot> SnapshotOfVersion(const lake::TableMetadata& metadata,
                                         const std::string& version);

}  // namespace caudal::query
