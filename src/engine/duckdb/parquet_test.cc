#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <thread>

#include "base/failpoint.h"
#include "data/batch.h"
#include "engine/duckdb/test_parquet.h"
#include "engine/parquet_footer.h"

namespace caudal::engine {
namespace {

using caudal::Batch;
using caudal::Field;

bool SameValue(const Value& a, const Value& b) {
  if (const auto* x = std::get_if<double>(&a)) {
    const auto* y = std::get_if<double>(&b);
    return y != nullptr && std::bit_cast<int64_t>(*x) == std::bit_cast<int64_t>(*y);
  }
  if (const auto* x = std::get_if<float>(&a)) {
    const auto* y = std::get_if<float>(&b);
    return y != nullptr && std::bit_cast<int32_t>(*x) == std::bit_cast<int32_t>(*y);
  }
  return a == b;
}

void ExpectSameRow(const Array& a, int64_t i, const Array& b, int64_t k, const std::string& path) {
  ASSERT_EQ(a.IsNull(i), b.IsNull(k)) << path;
  if (a.IsNull(i)) return;
  if (!a.type().nested()) {
    ASSERT_TRUE(SameValue(a.At(i), b.At(k)))
        << path << " " << a.type().Text() << " "
        << (a.type().Is(TypeKind::kDouble)
                ? fmt::format("{:x} {:x}", a.values<uint64_t>()[i], b.values<uint64_t>()[k])
                : "");
    return;
  }
  const bool group = a.type().Is(TypeKind::kStruct);
  const int64_t from = group ? i : a.offsets()[i];
  const int64_t other = group ? k : b.offsets()[k];
  const int64_t length = group ? 1 : a.offsets()[i + 1] - from;
  if (!group) {
    ASSERT_EQ(length, b.offsets()[k + 1] - other) << path;
  }
  for (size_t part = 0; part < a.children().size(); ++part)
    for (int64_t n = 0; n < length; ++n)
      ExpectSameRow(a.children()[part], from + n, b.children()[part], other + n,
                    path + "." + a.type().fields()[part].name);
}

void ExpectSameRows(const std::vector<Batch>& wrote, const std::vector<ParquetRows>& read) {
  size_t at = 0;
  int64_t row = 0;
  int64_t all = 0;
  for (const ParquetRows& rows : read) {
    ASSERT_EQ(rows.first_row, all);
    all += rows.batch.rows();
    for (int64_t i = 0; i < rows.batch.rows(); ++i, ++row) {
      while (at < wrote.size() && row == wrote[at].rows()) {
        ++at;
        row = 0;
      }
      ASSERT_LT(at, wrote.size());
      for (size_t c = 0; c < wrote[at].columns().size(); ++c)
        ExpectSameRow(wrote[at].column(c), row, rows.batch.column(c), i, std::to_string(c));
      if (testing::Test::HasFailure()) return;
    }
  }
  ASSERT_EQ(at + 1, wrote.size());
  ASSERT_EQ(row, wrote.back().rows());
}

// Found from the build folder, which lies in the repo.
std::string TestData(const std::string& name) {
  std::filesystem::path folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / "src/engine/testdata") && folder.has_relative_path())
    folder = folder.parent_path();
  return (folder / "src/engine/testdata" / name).string();
}

