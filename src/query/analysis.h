// What a query is, by DuckDB's own parse tree, and whether it may run.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "query/sql_text.h"

namespace caudal::query {

// A table of the lake that the SQL names, once for every place. Common table expressions and what
// they hide aren't among them.
struct TableUse {
  std::string catalog;  // "a" of a.b.t; mostly empty
  std::string schema;
  std::string name;
  bool aliased = false;        // it has another name in its FROM
  size_t at = 0;               // where it begins in the SQL
  const Json* time = nullptr;  // its AT clause
  bool by_version = false;     // VERSION, else TIMESTAMP
  size_t scope = 0;
  size_t source = 0;  // in its scope

  std::string Text() const;
};

// One item of a FROM.
struct Source {
  std::string alias;            // in lower case; empty: none
  std::optional<size_t> table;  // in Analysis::tables; else its columns aren't known
  bool plain = true;      // WHERE sees its rows as they are: no sample, renamed columns, ASOF…
  bool nullable = false;  // an outer join may put nulls in place of its rows
};

// A SELECT: what conditions of its WHERE may say of its tables.
struct Scope {
  std::vector<Source> sources;
  const Json* where = nullptr;
  std::vector<std::string> aliases;  // of its result's columns, in lower case
};

struct Analysis {
  std::unique_ptr<const Json> tree;  // the pointers lead into it
  std::vector<TableUse> tables;
  std::vector<Scope> scopes;
};

// `serialized` is what json_serialize_sql made of text.sql. kInvalid ("query.syntax",
// "query.refused") and kUnsupported say what isn't run here, and why.
Result<Analysis> Analyze(const SqlText& text, std::string_view serialized);

}  // namespace caudal::query
