#include "lake/keys/key_index.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/failpoint.h"
#include "data/digest.h"
#include "lake/keys/key_slots.h"
#include "os/file.h"
#include "os/mapped_file.h"

namespace caudal::lake {

// The first bytes of a file, as they lie there.
struct KeyIndex::Header {
  static constexpr std::string_view kMagic = "CAUDALKX";
  static constexpr uint32_t kVersion = 1;
  static constexpr uint32_t kIntegerKeys = 1;  // a flag

  char magic[8] = {};
  uint32_t version = kVersion;
  uint32_t flags = 0;
  uint32_t width = 0;
  uint32_t rows = 0;
  uint32_t slots = 0;
  uint32_t duplicates = 0;
  uint64_t key_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t file_digest = 0;
  int64_t least = 0;
  int64_t greatest = 0;
  uint32_t body_crc = 0;
  char zeros[48] = {};
  uint32_t header_crc = 0;  // of all before it, in every version

  uint32_t Crc() const {
    return Crc32c({reinterpret_cast<const char*>(this), offsetof(Header, header_crc)});
  }
};

Error KeyIndex::Corrupt(std::string_view what) const {
  return MakeError(ErrorKind::kCorrupt,
                   fmt::format("key index {}: {}; it can be removed, and is built again",
                               name_.empty() ? "in memory" : name_, what));
}

Result<KeyIndex> KeyIndex::Open(const std::string& path, const IndexedFile& expected) {
  auto file = std::make_shared<os::MappedFile>();
  *file = TRY(os::MappedFile::Open(path));
  const std::string_view bytes = file->bytes();
  return Read(bytes, std::move(file), path, expected);
}

Result<KeyIndex> KeyIndex::Read(std::string_view bytes, std::shared_ptr<const void> owner,
                                std::string name, const IndexedFile& expected) {
  static_assert(sizeof(Header) == 128 && std::endian::native == std::endian::little);
  KeyIndex index;
  index.name_ = std::move(name);
  index.owner_ = std::move(owner);
  Header header;
  if (bytes.size() < sizeof header) return index.Corrupt("it ends before its header does");
  std::memcpy(&header, bytes.data(), sizeof header);
  TRY(index.ReadHeader(header, bytes.substr(sizeof header), expected));
  return index;
}

Result<void> KeyIndex::ReadHeader(const Header& header, std::string_view body,
                                  const IndexedFile& expected) {
  if (std::string_view(header.magic, sizeof header.magic) != Header::kMagic)
    return Corrupt("it is none");
  if (header.header_crc != header.Crc()) return Corrupt("its header has another checksum");
  if (header.version != Header::kVersion)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("key index {} has version {}, this Caudal knows {}", name_,
                                 header.version, Header::kVersion));
  const KeyLayout& layout = expected.layout;
  if (header.file_bytes != expected.bytes ||
      header.file_digest != HashOf(expected.uri, layout.digest))
    return MakeError(
        ErrorKind::kPrecondition,
        fmt::format("key index {} isn't of {} and its present key columns", name_, expected.uri));
  if (header.width != layout.width || header.flags != (layout.integer ? Header::kIntegerKeys : 0))
    return Corrupt("its keys aren't laid out as its columns' are");
  if (header.rows > kRowsMax || header.duplicates > header.rows ||
      (header.rows > 0 ? header.slots <= header.rows - header.duplicates : header.slots != 0))
    return Corrupt(fmt::format("{} rows in {} slots", header.rows, header.slots));

  const uint64_t slots = uint64_t{header.slots} * sizeof(KeySlot);
  const uint64_t duplicates = uint64_t{header.duplicates} * 2 * sizeof(uint32_t);
  const uint64_t offsets = layout.width > 0 ? 0 : (uint64_t{header.rows} + 1) * sizeof(uint64_t);
  const uint64_t before_keys = slots + duplicates + offsets;
  if (layout.width > 0 && header.key_bytes != uint64_t{header.rows} * layout.width)
    return Corrupt(fmt::format("{} rows have {} bytes of keys", header.rows, header.key_bytes));
  if (body.size() < before_keys || body.size() - before_keys != header.key_bytes)
    return Corrupt(
        fmt::format("it has {} bytes, not those of its header", sizeof header + body.size()));

  stored_ = true;
  body_crc_ = header.body_crc;
  layout_ = layout;
  file_bytes_ = header.file_bytes;
  file_digest_ = header.file_digest;
  rows_ = header.rows;
  slots_ = header.slots;
  least_ = header.least;
  greatest_ = header.greatest;
  parts_ = {body.substr(0, slots), body.substr(slots, duplicates),
            body.substr(slots + duplicates, offsets), body.substr(before_keys)};
  return {};
}

uint64_t KeyIndex::bytes() const {
  return sizeof(Header) + parts_.slots.size() + parts_.duplicates.size() + parts_.offsets.size() +
         parts_.keys.size();
}

uint32_t KeyIndex::BodyCrc() const {
  uint32_t crc = Crc32c(parts_.slots);
  crc = Crc32c(parts_.duplicates, crc);
  crc = Crc32c(parts_.offsets, crc);
  return Crc32c(parts_.keys, crc);
}

Result<void> KeyIndex::Verify() const {
  if (stored_ && BodyCrc() != body_crc_) return Corrupt("it has another checksum");
  return {};
}

std::string KeyIndex::Image(uint32_t body_crc) const {
  Header header;
  std::memcpy(header.magic, Header::kMagic.data(), sizeof header.magic);
  header.flags = layout_.integer ? Header::kIntegerKeys : 0;
  header.width = layout_.width;
  header.rows = rows_;
  header.slots = slots_;
  header.duplicates = static_cast<uint32_t>(parts_.duplicates.size() / (2 * sizeof(uint32_t)));
  header.key_bytes = parts_.keys.size();
  header.file_bytes = file_bytes_;
  header.file_digest = file_digest_;
  header.least = least_;
  header.greatest = greatest_;
  header.body_crc = body_crc;
  header.header_crc = header.Crc();
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

Result<void> KeyIndex::WriteTo(const std::string& path) const {
  os::File file = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  const std::string header = Image(BodyCrc());
  uint64_t at = 0;
  for (const std::string_view part :
       {std::string_view(header), parts_.slots, parts_.duplicates, parts_.offsets, parts_.keys}) {
    TRY(file.WriteAt(at, part));
    at += part.size();
  }
  file.Sync("key_index.file");
  return {};
}

Result<void> KeyIndex::Write(const std::string& path) const {
  const std::string temporary = path + ".new";
  (void)os::Remove(temporary).ok();  // of a process that ended before its rename
  Result<void> written = WriteTo(temporary);
  if (written.ok()) {
    FAILPOINT("lake.key_index.written");
    written = os::Rename(temporary, path);
  }
  if (!written.ok()) {
    (void)os::Remove(temporary).ok();
    return std::move(written).error();
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  os::SyncDir(folder.empty() ? "." : folder);
  return {};
}

}  // namespace caudal::lake
