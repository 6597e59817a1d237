// A folder and a database for tests of Parquet files.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>
#include <vector>

#include "data/digest.h"
#include "data/test_batch.h"
#include "engine/duckdb/in_process_state.h"
#include "engine/parquet_reader.h"
#include "engine/parquet_writer.h"
#include "engine/quoting.h"
#include "os/file.h"

namespace caudal::engine {

// `value` as SQL writes it.
inline std::string Literal(const Type& type, const Value& value) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::get<bool>(value) ? "true" : "false";
    case TypeKind::kInt:
      return fmt::format("('{}'::INTEGER)", std::get<int32_t>(value));
    case TypeKind::kLong:
      return fmt::format("('{}'::BIGINT)", std::get<int64_t>(value));
    case TypeKind::kFloat:
      return fmt::format("'{}'::FLOAT", std::get<float>(value));
    case TypeKind::kDouble:
      return fmt::format("'{}'::DOUBLE", std::get<double>(value));
    case TypeKind::kDate:
      return fmt::format("(DATE '1970-01-01' + ({}::INTEGER))", std::get<int32_t>(value));
    case TypeKind::kTime:
      return fmt::format("(TIME '00:00:00' + to_microseconds({}))", std::get<int64_t>(value));
    case TypeKind::kTimestamp:
      return fmt::format("make_timestamp('{}'::BIGINT)", std::get<int64_t>(value));
    case TypeKind::kTimestampTz:
      return fmt::format("(make_timestamp('{}'::BIGINT) AT TIME ZONE 'UTC')",
                         std::get<int64_t>(value));
    case TypeKind::kDecimal:
      return fmt::format("'{}'::DECIMAL({}, {})",
                         DecimalText(std::get<Int128>(value), type.scale()), type.precision(),
                         type.scale());
    case TypeKind::kString:
      return QuoteText(std::get<std::string>(value));
    case TypeKind::kUuid:
      return fmt::format("'{}'::UUID", UuidText(std::get<std::string>(value)));
    default:
      return fmt::format("unhex('{}')", EncodeHex(std::get<std::string>(value)));
  }
}

// A column of each.
inline Schema SchemaOfPlainTypes() {
  std::vector<caudal::Field> fields;
  for (const Type& type : PlainTypes()) {
    const auto id = static_cast<int32_t>(fields.size() + 1);
    fields.push_back(TestField(id, "c" + std::to_string(id), type));
  }
  return Schema::Make(0, std::move(fields)).value();
}

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
