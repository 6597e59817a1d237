// Reads what fastavro wrote (testdata/), and what our own writer did.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "codec/avro/container.h"
#include "codec/avro/decoder.h"

namespace caudal::avro {
namespace {

std::string ReadTestFile(const std::string& name) {
  std::filesystem::path root = std::filesystem::current_path();
  while (!std::filesystem::exists(root / "src/codec/avro/testdata") && root != root.parent_path())
    root = root.parent_path();
  std::ifstream file(root / "src/codec/avro/testdata" / name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

Decoder Of(const Schema& schema, std::string_view bytes) { return Decoder(schema, bytes); }

// Record `i` of the fixture, `deep` records nested in it.
void ExpectRow(Decoder& in, const Schema& schema, NodeId record, int64_t i, int64_t deep) {
  const auto& fields = schema[record].fields;
  ASSERT_EQ(fields.size(), 12u);
  int64_t power = 1;
  for (int64_t k = 0; k < i && i < 39; ++k) power *= 3;
  EXPECT_EQ(in.Integer(fields[0].type), i < 39 ? power * (i % 2 == 0 ? 1 : -1) : i);
  const auto name = in.OptionalBinary(fields[1].type);
  EXPECT_EQ(name.value_or("none"), i % 3 == 0 ? "none" : "ñ" + std::to_string(i));
  EXPECT_EQ(in.Double(), static_cast<double>(i) / 7);
  EXPECT_EQ(in.Float(), static_cast<float>(i) / 4);
  EXPECT_EQ(in.Truth(fields[4].type), i % 2 == 0);
  EXPECT_EQ(in.Binary(fields[5].type), std::string(i % 5, static_cast<char>(i)));
  EXPECT_EQ(in.Binary(fields[6].type), "abc");
  EXPECT_EQ(in.Int(), i % 2);
  int64_t tags = 0;
  EXPECT_TRUE(in.Items(fields[8].type, [&](NodeId item) { EXPECT_EQ(in.Integer(item), tags++); }));
  EXPECT_EQ(tags, i % 4);
  std::string props;
  in.Items(fields[9].type, [&](NodeId value) {
    props += in.Bytes();
    props += in.OptionalBinary(value).value_or("-");
  });
  EXPECT_EQ(props, i % 2 == 1 ? "a-bxyz" : "");
  const NodeId next = in.Enter(fields[10].type);
  EXPECT_EQ(schema[next].kind, deep > 0 ? Kind::kRecord : Kind::kNull);
  if (deep > 0) ExpectRow(in, schema, next, i + 1, deep - 1);
  EXPECT_EQ(in.Integer(fields[11].type), i);
}

class Fixture : public testing::TestWithParam<const char*> {};

TEST_P(Fixture, IsReadValueByValue) {
  const std::string file = ReadTestFile(std::string(GetParam()) + ".avro");
  auto reader = ContainerReader::Open(file).value();
  EXPECT_EQ(reader.metadata().at("origin"), "fastavro");
  const Schema& schema = reader.schema();
  EXPECT_EQ(schema[schema.root()].name, "shop.v1.Row");
  int64_t i = 0;
  int blocks = 0;
  while (const auto block = reader.Next().value()) {
    Decoder in(schema, block->data);
    for (int64_t k = 0; k < block->records; ++k, ++i)
      ExpectRow(in, schema, schema.root(), i, i % 3);
    ASSERT_TRUE(in.ok()) << in.error().message;
    EXPECT_EQ(in.remaining(), 0u);
    ++blocks;
  }
  EXPECT_EQ(i, 50);
  EXPECT_GT(blocks, 2);
}

TEST_P(Fixture, IsSkipped) {
  const std::string file = ReadTestFile(std::string(GetParam()) + ".avro");
  auto reader = ContainerReader::Open(file).value();
  while (const auto block = reader.Next().value()) {
    Decoder in(reader.schema(), block->data);
    for (int64_t k = 0; k < block->records; ++k) in.Skip(reader.schema().root());
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST_P(Fixture, CutAnywhereIsAnError) {
  const std::string whole = ReadTestFile(std::string(GetParam()) + ".avro");
  int whole_blocks = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string file = whole.substr(0, size);
    auto reader = ContainerReader::Open(file);
    if (!reader.ok()) continue;
    bool failed = false;
    while (true) {
      const auto block = reader->Next();
      failed = !block.ok();
      if (failed || !block->has_value()) break;
    }
    if (!failed) ++whole_blocks;  // cut between two blocks: a file like any other
  }
  EXPECT_LT(whole_blocks, 8);
}

TEST_P(Fixture, DamagedBytesNeverCrash) {
  const std::string whole = ReadTestFile(std::string(GetParam()) + ".avro");
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string file = whole;
    file[at] = static_cast<char>(file[at] ^ 0x55);
    auto reader = ContainerReader::Open(file);
    if (!reader.ok()) continue;
    while (true) {
      const auto block = reader->Next();
      if (!block.ok() || !block->has_value()) break;
      Decoder in(reader->schema(), (*block)->data);
      for (int64_t k = 0; k < (*block)->records && in.ok(); ++k) in.Skip(reader->schema().root());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Compressions, Fixture,
                         testing::Values("null", "deflate", "snappy", "zstandard"));

TEST(AvroContainer, SnappyBlocksAreChecked) {
  std::string file = ReadTestFile("snappy.avro");
  // The last block ends with its checksum and the marker.
  file[file.size() - 17] = static_cast<char>(file[file.size() - 17] ^ 1);
  auto reader = ContainerReader::Open(file).value();
  Result<std::optional<ContainerReader::Block>> block = reader.Next();
  while (block.ok() && block->has_value()) block = reader.Next();
  ASSERT_FALSE(block.ok());
  EXPECT_NE(block.error().message.find("checksum"), std::string::npos) << block.error().message;
}

TEST(AvroContainer, BlocksAreBounded) {
  for (const char* name : {"null.avro", "deflate.avro", "snappy.avro", "zstandard.avro"}) {
    const std::string file = ReadTestFile(name);
    ContainerLimits limits;
    limits.block_bytes_max = 100;
    auto reader = ContainerReader::Open(file, limits).value();
    if (std::string_view(name) == "null.avro") continue;  // nothing is unpacked
    EXPECT_EQ(reader.Next().error().kind, ErrorKind::kLimit) << name;
  }
}

TEST(AvroContainer, WritesWhatItReads) {
  for (const bool deflate : {false, true}) {
    ContainerOptions options;
    options.deflate = deflate;
    options.block_bytes = 100;
    ContainerWriter writer(R"({"type":"array","items":"long","element-id":7})",
                           {{"key", std::string("a\0b", 3)}}, options);
    for (int i = 0; i < 100; ++i) {
      writer.out().BeginItems(static_cast<size_t>(i % 3));
      for (int k = 0; k < i % 3; ++k) writer.out().Long(i * 1'000'000'007LL * (k - 1));
      writer.out().EndItems();
      writer.EndRecord();
    }
    const std::string file = writer.Finish();
    auto reader = ContainerReader::Open(file).value();
    EXPECT_EQ(reader.metadata().at("key"), std::string("a\0b", 3));
    EXPECT_EQ(reader.schema()[reader.schema().root()].IntAttribute("element-id"), 7);
    int i = 0;
    while (const auto block = reader.Next().value()) {
      Decoder in(reader.schema(), block->data);
      for (int64_t r = 0; r < block->records; ++r, ++i) {
        int k = 0;
        in.Items(reader.schema().root(), [&](NodeId item) {
          EXPECT_EQ(in.Integer(item), i * 1'000'000'007LL * (k++ - 1));
        });
        EXPECT_EQ(k, i % 3);
      }
      EXPECT_TRUE(in.ok());
    }
    EXPECT_EQ(i, 100);
  }
}

TEST(AvroContainer, AnEmptyFileHasNoBlocks) {
  const std::string file = ContainerWriter(R"("long")", {}).Finish();
  EXPECT_FALSE(ContainerReader::Open(file).value().Next().value().has_value());
}

TEST(AvroContainer, RefusesWhatItCannotRead) {
  EXPECT_FALSE(ContainerReader::Open("").ok());
  EXPECT_FALSE(ContainerReader::Open("PAR1").ok());
  std::string file = ContainerWriter(R"("long")", {}).Finish();
  const size_t at = file.find("deflate");
  file.replace(at, 7, "bzip200");
  EXPECT_EQ(ContainerReader::Open(file).error().kind, ErrorKind::kUnsupported);
}

TEST(AvroSchema, KeepsForeignAttributes) {
  const Schema schema = Schema::Parse(R"({"type":"record","name":"a.R","doc":"d","fields":[
      {"name":"x","type":{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true},
       "field-id":5,"default":null},
      {"name":"y","type":["null","R"]}, {"name":"z","type":"a.R"}]})")
                            .value();
  const Node& record = schema[schema.root()];
  EXPECT_EQ(record.name, "a.R");
  EXPECT_EQ(record.attributes["doc"], "d");
  EXPECT_EQ(record.fields[0].field_id, 5);
  EXPECT_TRUE(record.fields[0].attributes.contains("default"));
  EXPECT_EQ(schema[record.fields[0].type].logical_type, "timestamp-micros");
  EXPECT_EQ(schema[record.fields[0].type].attributes["adjust-to-utc"], true);
  EXPECT_EQ(schema[record.fields[1].type].children[1], schema.root());
  EXPECT_EQ(record.fields[2].type, schema.root());
}

TEST(AvroSchema, RefusesNonsense) {
  for (const char* bad :
       {"", "1", "[]", "\"longer\"", "{}", R"({"type":"record"})",
        R"({"type":"record","name":"r"})",
        R"({"type":"record","name":"r","fields":[{"name":"x"}]})",
        R"({"type":"record","name":"r","fields":[{"name":"x","type":"long","field-id":"1"}]})",
        R"([["null"]])", R"({"type":"fixed","name":"f"})",
        R"({"type":"fixed","name":"f","size":-1})", R"({"type":"array"})",
        R"({"type":"enum","name":"e","symbols":[1]})",
        R"([{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":1}])"})
    EXPECT_FALSE(Schema::Parse(bad).ok()) << bad;
}

TEST(AvroDecoder, IntegersReadBack) {
  const Schema schema = Schema::Parse(R"("long")").value();
  for (const int64_t number :
       {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{63}, int64_t{64}, int64_t{-64}, int64_t{-65},
        int64_t{1} << 40, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    Encoder out;
    out.Long(number);
    Decoder in = Of(schema, out.bytes());
    EXPECT_EQ(in.Long(), number);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST(AvroDecoder, HostileBytesAreRefused) {
  const Schema longs = Schema::Parse(R"({"type":"array","items":"long"})").value();
  const Schema nulls = Schema::Parse(R"({"type":"array","items":"null"})").value();
  Encoder huge;
  huge.Long(std::numeric_limits<int64_t>::max());
  Encoder lowest;
  lowest.Long(std::numeric_limits<int64_t>::min());
  for (const std::string& bytes :
       {huge.bytes(), lowest.bytes(), std::string(11, '\xff'), std::string(1, '\x80')}) {
    for (const Schema* schema : {&longs, &nulls}) {
      Decoder skip = Of(*schema, bytes);
      skip.Skip(schema->root());
      EXPECT_FALSE(skip.ok());
      Decoder read = Of(*schema, bytes);
      EXPECT_FALSE(read.Items(schema->root(), [&](NodeId item) { read.Skip(item); }));
      EXPECT_FALSE(read.ok());
    }
  }
  Decoder text = Of(longs, huge.bytes());
  EXPECT_EQ(text.Bytes(), "");
  EXPECT_FALSE(text.ok());
  Decoder wide = Of(longs, lowest.bytes());
  wide.Int();
  EXPECT_FALSE(wide.ok());
}

TEST(AvroDecoder, WorkIsBounded) {
  // Each record is twice the one before, and none takes a byte.
  std::string fields = R"({"type":"record","name":"r0","fields":[]})";
  for (int i = 1; i < 30; ++i)
    fields = R"({"type":"record","name":"r)" + std::to_string(i) +
             R"(","fields":[{"name":"a","type":)" + fields + R"(},{"name":"b","type":"r)" +
             std::to_string(i - 1) + R"("}]})";
  const Schema schema = Schema::Parse(fields).value();
  Decoder in = Of(schema, "");
  in.Skip(schema.root());
  EXPECT_FALSE(in.ok());
  // One that contains itself has no end.
  const Schema loop =
      Schema::Parse(R"({"type":"record","name":"r","fields":[{"name":"a","type":"r"}]})").value();
  Decoder forever = Of(loop, "");
  forever.Skip(loop.root());
  EXPECT_FALSE(forever.ok());
}

}  // namespace
}  // namespace caudal::avro
