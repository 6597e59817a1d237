// What is captured of a source's table, and where a row of the stream has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/change_shape.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/options.h"
#include "codec/postgres/pgoutput.h"
#include "codec/postgres/value_form.h"

namespace caudal::capture::postgres {

struct CapturedColumn {
  std::string source_name;
  int16_t attnum = 0;
  std::string name;  // in the replica, once it is known (NameAsIn); else the source's
  uint32_t type_oid = 0;
  caudal::postgres::ValueForm form;
  bool key = false;
  std::optional<Mask> mask;
  uint32_t mask_length = 0;  // kTruncate: characters kept
};

// In the catalogue's order: without generated columns, which the log doesn't have, and those that
// the options leave out. The key is what the log tells rows apart by: the columns of the replica
// identity, or with FULL the primary key. There is none without one, and where the primary key is
// deferrable, since two rows may share it for a while. kInvalid, naming the column, when a part of
// it is left out, or hidden by a mask that doesn't keep values apart.
Result<std::vector<CapturedColumn>> CapturedColumnsOf(const SourceTable& table,
                                                      const SourceOptions& options);

// As ShapeOf wants them.
std::vector<ChangeColumn> ChangeColumnsOf(const std::vector<CapturedColumn>& columns);

// Gives the columns the names that they have in `history`, of which they are the first.
void NameAsIn(const Schema& history, std::vector<CapturedColumn>& columns);

// Where the values of a relation's tuples go.
struct SentColumns {
  std::vector<std::optional<size_t>> columns;  // of each value; nothing: of none that is captured
  // Captured ones that this part of the log hasn't, or has as another type: what is known of the
  // table is newer than it, or older.
  std::vector<size_t> missing;
};
SentColumns SentColumnsOf(const caudal::postgres::Relation& relation,
                          const std::vector<CapturedColumn>& columns);

}  // namespace caudal::capture::postgres
