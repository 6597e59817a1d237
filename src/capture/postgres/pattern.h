// Patterns over names of tables and columns, written as PostgreSQL writes identifiers.
//
//   public.*               every table of a schema      payments         public.payments
//   public.audit_*         `*` stands for anything      "Odd Schema"."T 1"   exactly so
//
// What isn't quoted is folded to lower case, as in SQL. Inside quotes everything stands for itself,
// and "" for a quote. Quoted and other pieces may be joined: "Year "*.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/glob.h"

namespace caudal::capture::postgres {

// One name.
class NamePattern {
 public:
  bool Matches(std::string_view name) const;
  // The only name that matches; empty when there is a `*`.
  const std::string& exact() const { return exact_; }

 private:
  friend class PatternParser;
  NamePattern(Glob glob, std::string exact) : glob_(std::move(glob)), exact_(std::move(exact)) {}

  Glob glob_;
  std::string exact_;
};

class TablePattern {
 public:
  // `schema.table` or `table`, then of schema public. kInvalid says what is wrong where.
  static Result<TablePattern> Parse(std::string_view text);

  bool Matches(std::string_view schema, std::string_view table) const;
  // Whether it names one table, which therefore ought to be there.
  bool exact() const { return !schema_.exact().empty() && !table_.exact().empty(); }
  const NamePattern& schema() const { return schema_; }
  const NamePattern& table() const { return table_; }
  const std::string& text() const { return text_; }  // as it was written

 private:
  TablePattern(NamePattern schema, NamePattern table, std::string text)
      : schema_(std::move(schema)), table_(std::move(table)), text_(std::move(text)) {}

  NamePattern schema_;
  NamePattern table_;
  std::string text_;
};

class ColumnPattern {
 public:
  // `schema.table.column` or `table.column`.
  static Result<ColumnPattern> Parse(std::string_view text);

  bool MatchesTable(std::string_view schema, std::string_view table) const;
  bool Matches(std::string_view schema, std::string_view table, std::string_view column) const;
  const NamePattern& column() const { return column_; }
  const std::string& text() const { return text_; }

 private:
  ColumnPattern(NamePattern schema, NamePattern table, NamePattern column, std::string text)
      : schema_(std::move(schema)),
        table_(std::move(table)),
        column_(std::move(column)),
        text_(std::move(text)) {}

  NamePattern schema_;
  NamePattern table_;
  NamePattern column_;
  std::string text_;
};

// An identifier as SQL takes it, always quoted; a literal; both for any text without zero bytes.
std::string QuoteName(std::string_view name);
std::string QuoteName(std::string_view schema, std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace caudal::capture::postgres
