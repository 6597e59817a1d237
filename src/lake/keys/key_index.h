// The index of one immutable data file: from a primary key to the rows that have it. It can always
// be built again from the data file. docs/formats/key-index.md has the bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/keys/encoded_keys.h"

namespace caudal::lake {

// The data file that an index is of: another one, or other key columns, need another index.
struct IndexedFile {
  std::string uri;
  uint64_t bytes = 0;  // the data file's size
  KeyLayout layout;    // KeyCodec::layout()
};

// Immutable; copies share the memory. Thread-safe.
class KeyIndex {
 public:
  static constexpr uint32_t kRowsMax = (1u << 31) - 2;

  struct Hit {
    uint32_t key;  // its place in the keys that were looked for
    uint32_t row;  // in the data file, from 0
    bool operator==(const Hit&) const = default;
  };

  // Maps a file that Write made. Costs the same whatever its size: the header is checked whole,
  // the rest by its length. kNotFound when there is none; kPrecondition when it is of another data
  // file or other key columns than `expected`; kUnsupported when a newer Caudal wrote it; kCorrupt
  // naming the file. The remedy for them all is to build it again.
  static Result<KeyIndex> Open(const std::string& path, const IndexedFile& expected);
  // The same over bytes in memory, which `owner` keeps; `name` is for errors.
  static Result<KeyIndex> Read(std::string_view bytes, std::shared_ptr<const void> owner,
                               std::string name, const IndexedFile& expected);

  // Appends the rows of each key at `which` places of `keys`: by place as given, then by row. Keys
  // have the layout of the index. Compares whole keys, so hits are exact. kCorrupt, naming the
  // file, when the index contradicts itself: `hits` are of no use then, build it again.
  Result<void> Find(const EncodedKeys& keys, std::span<const uint32_t> which,
                    std::vector<Hit>& hits) const;
  Result<void> Find(const EncodedKeys& keys, std::vector<Hit>& hits) const;  // of all

  uint32_t rows() const { return rows_; }
  uint64_t bytes() const;  // that it takes: in memory, or of the file and so of the page cache
  bool mapped() const { return stored_; }

  // Stable under `path` when it returns: temporary file (`path`.new), sync, rename, sync of the
  // folder. One writer a path at a time. An error leaves what was there.
  Result<void> Write(const std::string& path) const;
  // Reads all of it: kCorrupt, naming the file, when it isn't what was written.
  Result<void> Verify() const;

 private:
  friend class KeyIndexBuilder;
  friend class KeyFinder;
  struct Header;

  // The parts of the index, in the order of the file. Numbers in them may lie at any address.
  struct Parts {
    std::string_view slots;       // each: uint32_t tag; uint32_t row + 1 and kHasMore, 0 when empty
    std::string_view duplicates;  // each: uint32_t first row with the key; uint32_t another one
    std::string_view offsets;     // when keys vary: uint64_t, rows + 1 of them
    std::string_view keys;        // by row
  };
  static constexpr uint32_t kHasMore = 1u << 31;

  KeyIndex() = default;
  Result<void> ReadHeader(const Header& header, std::string_view body, const IndexedFile& expected);
  std::string Image(uint32_t body_crc) const;  // of the header
  Result<void> WriteTo(const std::string& path) const;
  uint32_t BodyCrc() const;
  Error Corrupt(std::string_view what) const;

  std::shared_ptr<const void> owner_;
  std::string name_;  // of the file; empty in memory
  bool stored_ = false;
  uint32_t body_crc_ = 0;  // when stored
  KeyLayout layout_;
  uint64_t file_bytes_ = 0;   // of the data file
  uint64_t file_digest_ = 0;  // of its URI and the layout
  uint32_t rows_ = 0;
  uint32_t slots_ = 0;
  int64_t least_ = 0;  // of an integer layout with rows
  int64_t greatest_ = 0;
  Parts parts_;
};

// Takes the keys of a file's rows, in order, and makes the index. One thread at a time. Holds the
// keys and, until Finish returns, some 20 bytes a row.
class KeyIndexBuilder {
 public:
  explicit KeyIndexBuilder(IndexedFile file) : file_(std::move(file)), keys_(file_.layout) {}

  // Of the next rows. kLimit when there are more than kRowsMax.
  Result<void> Add(const EncodedKeys& keys);
  uint64_t memory() const { return keys_.memory(); }

  // Once. In memory; then Write and Open, to have it in a file.
  KeyIndex Finish() &&;

 private:
  IndexedFile file_;
  EncodedKeys keys_;
};

}  // namespace caudal::lake
