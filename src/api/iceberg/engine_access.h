// What an answer about a table tells an engine beside the table, so that it reaches our storage
// with nothing but the catalogue's URL.
#pragma once

#include "data/json.h"
#include "http/message.h"

namespace caudal::api::iceberg {

// The properties that lead the asking engine to the storage API of the server that it asked. They
// carry the token that the request came with, and no other.
Json TableConfig(const http::Request& request);

// DuckDB's Iceberg extension takes a storage's address from properties of s3:// tables only. For
// its requests the location in `metadata` (a table's, as JSON) becomes one, with paths beside it
// that keep new files under gs://.
void AdaptMetadata(const http::Request& request, Json& metadata);
// It sends those back when it makes a table: takes them out of the updates of a commit, or the
// "location" and "properties" of a create.
void UndoAdaption(const http::Request& request, Json& body);

}  // namespace caudal::api::iceberg