TEST(Parquet, EveryTypeComesBack) {
  TestParquet test;
  for (const bool required : {false, true})
    for (uint64_t seed = 0; seed < 6; ++seed) {
      const Schema schema = SchemaOfEverything(required);
      RandomRows random(seed);
      random.negative_zeros = seed % 2 == 0;
      std::vector<Batch> batches;
      for (uint64_t i = random.Below(3) + 1; i > 0; --i) {
        const Batch batch = random.NextBatch(schema, 3 + static_cast<int64_t>(random.Below(3000)));
        batches.push_back(batch.Slice(static_cast<int64_t>(random.Below(3)), batch.rows() - 2));
        ASSERT_TRUE(batches.back().Check(schema).ok());
      }
      const std::string path = test.NewPath();
      const ParquetFile file = test.Write(path, schema, batches);
      ExpectSameRows(batches, test.Read(path, schema));
      if (HasFailure()) return;
      EXPECT_EQ(static_cast<uint64_t>(file.bytes), os::SizeOf(path));
      EXPECT_EQ(file.split_offsets, std::vector<int64_t>{4});
      for (const ParquetColumn& column : file.columns) EXPECT_GT(column.bytes, 0);
    }
}

TEST(Parquet, ManyRowsStreamInOrder) {
  TestParquet test;
  const Schema schema = Schema::Make(0, {TestField(1, "n", Type(TypeKind::kLong)),
                                         TestField(2, "text", Type(TypeKind::kString))})
                            .value();
  ParquetWriteOptions options;
  options.row_group_rows = 20'000;
  options.ahead_bytes = 100'000;
  const std::string path = test.NewPath();
  auto writer = ParquetWriter::Open(test.database(), path, schema, options).value();
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  int64_t n = 0;
  for (int batch = 0; batch < 300; ++batch) {
    for (int i = 0; i < 700; ++i, ++n) {
      builder.column(0).AppendLong(n);
      builder.column(1).AppendBytes("a text of more than twelve bytes " + std::to_string(n));
    }
    ASSERT_TRUE(writer->Write(builder.Finish().value()).ok());
  }
  EXPECT_EQ(writer->rows(), n);
  const ParquetFile file = writer->Finish().value();
  EXPECT_EQ(file.rows, n);
  EXPECT_EQ(file.split_offsets.size(), 10u);
  EXPECT_TRUE(std::ranges::is_sorted(file.split_offsets));
  EXPECT_EQ(file.columns[0].stats.greatest, Value(n - 1));
  int64_t row = 0;
  for (const ParquetRows& rows : test.Read(path, schema)) {
    ASSERT_EQ(rows.first_row, row);
    for (int64_t i = 0; i < rows.batch.rows(); ++i, ++row)
      ASSERT_EQ(rows.batch.column(0).values<int64_t>()[i], row);
  }
  EXPECT_EQ(row, n);
}

TEST(Parquet, NothingIsKeptOfAFileThatWasRead) {
  TestParquet test;
  const Schema schema = SchemaOfPlainTypes();
  const std::string path = test.NewPath();
  test.Write(path, schema, {RandomRows(1).NextBatch(schema, 5000, 4)});
  test.Read(path, schema);
  EXPECT_EQ(test.Number("SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() "
                        "WHERE tag = 'EXTERNAL_FILE_CACHE'"),
            0);
}

