// Manifests: the files of a table, with what is known of each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "lake/format/data_file.h"
#include "lake/format/manifest_list.h"
#include "lake/format/partition.h"

namespace caudal::lake {

struct ManifestHeader {
  int format_version = 2;
  Schema schema;       // of the table when the manifest was written
  PartitionSpec spec;  // of all its files
  ManifestContent content = ManifestContent::kData;
};

struct Manifest {
  ManifestHeader header;
  std::vector<ManifestEntry> entries;
};

// Of any version up to 3. What entries leave out they inherit from `listed`, the manifest list's
// record of this file: snapshot id, sequence numbers, first row ids. kInvalid, with the byte where
// it can be said, when the bytes are no manifest; the caller names the file.
Result<Manifest> ReadManifest(std::string_view bytes, const ManifestFile& listed);

// Writes one manifest, of format version 2 or 3, in memory. One thread at a time.
class ManifestWriter {
 public:
  // `snapshot_id` is the commit's that adds the manifest. kUnsupported for version 1, and for
  // partition values that can't be written.
  static Result<ManifestWriter> Make(ManifestHeader header, int64_t snapshot_id);
  ManifestWriter(ManifestWriter&&) noexcept;
  ManifestWriter& operator=(ManifestWriter&&) noexcept;
  ~ManifestWriter();

  // kInvalid, naming the file, and nothing written, when its content isn't the manifest's,
  // partition values are missing or of another type, an entry that wasn't just added lacks a
  // snapshot id or sequence number, or version 2 is to hold a deletion vector.
  Result<void> Add(const ManifestEntry& entry);
  size_t size() const;  // bytes so far, about

  struct Finished {
    std::string bytes;
    ManifestFile file;  // for the list: all but the path; see kUnassigned
  };
  Finished Finish();  // once

 private:
  class Impl;
  explicit ManifestWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caudal::lake
