// manifest.json of a backup: written last, so that a backup without one isn't complete.
// docs/formats/data-folder.md describes it.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace caudal::app {

struct Manifest {
  static constexpr int kVersion = 1;

  Micros created = 0;
  int format = 0;           // of the data folder
  std::string incarnation;  // of the data folder: files of another one are never taken for ours
  std::string database_file;
  uint64_t database_bytes = 0;
  uint32_t database_crc32c = 0;
  std::string list_file;
  uint64_t blobs = 0;
  uint64_t blob_bytes = 0;
  uint32_t list_crc32c = 0;
};

// kNotFound without one; kUnsupported when of a newer Caudal; kCorrupt.
Result<Manifest> ReadManifest(const std::string& backup);
Result<void> WriteManifest(const std::string& backup, const Manifest& manifest);

}  // namespace caudal::app