// DuckDB's dictionaries would make 0.0 of it.
TEST(Parquet, NegativeZerosStay) {
  TestParquet test;
  const Type pair = Type::Struct({TestField(3, "f", Type(TypeKind::kFloat))});
  const Schema schema =
      Schema::Make(0, {TestField(1, "d", Type(TypeKind::kDouble)), TestField(2, "s", pair)})
          .value();
  const auto rows = [&](double d, float f) {
    BatchBuilder builder = BatchBuilder::Make(schema).value();
    for (int i = 0; i < 5000; ++i) {
      builder.column(0).AppendDouble(i % 3 == 0 ? d : i % 7);
      builder.column(1).child(0).AppendFloat(i % 3 == 0 ? f : 0.0f);
      builder.column(1).AppendNested();
    }
    return builder.Finish().value();
  };
  const std::vector<Batch> batches = {rows(0.0, 0.0f), rows(1.0, 2.0f), rows(0.0, -0.0f),
                                      rows(-0.0, 0.0f), rows(0.0, 0.0f)};
  for (const uint64_t ahead : {1, 1 << 30, 2}) {
    ParquetWriteOptions options;
    options.ahead_bytes = ahead;
    options.dictionaries = ahead != 2;
    const std::string path = test.NewPath();
    EXPECT_EQ(test.Write(path, schema, batches, options).rows, 25'000);
    ExpectSameRows(batches, test.Read(path, schema));
    EXPECT_FALSE(os::Exists(path + ".earlier"));
  }
}

TEST(Parquet, TheRestIsWrittenWhileTheCallerDoesSomethingElse) {
  TestParquet test;
  const Schema schema = Schema::Make(0, {TestField(1, "n", Type(TypeKind::kLong))}).value();
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (int64_t i = 0; i < 100'000; ++i) builder.column(0).AppendLong(i % 10);
  const Batch batch = builder.Finish().value();
  for (const bool dictionaries : {true, false})
    for (const uint64_t ahead : {1, 1 << 30}) {
      ParquetWriteOptions options;
      options.ahead_bytes = ahead;
      options.compression = dictionaries ? 3 : 1;
      options.dictionaries = dictionaries;
      const std::string path = test.NewPath();
      auto writer = ParquetWriter::Open(test.database(), path, schema, options).value();
      ASSERT_TRUE(writer->Write(batch).ok());
      ASSERT_TRUE(writer->Write(batch).ok());
      writer->End();
      const auto file = writer->Finish();
      ASSERT_TRUE(file.ok()) << file.error().message;
      EXPECT_EQ(file->rows, 200'000);
      ExpectSameRows({batch, batch}, test.Read(path, schema));
    }
}

TEST(Parquet, RowGroupsEndAtTheirBytes) {
  TestParquet test;
  const Schema schema = Schema::Make(0, {TestField(1, "b", Type(TypeKind::kBinary))}).value();
  ParquetWriteOptions options;
  options.row_group_bytes = 4u << 20;
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  std::vector<Batch> batches;
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 100; ++k) builder.column(0).AppendBytes(std::string(10'000, 'x'));
    batches.push_back(builder.Finish().value());
  }
  const ParquetFile file = test.Write(test.NewPath(), schema, batches, options);
  EXPECT_GE(file.split_offsets.size(), 4u);
}

TEST(Parquet, NamesAreKeptAsFarAsDuckDbCan) {
  TestParquet test;
  const Schema schema =
      Schema::Make(
          0, {TestField(1, "duration", Type(TypeKind::kInt)),
              TestField(2, "Duration", Type(TypeKind::kLong)),
              TestField(3, "file_row_number", Type(TypeKind::kInt)),
              TestField(4, "__duckdb_field_id", Type(TypeKind::kInt)),
              TestField(5, "s",
                        Type::Struct({TestField(6, "x", Type(TypeKind::kInt)),
                                      TestField(7, "X", Type(TypeKind::kInt)),
                                      TestField(8, "__duckdb_field_id", Type(TypeKind::kInt))})),
              TestField(9, "año=1/'\"", Type(TypeKind::kInt))})
          .value();
  RandomRows random(1);
  const std::vector<Batch> batches = {random.NextBatch(schema, 100)};
  const std::string path = test.NewPath();
  test.Write(path, schema, batches);
  ExpectSameRows(batches, test.Read(path, schema));
  const ParquetFooter footer =
      ReadParquetFooter(os::File::Open(path, os::File::Mode::kRead).value()).value();
  std::vector<std::string> names;
  for (const ParquetNode& node : footer.nodes) {
    names.push_back(node.name);
    if (names.size() == 1) continue;
    EXPECT_EQ(node.field_id, static_cast<int>(names.size()) - 1);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"duckdb_schema", "duration", "Duration_1",
                                             "file_row_number", "__duckdb_field_id_1", "s", "x",
                                             "X_1", "__duckdb_field_id_1", "año=1/'\""}));
}

TEST(Parquet, ColumnsAreReadByTheirIds) {
  TestParquet test;
  const Schema wrote =
      Schema::Make(0, {TestField(1, "a", Type(TypeKind::kInt)),
                       TestField(2, "s",
                                 Type::Struct({TestField(3, "x", Type(TypeKind::kFloat)),
                                               TestField(4, "y", Type(TypeKind::kString))})),
                       TestField(5, "l", Type::List(TestField(6, "", Type(TypeKind::kInt)))),
                       TestField(7, "d", Type::Decimal(9, 2))})
          .value();
  RandomRows random(2);
  const Batch batch = random.NextBatch(wrote, 500);
  const std::string path = test.NewPath();
  test.Write(path, wrote, {batch});
  const Type renamed = Type::Struct({TestField(8, "new", Type(TypeKind::kUuid)),
                                     TestField(4, "why", Type(TypeKind::kString)),
                                     TestField(3, "ex", Type(TypeKind::kDouble))});
  const Schema wanted =
      Schema::Make(0, {TestField(7, "dd", Type::Decimal(12, 2)),
                       TestField(9, "none", Type(TypeKind::kString)), TestField(2, "S", renamed),
                       TestField(5, "l", Type::List(TestField(6, "", Type(TypeKind::kLong))))})
          .value();
  const std::vector<ParquetRows> read = test.Read(path, wanted);
  ASSERT_EQ(read.size(), 1u);
  const Batch& got = read[0].batch;
  EXPECT_TRUE(got.Check(wanted).ok());
  EXPECT_EQ(got.column(1).null_count(), 500);
  for (int64_t i = 0; i < 500; ++i) {
    EXPECT_EQ(got.column(0).At(i), batch.column(3).At(i));
    EXPECT_TRUE(got.column(2).children()[0].IsNull(i));
    EXPECT_EQ(got.column(2).children()[1].At(i), batch.column(1).children()[1].At(i));
    EXPECT_EQ(got.column(2).IsNull(i), batch.column(1).IsNull(i));
    EXPECT_EQ(got.column(3).offsets()[i + 1], batch.column(2).offsets()[i + 1]);
  }
  EXPECT_EQ(test.Read(path, Schema::Make(0, {TestField(9, "n", Type(TypeKind::kInt))}).value())[0]
                .batch.rows(),
            500);
  EXPECT_EQ(test.Read(path, Schema())[0].batch.rows(), 500);
  const auto error = [&](Field field) {
    auto reader =
        ParquetReader::Open(test.database(), path, Schema::Make(0, {std::move(field)}).value());
    return reader.value()->Next().error();
  };
  EXPECT_EQ(error(TestField(1, "a", Type(TypeKind::kString))).message,
            path + ": column a (field 1): the file holds int, not string");
  EXPECT_EQ(error(TestField(9, "n", Type(TypeKind::kInt), true)).kind, ErrorKind::kInvalid);
}

// Written by pyarrow, as testdata/foreign_parquet.py says.
TEST(Parquet, SomeRowsAreReadByTheirPlaces) {
  TestParquet test;
  RandomRows random(5);
  const Schema schema = SchemaOfEverything();
  const std::string path = test.NewPath();
  ParquetWriteOptions options;
  options.row_group_rows = 2048;
  const Batch wrote = random.NextBatch(schema, 9000);
  test.Write(path, schema, {wrote}, options);
  const auto expect = [&](const std::string& of, const Schema& columns, const Batch& all,
                          const std::vector<int64_t>& rows) {
    const Batch read = ReadParquetRows(test.database(), of, columns, rows).value();
    ASSERT_EQ(read.rows(), static_cast<int64_t>(rows.size()));
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t c = 0; c < columns.fields().size(); ++c)
        ExpectSameRow(all.column(c), rows[i], read.column(c), static_cast<int64_t>(i),
                      columns.fields()[c].name);
  };
  expect(path, schema, wrote, {});
  expect(path, schema, wrote, {0});
  expect(path, schema, wrote, {8999});
  expect(path, schema, wrote, {5, 6, 2047, 2048, 4095, 7000, 8998});
  std::vector<int64_t> many;
  for (int64_t row = 1; row < 9000; row += 2) many.push_back(row);
  expect(path, schema, wrote, many);
  EXPECT_EQ(ReadParquetRows(test.database(), path, schema, many).value().rows(), 4500);
  const std::vector<int64_t> beyond{3, 9000};
  EXPECT_TRUE(
      ReadParquetRows(test.database(), path, schema, beyond).error().Is(ErrorKind::kInvalid));

  // A file that has a column of the name that DuckDB has for places.
  const Schema clash =
      Schema::Make(0, {TestField(1, "File_Row_Number", Type(TypeKind::kLong))}).value();
  const Batch numbers = random.NextBatch(clash, 5000);
  const std::string other = test.NewPath();
  test.Write(other, clash, {numbers}, options);
  expect(other, clash, numbers, {0, 17, 2048, 4999});
  const Schema absent = Schema::Make(0, {TestField(99, "no", Type(TypeKind::kLong))}).value();
  EXPECT_EQ(ReadParquetRows(test.database(), path, absent, std::vector<int64_t>{1, 2})
                .value()
                .column(0)
                .null_count(),
            2);
}

