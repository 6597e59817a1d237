// What the bodies of the catalogue's requests ask for, apart from what is then done. No I/O.
// Internal to api/iceberg.
//
// All errors are kInvalid and name the member that is wrong.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"
#include "lake/catalog/catalog.h"

namespace caudal::api::iceberg {

struct NamespaceToCreate {
  lake::Levels levels;
  lake::Properties properties;
};
Result<NamespaceToCreate> ReadNamespaceToCreate(const http::Request& request);

struct PropertiesToChange {
  std::vector<std::string> removals;
  lake::Properties updates;
};
Result<PropertiesToChange> ReadPropertiesToChange(const http::Request& request);

struct TableToCreate {
  std::string name;
  lake::NewTable table;
  bool stage = false;  // only to be shown: a commit makes it
};
Result<TableToCreate> ReadTableToCreate(const http::Request& request);

struct TableToRegister {
  std::string name;
  std::string metadata_location;
  bool overwrite = false;
};
Result<TableToRegister> ReadTableToRegister(const http::Request& request);

struct TableToRename {
  lake::TableName from;
  lake::TableName to;
};
Result<TableToRename> ReadTableToRename(const http::Request& request);

// A commit to the table that the path names. Requirements and updates are whatever JSON they are.
Result<lake::TableChange> ReadCommit(const lake::TableName& name, const http::Request& request);
Result<std::vector<lake::TableChange>> ReadTransaction(const http::Request& request);

// What a scan or a commit of an engine did: only that it is an object.
Result<void> CheckMetrics(const http::Request& request);

}  // namespace caudal::api::iceberg
