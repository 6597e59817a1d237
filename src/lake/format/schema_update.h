// Steps from one schema to the next, by Iceberg's rules: no data is rewritten, ids are never
// reused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/schema.h"

namespace caudal::lake {

// Columns are named in full ("point.x", "tags.element.y") as they are called at that step. Errors
// are kInvalid and name the column. One thread at a time.
class SchemaUpdate {
 public:
  // `last_column_id` is the table's: new fields get ids above it.
  SchemaUpdate(Schema base, int32_t last_column_id, int format_version);

  // Into the struct `parent` (empty: the top; a list or map of structs: the structs in it), at its
  // end. Ids in `field` don't matter. A required field needs an initial default, from version 3 on.
  Result<void> Add(std::string_view parent, Field field);
  Result<void> Drop(std::string_view name);
  Result<void> Rename(std::string_view name, std::string new_name);  // the last part only
  Result<void> Widen(std::string_view name, const Type& to);         // see CanPromote
  Result<void> MakeOptional(std::string_view name);
  Result<void> SetDoc(std::string_view name, std::string doc);
  Result<void> MoveFirst(std::string_view name);                            // in its struct
  Result<void> MoveAfter(std::string_view name, std::string_view sibling);  // likewise
  Result<void> SetIdentifier(const std::vector<std::string>& names);

  const Schema& schema() const { return schema_; }  // so far, with the base's id
  int32_t last_column_id() const { return last_column_id_; }

 private:
  Result<const Field*> Require(std::string_view name) const;
  template <class Change>
  Result<void> ChangeSiblings(std::string_view name, Change&& change);
  template <class Change>
  Result<void> ChangeField(std::string_view name, Change&& change);
  Result<void> Rebuild(std::optional<int32_t> parent_id, std::vector<Field> fields);

  Schema schema_;
  int32_t last_column_id_;
  int format_version_;
};

}  // namespace caudal::lake
