// Files of people into tables: CSV, JSON lines, Parquet and Avro, all of a load or nothing of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/in_process.h"
#include "functions/sql/sql_part.h"
#include "lake/catalog/catalog.h"
#include "lake/write/writer.h"
#include "objects/store.h"

namespace caudal::transfer {

using functions::Compression;
using functions::CsvOptions;

enum class FileFormat : uint8_t { kCsv, kJson, kParquet, kAvro };
std::string_view NameOf(FileFormat format);
std::optional<FileFormat> ParseFileFormat(std::string_view name);
// By its ending, whatever compression follows it.
std::optional<FileFormat> FileFormatOf(std::string_view name);

enum class LoadMode : uint8_t {
  kAppend,
  kReplace,  // the rows are the table's only ones
  kUpsert,   // rows with the same key go
  kDelete    // the file holds keys: rows that have one go
};
std::string_view NameOf(LoadMode mode);
std::optional<LoadMode> ParseLoadMode(std::string_view name);

// A file that was sent along.
struct UploadedFile {
  std::string name;  // as its sender calls it
  std::string path;  // stays where it is
};

struct LoadRequest {
  lake::TableName table;
  LoadMode mode = LoadMode::kAppend;
  std::vector<std::string> sources;  // gs://bucket/name; the name may be a pattern
  std::vector<UploadedFile> uploads;
  std::optional<FileFormat> format;        // none: by the names
  std::optional<Compression> compression;  // none: by the names
  std::string schema;  // of a table to be made (ParseSchema); empty: found in the first file
  std::vector<std::string> key;  // identifier fields of a table to be made
  bool add_columns = false;      // that the file has and the table lacks
  int64_t bad_rows_max = 0;      // so many may be left out
  CsvOptions csv;
};

// A row that can't be in the table, and why.
struct BadRow {
  std::string file;
  bool is_line = true;  // `number` is a line of the file's text; else counts its rows, from 1
  int64_t number = 0;
  std::string column;  // empty: it is about the row as a whole
  std::string reason;
};

struct LoadReport {
  static constexpr size_t kBadRowsListed = 100;

  int64_t rows = 0;          // that were read and are good
  int64_t rows_added = 0;    // by the commit
  int64_t rows_deleted = 0;  // likewise
  int64_t bad_rows = 0;
  std::vector<BadRow> listed;  // the first of them, by file and place
  int64_t files = 0;
  bool table_made = false;
  std::vector<std::string> columns_added;
  int64_t snapshot_id = 0;  // 0: nothing has changed
};

// What a load has done so far. Thread-safe.
struct LoadProgress {
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> files_done{0};
  std::atomic<int64_t> files{0};
  std::atomic<bool> committing{false};
};

struct LoaderOptions {
  // For unpacked files: emptied by the caller before, on the file system of the objects.
  std::string work_folder;
  engine::Limits limits;
  uint64_t unpacked_bytes_max = 1ull << 40;
};

// Thread-safe. References must outlive it.
class Loader {
 public:
  Loader(LoaderOptions options, engine::Engine& engine, objects::Store& store,
         lake::Catalog& catalog, lake::Writer& writer, engine::InProcessDatabase& database)
      : options_(std::move(options)),
        engine_(engine),
        store_(store),
        catalog_(catalog),
        writer_(writer),
        database_(database) {}

  // A table that isn't there is made (its namespace too), and gone again after an error. `report`
  // tells of bad rows also then. `go_on` is asked now and then; its error ends the load.
  //
  // Errors: kNotFound (a table that only exists to be deleted from, a bucket, no object of that
  // name), kInvalid: "load.bad_rows", "load.type" and "load.columns" (the file doesn't fit the
  // table), "load.schema", "load.format"; besides those of the writer, the engine and the store.
  Result<void> Load(const LoadRequest& request, LoadReport& report, LoadProgress& progress,
                    const std::function<Result<void>()>& go_on);

 private:
  friend class LoadRun;

  const LoaderOptions options_;
  engine::Engine& engine_;
  objects::Store& store_;
  lake::Catalog& catalog_;
  lake::Writer& writer_;
  engine::InProcessDatabase& database_;
  std::atomic<uint64_t> loads_{0};
};

}  // namespace caudal::transfer
