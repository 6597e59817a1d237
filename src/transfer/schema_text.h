// Schemas as people write them on a command line or in a request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "data/schema.h"

namespace caudal::transfer {

// "id:long!, name:string, price:decimal(9,2), tags:list<string>, at:struct<x:double,y:double>": a
// name, a type of Iceberg's, and '!' where it is required. list<…>, map<…,…> and struct<…> nest.
// Names with other characters than letters, digits, '_', '-' and '.' stand between backticks.
// Or a schema in Iceberg's JSON form. `key`: the names of the identifier fields, which become
// required. kInvalid ("load.schema") names the column. Ids are given in the order of the columns.
Result<Schema> ParseSchema(std::string_view text, const std::vector<std::string>& key);

// The schema with these identifier fields, all of them required; kInvalid names one that it lacks.
Result<Schema> WithKey(const Schema& schema, const std::vector<std::string>& key);

// Of top-level fields whose ids don't matter.
Result<Schema> SchemaOfFields(std::vector<Field> fields, const std::vector<std::string>& key);

}  // namespace caudal::transfer
