// A folder and a database for tests of Parquet files.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>
#include <vector>

#include "data/test_batch.h"
#include "engine/duckdb/in_process_state.h"
#include "engine/parquet_reader.h"
#include "engine/parquet_writer.h"
#include "os/file.h"

namespace caudal::engine {

class TestParquet {
 public:
  TestParquet() : database_(InProcessDatabase::Open().value()) {
    std::string name = testing::TempDir() + "parquet-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~TestParquet() { (void)os::RemoveTree(folder_).ok(); }

  InProcessDatabase& database() { return *database_; }
  std::string NewPath() { return folder_ + "/" + std::to_string(++files_) + ".parquet"; }

  ParquetFile Write(const std::string& path, const Schema& schema,
                    const std::vector<caudal::Batch>& batches, ParquetWriteOptions options = {}) {
    auto writer = ParquetWriter::Open(*database_, path, schema, options).value();
    for (const caudal::Batch& batch : batches) writer->Write(batch).value();
    return writer->Finish().value();
  }
  std::vector<ParquetRows> Read(const std::string& path, const Schema& columns) {
    auto reader = ParquetReader::Open(*database_, path, columns).value();
    std::vector<ParquetRows> all;
    while (true) {
      auto next = reader->Next().value();
      if (!next) return all;
      all.push_back(*std::move(next));
    }
  }
  // The first column of the first row of the result.
  int64_t Number(const std::string& sql) {
    const ConnectionHandle connection = database_->state().Connect().value();
    ResultHandle result;
    if (duckdb_query(connection.get(), sql.c_str(), result.get()) != DuckDBSuccess) {
      ADD_FAILURE() << duckdb_result_error(result.get()) << "\n" << sql;
      return -1;
    }
    return duckdb_value_int64(result.get(), 0, 0);
  }

 private:
  std::unique_ptr<InProcessDatabase> database_;
  std::string folder_;
  int files_ = 0;
};

}  // namespace caudal::engine
