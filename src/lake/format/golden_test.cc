// What pyiceberg wrote is read, value for value, and what pyiceberg has read is still what we
// write. testdata/make.py made the files, and checked ours.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lake/format/all_types.h"
#include "lake/format/schema_json.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {
namespace {

std::filesystem::path TestData() {
  std::filesystem::path root = std::filesystem::current_path();
  while (!std::filesystem::exists(root / "src/lake/format/testdata") && root != root.parent_path())
    root = root.parent_path();
  return root / "src/lake/format/testdata";
}

std::string ReadTestFile(const std::string& name) {
  std::ifstream file(TestData() / name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Compares with the file that other engines have read; with CAUDAL_WRITE_TESTDATA set, makes it.
std::string Golden(const std::string& name, const std::string& bytes) {
  if (std::getenv("CAUDAL_WRITE_TESTDATA") != nullptr)
    std::ofstream(TestData() / name, std::ios::binary) << bytes;
  return ReadTestFile(name);
}

std::vector<ManifestEntry> Entries() {
  std::vector<ManifestEntry> entries;
  for (size_t i = 0; i < 4; ++i) {
    ManifestEntry entry;
    entry.file = AllTypesFile(i, i == 3);
    entry.snapshot_id = 42;
    if (i == 2) {
      entry.status = EntryStatus::kExisting;
      entry.snapshot_id = 7;
      entry.sequence_number = 3;
      entry.file_sequence_number = 4;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

ManifestWriter::Finished WriteOurs(int version) {
  ManifestWriter writer =
      ManifestWriter::Make({version, AllTypesSchema(), AllTypesSpec(), ManifestContent::kData}, 42)
          .value();
  for (const ManifestEntry& entry : Entries()) EXPECT_TRUE(writer.Add(entry).ok());
  auto finished = writer.Finish();
  finished.file.path = "gs://lake/t/metadata/m" + std::to_string(version) + ".avro";
  return finished;
}

// As they are read: with what they inherited.
std::vector<ManifestEntry> Expected(int64_t sequence_number) {
  std::vector<ManifestEntry> entries = Entries();
  for (ManifestEntry& entry : entries) {
    if (entry.status != EntryStatus::kAdded) continue;
    entry.sequence_number = entry.file_sequence_number = sequence_number;
  }
  return entries;
}

TEST(Golden, OursIsWhatOthersHaveRead) {
  for (const int version : {2, 3}) {
    const std::string suffix = std::to_string(version) + ".avro";
    auto finished = WriteOurs(version);
    const std::string bytes = Golden("our_manifest_v" + suffix, finished.bytes);
    ManifestFile listed = finished.file;
    listed.sequence_number = 9;
    EXPECT_EQ(ReadManifest(bytes, listed)->entries, Expected(9));
    std::vector<ManifestFile> list = {finished.file};
    const int64_t next_row_id = version == 3 ? AssignFirstRowIds(list, 1000) : 0;
    EXPECT_EQ(next_row_id, version == 3 ? 1046 : 0);
    const std::string list_bytes =
        Golden("our_list_v" + suffix, WriteManifestList({version, 42, 7, 9, 1000}, list).value());
    list[0].sequence_number = 9;
    EXPECT_EQ(ReadManifestList(list_bytes).value(), list);
  }
}

TEST(Golden, PyicebergsManifestsAreRead) {
  for (const int version : {1, 2}) {
    const std::string suffix = std::to_string(version) + ".avro";
    const std::string list_bytes = ReadTestFile("pyiceberg_list_v" + suffix);
    const std::vector<ManifestFile> list = ReadManifestList(list_bytes).value();
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].added_snapshot_id, 42);
    EXPECT_EQ(list[0].added_files, 3);
    EXPECT_EQ(list[0].existing_files, 1);
    EXPECT_EQ(list[0].partition_spec_id, 1);
    const std::string bytes = ReadTestFile("pyiceberg_manifest_v" + suffix);
    EXPECT_EQ(list[0].length, static_cast<int64_t>(bytes.size()));
    const Manifest manifest = ReadManifest(bytes, list[0]).value();
    EXPECT_EQ(manifest.header.schema, AllTypesSchema());
    EXPECT_EQ(manifest.header.spec, AllTypesSpec());
    std::vector<ManifestEntry> expected = Expected(9);
    for (ManifestEntry& entry : expected)
      if (version == 1) entry.sequence_number = entry.file_sequence_number = 0;
    ASSERT_EQ(manifest.entries.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(manifest.entries[i], expected[i]) << i;
    // Their summaries of partitions are ours, but for UUIDs, whose bounds we widen.
    const ManifestFile ours = WriteOurs(2).file;
    for (size_t i = 0; i < list[0].partitions.size(); ++i) {
      if (AllTypes()[i].type.Is(TypeKind::kUuid)) continue;
      EXPECT_EQ(list[0].partitions[i], ours.partitions[i]) << AllTypes()[i].type.Text();
    }
  }
}

TableMetadata OurMetadata() {
  TableMetadata metadata;
  metadata.uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
  metadata.location = "gs://lake/t";
  metadata.last_sequence_number = 9;
  metadata.last_updated_ms = 1'602'638'573'590;
  metadata.schemas = {AllTypesSchema()};
  metadata.last_column_id = 16;
  metadata.specs = {PartitionSpec{}, AllTypesSpec()};
  metadata.default_spec_id = 1;
  metadata.last_partition_id = 1015;
  metadata.sort_orders = {SortOrder{}, SortOrder{1, {{{2}, Transform(), true, false}}}};
  metadata.default_sort_order_id = 1;
  metadata.properties = {{"write.format.default", "parquet"}};
  Snapshot snapshot;
  snapshot.id = 9'223'372'036'854'775'807;
  snapshot.sequence_number = 9;
  snapshot.timestamp_ms = 1'602'638'573'590;
  snapshot.manifest_list = "gs://lake/t/metadata/list.avro";
  snapshot.summary = {{"operation", "append"}};
  snapshot.schema_id = 0;
  metadata.snapshots = {snapshot};
  metadata.current_snapshot_id = snapshot.id;
  metadata.snapshot_log = {{snapshot.timestamp_ms, snapshot.id}};
  metadata.refs["main"].snapshot_id = snapshot.id;
  metadata.refs["tag"] = {snapshot.id, true, {}, {}, 10};
  return metadata;
}

TEST(Golden, MetadataIsSharedWithPyiceberg) {
  const TableMetadata ours = OurMetadata();
  EXPECT_EQ(TableMetadataFromJson(TableMetadataToJson(ours)).value(), ours);
  EXPECT_EQ(Json::parse(TableMetadataText(ours)), TableMetadataToJson(ours));
  const std::string text = Golden("our_metadata_v2.json", DumpJson(TableMetadataToJson(ours)));
  EXPECT_EQ(ParseTableMetadata(text).value(), ours);
  EXPECT_EQ(ParseTableMetadata(ReadTestFile("pyiceberg_metadata_v2.json")).value(), ours);
}

}  // namespace
}  // namespace caudal::lake
