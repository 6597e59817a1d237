#include "app/config/sections.h"
#include "app/config/values.h"
#include "objects/names.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<SnapshotsConfig>>& SnapshotsKeys() {
  using C = SnapshotsConfig;
  static const std::vector<Key<C>> keys = {
      Field("all", &C::all, Duration{1s, 24h * 365}, Change::kRestart,
            "Younger snapshots all stay, or of many the youngest 100 and the last of each second."),
      Field("by_minute", &C::by_minute, Duration{1s, 24h * 365}, Change::kRestart,
            "Of older ones up to this age, the last of each minute."),
      Field("by_hour", &C::by_hour, Duration{1s, 24h * 3650}, Change::kRestart,
            "Of still older ones up to this age, the last of each hour; then none."),
  };
  return keys;
}

const std::vector<Key<MaintenanceConfig>>& MaintenanceKeys() {
  using C = MaintenanceConfig;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("enabled", &C::enabled, Flag{}, kRestart,
            "False: tables are compacted, and files that nothing needs removed, on request only."),
      Field("small_files", &C::small_files, Whole{4, 1000}, kRestart,
            "So many small files of about one size, in one partition, are merged."),
      Field("interval", &C::interval, Duration{1s, 24h}, kRestart,
            "A table that changes seldom is looked at so long after a change."),
      Field("keep_removed", &C::keep_removed, Duration{1s, 24h * 365}, kRestart,
            "How long files stay after nothing needs them any more: longer than the longest query, "
            "and than another engine's commit takes."),
      Field("removal_interval", &C::removal_interval, Duration{1s, 24h * 30}, kRestart,
            "How often files that nothing needs are looked for."),
  };
  return keys;
}

const std::vector<Key<LakeConfig>>& Keys() {
  using C = LakeConfig;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("bucket", &C::bucket, PlainText{}, kRestart,
            "Where tables go that don't say. Made with the first of them."),
      Field("file_bytes", &C::file_bytes, Size{1 << 20, 4ull << 30}, kRestart,
            "Size at which a data file ends, unless the table's property "
            "write.target-file-size-bytes says otherwise."),
      Field("snapshots", &C::snapshots, Section<SnapshotsConfig>{&SnapshotsKeys}, kRestart,
            "Which snapshots of a table stay when Caudal commits to it."),
      Field("maintenance", &C::maintenance, Section<MaintenanceConfig>{&MaintenanceKeys}, kRestart,
            "What tables need besides changes, done by itself."),
      Field("parquet_memory", &C::parquet_memory, Size{64 << 20, 256ull << 30}, kRestart,
            "Memory for reading and writing the files of tables."),
      Field("manifest_cache", &C::manifest_cache, Size{0, 64ull << 30}, kRestart,
            "Memory for manifests of tables, parsed."),
      Field("delete_cache", &C::delete_cache, Size{0, 64ull << 30}, kRestart,
            "Memory for rows of tables that are deleted by position, as their files say."),
      Field("keys_memory", &C::keys_memory, Size{1 << 20, 64ull << 30}, kRestart,
            "Memory for primary keys of tables that are changed by key, beside their index files."),
      Field("transaction_memory", &C::transaction_memory, Size{1 << 20, 64ull << 30}, kRestart,
            "Rows by key of one transaction that wait in memory; further ones go into files before "
            "its "
            "commit."),
      Field("transaction_keys", &C::transaction_keys, Size{1 << 20, 64ull << 30}, kRestart,
            "Memory for the keys of one transaction: some 50 bytes each. One with more is an "
            "error."),
  };
  return keys;
}

void Validate(Reading& reading, const Node& node, LakeConfig& lake) {
  const Result<void> checked = objects::CheckBucketName(lake.bucket);
  if (!checked.ok())
    reading.Fail({node.yaml["bucket"], node.path + ".bucket"}, checked.error().message + ".");
}

}  // namespace

const Section<LakeConfig>& LakeSection() {
  static const Section<LakeConfig> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