TEST(Parquet, FilesOfOthersAreRead) {
  TestParquet test;
  const std::string path = TestData("foreign.parquet");
  const Type list = Type::List(TestField(8, "", Type(TypeKind::kInt)));
  const Schema schema =
      Schema::Make(
          0, {TestField(1, "id", Type(TypeKind::kLong), true),
              TestField(2, "ID", Type(TypeKind::kString)), TestField(3, "code", Type::Fixed(5)),
              TestField(4, "u", Type(TypeKind::kUuid)),
              TestField(5, "at", Type(TypeKind::kTimestampTz)),
              TestField(6, "price", Type::Decimal(20, 2)), TestField(7, "l", list)})
          .value();
  const std::vector<ParquetRows> read = test.Read(path, schema);
  ASSERT_EQ(read.size(), 1u);
  const Batch& batch = read[0].batch;
  EXPECT_TRUE(batch.Check(schema).ok());
  ASSERT_EQ(batch.rows(), 3);
  EXPECT_EQ(batch.column(0).At(2), Value(int64_t{3}));
  EXPECT_EQ(batch.column(1).At(0), Value(std::string("x")));
  EXPECT_EQ(batch.column(2).At(0), Value(std::string("abcde")));
  EXPECT_TRUE(batch.column(2).IsNull(1));
  EXPECT_EQ(batch.column(3).At(0), Value(std::string("0123456789abcdef")));
  EXPECT_EQ(batch.column(4).At(1), Value(int64_t{1000}));
  EXPECT_EQ(batch.column(5).At(1), Value(Int128{-5}));
  EXPECT_EQ(batch.column(6).children()[0].At(1), Value(int32_t{2}));
}

