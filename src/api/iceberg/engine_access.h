// What an answer about a table tells an engine beside the table, so that it reaches our storage
// with nothing but the catalogue's URL.
#pragma once

#include "auth/keys.h"
#include "data/json.h"
#include "http/message.h"
#include "lake/catalog/catalog.h"

namespace caudal::api::iceberg {

// Objects of other folders that the table's engines may touch: gs:// URIs with a comma between.
inline constexpr const char* kPlacesProperty = "caudal.places";

// The properties that lead the asking engine to the storage API of the server that it asked. Where
// the request came with a key, they carry a token of an hour at most for the objects of this table:
// those in its folders, and in those of its property kPlacesProperty. Never the key itself.
Result<Json> TableConfig(const http::Request& request, const lake::LoadedTable& table,
                         auth::KeyStore& keys, const Clock& clock);
// LoadCredentialsResponse: the same token, for a client whose own ends soon. Empty for one that has
// no need of it.
Result<Json> TableCredentials(const http::Request& request, const lake::LoadedTable& table,
                              auth::KeyStore& keys, const Clock& clock);

// DuckDB's Iceberg extension takes a storage's address from properties of s3:// tables only. For
// its requests the location in `metadata` (a table's, as JSON) becomes one, with paths beside it
// that keep new files under gs://.
void AdaptMetadata(const http::Request& request, Json& metadata);
// It sends those back when it makes a table: takes them out of the updates of a commit, or the
// "location" and "properties" of a create.
void UndoAdaption(const http::Request& request, Json& body);

}  // namespace caudal::api::iceberg
