// Schemas and types as the Iceberg specification writes them in JSON.
#pragma once

#include "base/result.h"
#include "data/json.h"
#include "data/schema.h"

namespace caudal::lake {

Json TypeToJson(const Type& type);
Result<Type> TypeFromJson(const Json& json);

// With "schema-id", and "identifier-field-ids" where there are some.
Json SchemaToJson(const Schema& schema);
// A schema without an id (of format version 1) gets 0. kInvalid, naming the field, when it is
// malformed, a default is no value of its type, or Schema::Make refuses it.
Result<Schema> SchemaFromJson(const Json& json);

}  // namespace caudal::lake
