// Avro object container files: a header with the schema and metadata, then blocks of records.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/avro/compression.h"
#include "codec/avro/encoder.h"
#include "codec/avro/schema.h"

namespace caudal::avro {

using Metadata = std::map<std::string, std::string, std::less<>>;

struct ContainerLimits {
  size_t block_bytes_max = size_t{256} << 20;  // uncompressed
  size_t header_bytes_max = size_t{64} << 20;
};

// Reads a file that is in memory. Errors are kInvalid (damaged), kUnsupported (its compression) and
// kLimit; the caller adds the file's name. One thread at a time.
class ContainerReader {
 public:
  struct Block {
    int64_t records = 0;
    std::string_view data;  // valid until the next Next
  };

  // `file` must outlive the reader.
  static Result<ContainerReader> Open(std::string_view file, const ContainerLimits& limits = {});

  const Schema& schema() const { return schema_; }
  const Metadata& metadata() const { return metadata_; }  // avro.schema and avro.codec too
  // Nothing at the end. No more records are promised than the block has bytes.
  Result<std::optional<Block>> Next();

 private:
  ContainerReader() = default;
  std::string_view file_;
  size_t at_ = 0;
  ContainerLimits limits_;
  Schema schema_;
  Metadata metadata_;
  Compression compression_ = Compression::kNone;
  std::string_view sync_;
  std::string plain_;
};

struct ContainerOptions {
  bool deflate = true;
  size_t block_bytes = 64 << 10;  // a block ends after the record that reaches it
};

// Makes a file in memory. The same input gives the same bytes: the marker between blocks is a
// digest of the header. One thread at a time.
class ContainerWriter {
 public:
  using Options = ContainerOptions;

  // `schema` is the JSON text that readers will see; `metadata` what comes beside it.
  ContainerWriter(std::string_view schema, const Metadata& metadata, Options options = {});

  // The next record goes through here; EndRecord after each.
  Encoder& out() { return block_; }
  void EndRecord();
  size_t size() const { return file_.size() + block_.size(); }  // so far; the block uncompressed
  std::string Finish();                                         // once

 private:
  void FlushBlock();

  Options options_;
  std::string file_;
  std::string sync_;
  Encoder block_;
  int64_t records_ = 0;
};

}  // namespace caudal::avro
