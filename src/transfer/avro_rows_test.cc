#include "transfer/avro_rows.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "codec/avro/container.h"
#include "engine/parquet_reader.h"
#include "os/file.h"

namespace caudal::transfer {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSchema = R"({"type": "record", "name": "r", "fields": [
  {"name": "id", "type": "long"},
  {"name": "name", "type": ["null", "string"]},
  {"name": "kind", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}},
  {"name": "day", "type": {"type": "int", "logicalType": "date"}},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
  {"name": "m", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
  {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
  {"name": "tags", "type": {"type": "array", "items": ["string", "null"]}},
  {"name": "props", "type": {"type": "map", "values": "double"}},
  {"name": "p", "type": ["null", {"type": "record", "name": "p", "fields": [
    {"name": "x", "type": "float"}]}]}]})";

class AvroRows : public testing::Test {
 protected:
  void TearDown() override {
    (void)os::Remove(from_).ok();
    (void)os::Remove(to_).ok();
  }
  Result<void> Convert(const std::string& bytes) {
    EXPECT_TRUE(os::ReplaceFile(from_, bytes).ok());
    return AvroToParquet(*database_, from_, to_, [] { return Result<void>(); });
  }

  const std::string stem_ = testing::TempDir() + "rows-" + SystemRandom().Hex(6);
  const std::string from_ = stem_ + ".avro";
  const std::string to_ = stem_ + ".parquet";
  std::unique_ptr<engine::InProcessDatabase> database_ = engine::InProcessDatabase::Open().value();
};

void WriteRow(avro::Encoder& out, int64_t id) {
  out.Long(id);
  out.Long(id % 2 == 0 ? 0 : 1);
  if (id % 2 != 0) out.Bytes("odd");
  out.Long(id % 2);
  out.Long(-1);
  out.Long(1000);
  out.Long(77);
  out.Bytes(std::string_view("\xff\x38", 2));  // -200
  out.Bytes("550e8400-e29b-41d4-a716-446655440000");
  out.BeginItems(2);
  out.Long(0);
  out.Bytes("t");
  out.Long(1);
  out.EndItems();
  out.BeginItems(1);
  out.Bytes("k");
  out.Double(0.5);
  out.EndItems();
  out.Long(id == 0 ? 0 : 1);
  if (id != 0) out.Float(1.5F);
}

TEST_F(AvroRows, BecomeColumns) {
  avro::ContainerWriter writer(kSchema, {});
  for (int64_t id = 0; id < 40'000; ++id) {
    WriteRow(writer.out(), id);
    writer.EndRecord();
  }
  ASSERT_TRUE(Convert(writer.Finish()).ok());
  const Schema schema = ColumnsOfAvro(avro::Schema::Parse(kSchema).value()).value();
  const auto reader = engine::ParquetReader::Open(*database_, to_, schema).value();
  EXPECT_EQ(reader->rows(), 40'000);
  const Batch rows = reader->Next().value()->batch;
  EXPECT_TRUE(rows.column(1).IsNull(0));
  EXPECT_EQ(rows.column(1).bytes(1), "odd");
  EXPECT_EQ(rows.column(2).bytes(1), "B");
  EXPECT_EQ(rows.column(3).values<int32_t>()[0], -1);
  EXPECT_EQ(rows.column(4).values<int64_t>()[0], 1'000'000);
  EXPECT_EQ(rows.column(4).type(), Type(TypeKind::kTimestampTz));
  EXPECT_EQ(rows.column(5).type(), Type(TypeKind::kTimestamp));
  EXPECT_TRUE(rows.column(6).values<Int128>()[0] == -200);
  EXPECT_EQ(UuidText(rows.column(7).bytes(0)), "550e8400-e29b-41d4-a716-446655440000");
  EXPECT_TRUE(rows.column(8).children()[0].IsNull(1));
  EXPECT_EQ(rows.column(9).children()[1].values<double>()[0], 0.5);
  EXPECT_TRUE(rows.column(10).IsNull(0));
  EXPECT_EQ(rows.column(10).children()[0].values<float>()[1], 1.5F);
}

TEST_F(AvroRows, SayWhatIsWrong) {
  EXPECT_FALSE(Convert("no avro").ok());
  avro::ContainerWriter writer(R"({"type": "record", "name": "r", "fields": [
    {"name": "x", "type": ["int", "string"]}]})",
                               {});
  const Result<void> converted = Convert(writer.Finish());
  EXPECT_THAT(converted.error().message, HasSubstr("field 'x': a union of several types"));
  avro::ContainerWriter recursive(R"({"type": "record", "name": "r", "fields": [
    {"name": "x", "type": ["null", "r"]}]})",
                                  {});
  EXPECT_THAT(Convert(recursive.Finish()).error().message, HasSubstr("too deep"));
  avro::ContainerWriter whole(R"({"type": "record", "name": "r", "fields": [
    {"name": "x", "type": {"type": "enum", "name": "e", "symbols": ["A"]}}]})",
                              {});
  whole.out().Long(9);
  whole.EndRecord();
  EXPECT_THAT(Convert(whole.Finish()).error().message, HasSubstr("no such symbol"));
}

}  // namespace
}  // namespace caudal::transfer
