// Any bytes are a manifest or a manifest list, or are refused; what was read can be written again,
// and reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lake/format/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal::lake;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto list = ReadManifestList(bytes);
  if (list.ok()) (void)WriteManifestList({2, 1, {}, 1, {}}, *list).ok();
  ManifestFile listed;
  listed.sequence_number = 5;
  listed.first_row_id = 10;
  const auto manifest = ReadManifest(bytes, listed);
  if (!manifest.ok()) return 0;
  ManifestHeader header = manifest->header;
  header.format_version = 3;
  auto writer = ManifestWriter::Make(header, 1);
  if (!writer.ok()) return 0;
  for (const ManifestEntry& entry : manifest->entries)
    if (!writer->Add(entry).ok()) return 0;
  const auto finished = writer->Finish();
  const auto again = ReadManifest(finished.bytes, listed);
  if (!again.ok() || again->entries.size() != manifest->entries.size()) abort();
  return 0;
}
