#include "lake/format/manifest.h"

#include <gtest/gtest.h>

#include <cmath>

#include "codec/avro/container.h"
#include "lake/format/all_types.h"
#include "lake/format/manifest_schema.h"

namespace caudal::lake {
namespace {

ManifestHeader Header(int version, ManifestContent content = ManifestContent::kData) {
  return {version, AllTypesSchema(), AllTypesSpec(), content};
}

ManifestEntry Entry(DataFile file, EntryStatus status = EntryStatus::kAdded) {
  ManifestEntry entry;
  entry.status = status;
  entry.file = std::move(file);
  if (status != EntryStatus::kAdded) {
    entry.snapshot_id = 7;
    entry.sequence_number = 3;
    entry.file_sequence_number = 4;
  }
  return entry;
}

class Versions : public testing::TestWithParam<int> {};

TEST_P(Versions, EntriesReadBack) {
  ManifestWriter writer = ManifestWriter::Make(Header(GetParam()), 42).value();
  std::vector<ManifestEntry> entries;
  for (size_t i = 0; i < 300; ++i) {
    DataFile file = AllTypesFile(i, i % 7 == 3);
    if (i % 5 == 0) file.sort_order_id = 2;
    if (i % 11 == 0) file.key_metadata = std::string("\0k", 2);
    entries.push_back(Entry(std::move(file), static_cast<EntryStatus>((i + 1) % 3)));
    ASSERT_TRUE(writer.Add(entries.back()).ok());
  }
  const auto finished = writer.Finish();
  ManifestFile listed = finished.file;
  EXPECT_EQ(listed.length, static_cast<int64_t>(finished.bytes.size()));
  EXPECT_EQ(listed.sequence_number, ManifestFile::kUnassigned);
  EXPECT_EQ(listed.min_sequence_number, 3);
  EXPECT_EQ(listed.added_files, 100);
  EXPECT_EQ(listed.existing_files, 100);
  EXPECT_EQ(listed.deleted_files, 100);
  listed.sequence_number = 9;
  const Manifest manifest = ReadManifest(finished.bytes, listed).value();
  EXPECT_EQ(manifest.header.format_version, GetParam());
  EXPECT_EQ(manifest.header.schema, AllTypesSchema());
  EXPECT_EQ(manifest.header.spec, AllTypesSpec());
  EXPECT_EQ(manifest.header.content, ManifestContent::kData);
  ASSERT_EQ(manifest.entries.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].status == EntryStatus::kAdded) {
      entries[i].snapshot_id = 42;
      entries[i].sequence_number = entries[i].file_sequence_number = 9;
    }
    EXPECT_EQ(manifest.entries[i], entries[i]) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Written, Versions, testing::Values(2, 3));

TEST(Manifest, SummariesBoundThePartitions) {
  ManifestWriter writer = ManifestWriter::Make(Header(2), 42).value();
  for (size_t i = 0; i < 12; ++i) ASSERT_TRUE(writer.Add(Entry(AllTypesFile(i))).ok());
  ASSERT_TRUE(writer.Add(Entry(AllTypesFile(0, true))).ok());
  const auto finished = writer.Finish();
  const std::vector<TypeCase> types = AllTypes();
  ASSERT_EQ(finished.file.partitions.size(), types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const FieldSummary& summary = finished.file.partitions[i];
    EXPECT_TRUE(summary.contains_null);
    EXPECT_EQ(summary.contains_nan, false);
    if (types[i].type.Is(TypeKind::kUuid)) continue;  // wider, see MakeBounds
    const auto text = [&](const std::string& bytes) {
      return DumpJson(ValueToJson(types[i].type, DecodeValue(types[i].type, bytes).value()));
    };
    const auto normal = [&](const std::string& json) {
      const Value value = ValueFromJson(types[i].type, Json::parse(json)).value();
      return DumpJson(ValueToJson(types[i].type, value));
    };
    EXPECT_EQ(text(*summary.lower_bound), normal(types[i].values.front()));
    EXPECT_EQ(text(*summary.upper_bound), normal(types[i].values.back()));
  }
}

TEST(Manifest, SummariesLeaveNaNOut) {
  PartitionSpec spec;
  spec.fields.push_back({{5}, 1000, "d", Transform()});
  ManifestWriter writer =
      ManifestWriter::Make({2, AllTypesSchema(), spec, ManifestContent::kData}, 1).value();
  DataFile file;
  file.path = "f";
  for (const double number : {std::nan(""), 0.0, 2.5}) {
    file.partition = {number};
    ASSERT_TRUE(writer.Add(Entry(file)).ok());
  }
  const FieldSummary summary = writer.Finish().file.partitions[0];
  EXPECT_EQ(summary.contains_nan, true);
  EXPECT_EQ(*summary.lower_bound, EncodeValue(Type(TypeKind::kDouble), -0.0));
  EXPECT_EQ(*summary.upper_bound, EncodeValue(Type(TypeKind::kDouble), 2.5));
}

TEST(Manifest, DeleteFilesKeepTheirFields) {
  ManifestWriter writer = ManifestWriter::Make(Header(3, ManifestContent::kDeletes), 42).value();
  DataFile position = AllTypesFile(1);
  position.content = FileContent::kPositionDeletes;
  position.referenced_data_file = "gs://lake/t/data/x.parquet";
  DataFile vector = position;
  vector.format = "PUFFIN";
  vector.content_offset = 4;
  vector.content_size_bytes = 40;
  DataFile equality = AllTypesFile(2);
  equality.content = FileContent::kEqualityDeletes;
  equality.equality_ids = {1, 3};
  for (const DataFile& file : {position, vector, equality})
    ASSERT_TRUE(writer.Add(Entry(file)).ok());
  auto finished = writer.Finish();
  finished.file.sequence_number = 5;
  const Manifest manifest = ReadManifest(finished.bytes, finished.file).value();
  EXPECT_EQ(manifest.entries[0].file, position);
  EXPECT_EQ(manifest.entries[1].file, vector);
  EXPECT_EQ(manifest.entries[2].file, equality);
}

TEST(Manifest, RowIdsAreInherited) {
  ManifestWriter writer = ManifestWriter::Make(Header(3), 42).value();
  DataFile old = AllTypesFile(0);
  old.first_row_id = 800;
  ASSERT_TRUE(writer.Add(Entry(old, EntryStatus::kExisting)).ok());
  ASSERT_TRUE(writer.Add(Entry(AllTypesFile(1))).ok());
  ASSERT_TRUE(writer.Add(Entry(AllTypesFile(2), EntryStatus::kDeleted)).ok());
  ASSERT_TRUE(writer.Add(Entry(AllTypesFile(3))).ok());
  auto finished = writer.Finish();
  std::vector<ManifestFile> list = {finished.file, finished.file, finished.file};
  list[1].content = ManifestContent::kDeletes;
  EXPECT_EQ(AssignFirstRowIds(list, 1000), 1000 + 2 * (10 + 11 + 13));
  EXPECT_EQ(list[1].first_row_id, std::nullopt);
  EXPECT_EQ(list[2].first_row_id, 1034);
  const Manifest manifest = ReadManifest(finished.bytes, list[0]).value();
  EXPECT_EQ(manifest.entries[0].file.first_row_id, 800);
  EXPECT_EQ(manifest.entries[1].file.first_row_id, 1000);
  EXPECT_EQ(manifest.entries[2].file.first_row_id, std::nullopt);
  EXPECT_EQ(manifest.entries[3].file.first_row_id, 1011);
}

TEST(Manifest, RefusesEntriesThatDoNotBelong) {
  ManifestWriter writer = ManifestWriter::Make(Header(2), 42).value();
  const ManifestEntry good = Entry(AllTypesFile(0));
  ManifestEntry bad = good;
  bad.file.content = FileContent::kPositionDeletes;
  EXPECT_FALSE(writer.Add(bad).ok());
  bad = good;
  bad.file.partition.pop_back();
  EXPECT_FALSE(writer.Add(bad).ok());
  bad = good;
  bad.file.partition[0] = Value(int32_t{1});
  EXPECT_NE(writer.Add(bad).error().message.find("c1-part"), std::string::npos);
  bad = good;
  bad.status = EntryStatus::kExisting;
  EXPECT_FALSE(writer.Add(bad).ok());
  bad = good;
  bad.file.first_row_id = 1;
  EXPECT_FALSE(writer.Add(bad).ok());
  bad = good;
  bad.file.equality_ids = {1};
  EXPECT_FALSE(writer.Add(bad).ok());
  bad = good;
  bad.file.path.clear();
  EXPECT_FALSE(writer.Add(bad).ok());
  ASSERT_TRUE(writer.Add(good).ok());
  const auto finished = writer.Finish();
  EXPECT_EQ(ReadManifest(finished.bytes, finished.file)->entries.size(), 1u);
  EXPECT_EQ(ManifestWriter::Make(Header(1), 1).error().kind, ErrorKind::kUnsupported);
  ManifestHeader unknown = Header(2);
  unknown.spec.fields[0].transform = Transform::Parse("zorder").value();
  EXPECT_EQ(ManifestWriter::Make(unknown, 1).error().kind, ErrorKind::kUnsupported);
}

TEST(Manifest, TruncatedDecimalsMayHaveADigitMore) {
  PartitionSpec spec;
  spec.fields.push_back({{6}, 1000, "d", Transform(TransformKind::kTruncate, 1000)});
  ManifestWriter writer =
      ManifestWriter::Make({2, AllTypesSchema(), spec, ManifestContent::kData}, 1).value();
  DataFile file;
  file.path = "f";
  file.partition = {Int128{-1'000'000'000}};
  ASSERT_TRUE(writer.Add(Entry(file)).ok());
}

TEST(Manifest, AvroNamesAreThoseOfOtherWriters) {
  EXPECT_EQ(AvroName("plain_1"), "plain_1");
  EXPECT_EQ(AvroName("1a"), "_1a");
  EXPECT_EQ(AvroName("a-b.c"), "a_x2Db_x2Ec");
  EXPECT_EQ(DecimalBytes(1), 1);
  EXPECT_EQ(DecimalBytes(2), 1);
  EXPECT_EQ(DecimalBytes(3), 2);
  EXPECT_EQ(DecimalBytes(9), 4);
  EXPECT_EQ(DecimalBytes(10), 5);
  EXPECT_EQ(DecimalBytes(18), 8);
  EXPECT_EQ(DecimalBytes(19), 9);
  EXPECT_EQ(DecimalBytes(38), 16);
}

TEST(Manifest, DamageIsAnError) {
  ManifestWriter writer = ManifestWriter::Make(Header(2), 42).value();
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(writer.Add(Entry(AllTypesFile(i))).ok());
  const auto finished = writer.Finish();
  for (size_t size = 0; size < finished.bytes.size(); size += 13)
    (void)ReadManifest(finished.bytes.substr(0, size), finished.file).ok();
  for (size_t at = 0; at < finished.bytes.size(); ++at) {
    std::string bytes = finished.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x21);
    (void)ReadManifest(bytes, finished.file).ok();
  }
  EXPECT_FALSE(ReadManifest("", finished.file).ok());
  EXPECT_FALSE(ReadManifest(avro::ContainerWriter(R"("long")", {}).Finish(), finished.file).ok());
}

std::vector<ManifestFile> ExampleList() {
  std::vector<ManifestFile> list(2);
  list[0] = {"gs://lake/m0.avro",
             5000,
             1,
             ManifestContent::kData,
             3,
             1,
             8,
             1,
             2,
             3,
             10,
             20,
             30,
             {{true, false, "a", "b"}, {false, std::nullopt, std::nullopt, std::nullopt}},
             "key",
             100};
  list[1].path = "gs://lake/m1.avro";
  list[1].content = ManifestContent::kDeletes;
  list[1].sequence_number = list[1].min_sequence_number = ManifestFile::kUnassigned;
  list[1].added_snapshot_id = 9;
  list[1].added_files = list[1].existing_files = list[1].deleted_files = 0;
  list[1].added_rows = list[1].existing_rows = list[1].deleted_rows = 0;
  return list;
}

TEST(ManifestList, ReadsBack) {
  for (const int version : {2, 3}) {
    std::vector<ManifestFile> list = ExampleList();
    const std::string bytes = WriteManifestList({version, 9, 8, 4, 100}, list).value();
    list[1].sequence_number = list[1].min_sequence_number = 4;
    if (version < 3) list[0].first_row_id.reset();
    EXPECT_EQ(ReadManifestList(bytes).value(), list);
  }
}

TEST(ManifestList, RefusesWhatIsMissing) {
  std::vector<ManifestFile> list = ExampleList();
  EXPECT_FALSE(WriteManifestList({2, 10, 8, 4, {}}, list).ok());  // added by another snapshot
  list[0].added_rows.reset();
  EXPECT_FALSE(WriteManifestList({2, 9, 8, 4, {}}, list).ok());
  list = ExampleList();
  list[0].first_row_id.reset();
  EXPECT_FALSE(WriteManifestList({3, 9, 8, 4, {}}, list).ok());
  EXPECT_EQ(WriteManifestList({1, 9, 8, 4, {}}, {}).error().kind, ErrorKind::kUnsupported);
  EXPECT_FALSE(ReadManifestList("x").ok());
}

}  // namespace
}  // namespace caudal::lake
