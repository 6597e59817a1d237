// A file as a session reads it: its columns, and the SQL that gives their values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/engine.h"
#include "engine/schema.h"
#include "functions/sql/input.h"
#include "transfer/sources.h"

namespace caudal::transfer {

struct FileColumn {
  std::string name;
  std::string sql;                    // within FileTable::from
  std::optional<engine::Field> type;  // none: a text, which becomes a value of whatever type
};

class FileTable {
 public:
  // `number`: of the file in the load, and its name in the session's folder. `names`: what a CSV
  // file without a header holds. kInvalid when the file can't be read, naming it and the place.
  static Result<FileTable> Open(engine::Session& session, const Source& source, size_t number,
                                const std::vector<std::string>& names,
                                const functions::GoOn& go_on);

  const Source& source() const { return *source_; }
  const std::vector<FileColumn>& columns() const { return columns_; }
  const FileColumn* Find(std::string_view name) const;  // letters' case counts only between several
  const std::string& from() const { return from_; }
  // SQL that is 0 for a row of columns, and else one of these.
  const std::string& state() const { return state_; }
  static constexpr int kEmptyLine = -1;
  static constexpr int kNoJson = -2;
  static constexpr int kNoObject = -3;
  bool rows_are_lines() const { return rows_are_lines_; }
  // CSV: rows as we count them; else -1.
  int64_t records() const { return records_; }
  // CSV: what DuckDB couldn't cut into columns, after the rows were read: by the places in the file
  // where it begins.
  struct RejectedRow {
    int64_t offset = 0;
    std::string reason;
  };
  Result<std::vector<RejectedRow>> Rejected(engine::Session& session) const;

  // Of a column, by its first rows. `json` tells more of JSON than its texts do.
  Result<Type> Infer(engine::Session& session, const FileColumn& column) const;

 private:
  FileTable(const Source& source, size_t number) : source_(&source), number_(number) {}
  Result<void> OpenCsv(const std::vector<std::string>& names, const functions::GoOn& go_on);
  Result<void> OpenJson(engine::Session& session);
  Result<void> OpenParquet(engine::Session& session);
  Result<Type> InferText(engine::Session& session, const FileColumn& column) const;
  std::string Path() const;

  const Source* source_;
  size_t number_;
  std::vector<FileColumn> columns_;
  std::string from_;
  std::string state_ = "0";
  bool rows_are_lines_ = false;
  int64_t records_ = -1;
  std::vector<engine::Field> json_types_;
};

// An error of the engine, in words for who sent the file.
Error InFile(const Source& source, Error error);

// A small result.
Result<std::vector<std::vector<std::optional<std::string>>>> Ask(engine::Session& session,
                                                                 const std::string& sql,
                                                                 size_t rows_max);

}  // namespace caudal::transfer
