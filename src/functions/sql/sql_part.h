// What is particular to a SQL function: its inputs, statements, rules and outputs, as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checks/rule.h"
#include "events/subscriber.h"

namespace caudal::functions {

enum class FileFormat : uint8_t { kCsv, kJson, kParquet };
enum class Compression : uint8_t { kNone, kGzip, kZstd };

struct CsvOptions {
  std::string delimiter = ",";  // one character
  std::string quote = "\"";     // one character, doubled within a value; or nothing
  bool header = true;
  std::string null_text;  // an unquoted value that is none
  uint64_t line_bytes_max = 2u << 20;

  bool operator==(const CsvOptions&) const = default;
};

struct SqlInput {
  std::string table;  // what the SQL calls it
  std::string uri;    // "$event", or gs://bucket/name with the templates of sql/uri.h
  std::optional<FileFormat> format;        // none: by the name
  std::optional<Compression> compression;  // none: by the name, or the object's Content-Encoding
  // Name and type (sql/column_type.h). None: CSV: those of the header, all text; JSON: those found.
  std::vector<std::pair<std::string, std::string>> columns;
  CsvOptions csv;
  bool allow_empty = false;                  // no rows is no error
  uint64_t unpacked_bytes_max = 4ull << 30;  // of a compressed file

  bool is_event() const { return uri == "$event"; }
  bool operator==(const SqlInput&) const = default;
};

struct SqlExpectation {
  std::string table;
  checks::Rule rule;

  bool operator==(const SqlExpectation&) const = default;
};

struct SqlOutput {
  std::string table;
  bool quarantine = false;  // the rows that the rules took out of `table`
  std::string uri;
  std::optional<FileFormat> format;  // none: by the name

  bool operator==(const SqlOutput&) const = default;
};

struct SqlPart {
  std::vector<SqlInput> inputs;
  std::string sql;
  std::vector<SqlExpectation> expect;
  std::vector<SqlOutput> outputs;
  int threads = 2;
  uint64_t temp_bytes_max = 4ull << 30;
  uint64_t output_bytes_max = 16ull << 30;

  bool operator==(const SqlPart&) const = default;
};

// What can be said before it runs. kInvalid names the input, rule or output, and the remedy.
Result<void> CheckSqlPart(const SqlPart& part, const events::Filter& trigger);

}  // namespace caudal::functions