TEST(Parquet, WhatCannotBeWrittenIsRefused) {
  TestParquet test;
  const auto open = [&](const Type& type) {
    const Schema schema = Schema::Make(0, {TestField(1, "c", type)}).value();
    return ParquetWriter::Open(test.database(), test.NewPath(), schema).error();
  };
  EXPECT_EQ(open(Type(TypeKind::kTimestampTzNs)).kind, ErrorKind::kUnsupported);
  EXPECT_EQ(open(Type(TypeKind::kVariant)).kind, ErrorKind::kUnsupported);
  EXPECT_EQ(open(Type::Fixed(5)).kind, ErrorKind::kUnsupported);
  EXPECT_EQ(open(Type::Struct({})).message,
            "column c: a struct without fields has no place in a Parquet file");
  EXPECT_EQ(ParquetWriter::Open(test.database(), test.NewPath(), Schema()).error().kind,
            ErrorKind::kUnsupported);

  const Schema schema = Schema::Make(0, {TestField(1, "c", Type(TypeKind::kInt), true)}).value();
  const std::string path = test.NewPath();
  {
    auto writer = ParquetWriter::Open(test.database(), path, schema).value();
    EXPECT_TRUE(os::Exists(path));
    EXPECT_EQ(ParquetWriter::Open(test.database(), path, schema).error().kind,
              ErrorKind::kAlreadyExists);
    EXPECT_EQ(writer->Finish().error().kind, ErrorKind::kInvalid);
    const Batch nulls(1, {Array::Nulls(Type(TypeKind::kInt), 1)});
    EXPECT_EQ(writer->Write(nulls).error().message,
              "column c, row 0: null, but a value is required");
  }
  EXPECT_FALSE(os::Exists(path));
}

