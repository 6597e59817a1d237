// Namespaces of the catalogue, and their properties.
//
// Durability: a change that returned ok is on stable storage. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog/names.h"
#include "meta/database.h"

namespace caudal::lake {

using Properties = std::map<std::string, std::string>;

struct Namespace {
  Levels levels;
  Properties properties;
};

struct NamespacePage {
  std::vector<Levels> namespaces;
  std::string next_page_token;  // empty: the end
};

// What a change of properties did to the keys it names.
struct PropertyChange {
  std::vector<std::string> updated;
  std::vector<std::string> removed;
  std::vector<std::string> missing;  // to be removed, but not there
};

// Errors: kNotFound ("namespace.not_found"), kAlreadyExists ("namespace.exists"), kConflict
// ("namespace.not_empty"), kInvalid ("lake.name", "lake.properties", "lake.page_token").
class Namespaces {
 public:
  explicit Namespaces(meta::Database& database) : database_(database) {}

  // Its parent must exist.
  Result<Namespace> Create(const Levels& levels, Properties properties);
  Result<Namespace> Get(const Levels& levels);
  // Directly below `parent` (empty: at the top), by name. `max` from 1.
  Result<NamespacePage> List(const Levels& parent, const std::string& page_token, int max);
  // kInvalid when a key is in both.
  Result<PropertyChange> Change(const Levels& levels, const std::vector<std::string>& removals,
                                const Properties& updates);
  // Only without namespaces and tables in it.
  Result<void> Drop(const Levels& levels);

 private:
  meta::Database& database_;
};

// The row's id. Within a transaction of the caller's.
Result<int64_t> FindNamespace(meta::Connection& connection, const Levels& levels);

}  // namespace caudal::lake