TEST(Parquet, AFailedOrForsakenFileIsRemoved) {
  TestParquet test;
  const Schema schema = Schema::Make(0, {TestField(1, "c", Type(TypeKind::kBinary))}).value();
  RandomRows random(1);
  const Batch batch = random.NextBatch(schema, 5000);
  const std::string path = test.NewPath();
  ParquetWriteOptions options;
  options.ahead_bytes = 1;
  {
    auto writer = ParquetWriter::Open(test.database(), path, schema, options).value();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->Write(batch).ok());
  }
  EXPECT_FALSE(os::Exists(path));
  for (const char* name : {"engine.parquet.written", "engine.parquet.synced"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(name) + "=error").ok());
    auto writer = ParquetWriter::Open(test.database(), path, schema, options).value();
    ASSERT_TRUE(writer->Write(batch).ok());
    EXPECT_EQ(writer->Finish().error().kind, ErrorKind::kUnavailable);
    DisarmFailpoints();
    EXPECT_EQ(writer->Finish().error().kind, ErrorKind::kUnavailable);
    writer.reset();
    EXPECT_FALSE(os::Exists(path));
  }
}

TEST(Parquet, ConcurrentWritersAndReadersShareTheDatabase) {
  TestParquet test;
  const Schema schema = SchemaOfEverything();
  std::vector<std::string> paths;
  for (int i = 0; i < 12; ++i) paths.push_back(test.NewPath());
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = t; i < paths.size(); i += 4) {
        RandomRows random(i);
        const std::vector<Batch> batches = {random.NextBatch(schema, 700),
                                            random.NextBatch(schema, 700)};
        ParquetWriteOptions options;
        options.ahead_bytes = i % 2 == 0 ? 1 : 1u << 20;
        test.Write(paths[i], schema, batches, options);
        ExpectSameRows(batches, test.Read(paths[i], schema));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Parquet, DamagedFilesAreErrors) {
  TestParquet test;
  const Schema schema = SchemaOfEverything();
  RandomRows random(4);
  const std::string path = test.NewPath();
  test.Write(path, schema, {random.NextBatch(schema, 300)});
  const std::string good = os::ReadFile(path, 1u << 24).value();
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    if (round % 3 == 0) bad.resize(random.Below(good.size()));
    // Mostly pages; bytes of the footer are the fuzzer's.
    if (round % 3 != 0) bad[random.Below(good.size())] ^= static_cast<char>(1 + random.Below(255));
    ASSERT_TRUE(os::ReplaceFile(path, bad).ok());
    const auto reader = ParquetReader::Open(test.database(), path, schema);
    if (!reader.ok()) {
      ++refused;
      continue;
    }
    while (true) {
      const auto next = (*reader)->Next();
      if (next.ok() && *next) continue;
      if (!next.ok()) ++refused;
      break;
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_EQ(ParquetReader::Open(test.database(), path + "x", schema).error().kind,
            ErrorKind::kNotFound);
}

}  // namespace
}  // namespace caudal::engine
