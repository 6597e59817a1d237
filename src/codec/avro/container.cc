#include "codec/avro/container.h"

#include <fmt/format.h>

#include <utility>

#include "codec/avro/decoder.h"
#include "data/digest.h"

namespace caudal::avro {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr size_t kSyncBytes = 16;

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "Avro file: " + std::move(message));
}

}  // namespace

Result<ContainerReader> ContainerReader::Open(std::string_view file,
                                              const ContainerLimits& limits) {
  if (!file.starts_with(kMagic)) return Bad("it does not begin as one");
  ContainerReader reader;
  reader.file_ = file;
  reader.limits_ = limits;
  const Schema none;
  Decoder in(none, file.substr(kMagic.size(), limits.header_bytes_max));
  for (int64_t left = in.NextItems(); left > 0; left = in.NextItems())
    for (; left > 0 && in.ok(); --left) {
      std::string key(in.Bytes());
      reader.metadata_[std::move(key)] = in.Bytes();
    }
  const std::string_view sync = in.Fixed(kSyncBytes);
  if (!in.ok()) return Bad("its header is damaged: " + in.error().message);
  reader.sync_ = sync;
  reader.at_ = static_cast<size_t>(sync.data() + sync.size() - file.data());
  const auto schema = reader.metadata_.find("avro.schema");
  if (schema == reader.metadata_.end()) return Bad("its header has no schema");
  reader.schema_ = TRY(Schema::Parse(schema->second));
  const auto codec = reader.metadata_.find("avro.codec");
  if (codec != reader.metadata_.end()) reader.compression_ = TRY(ParseCompression(codec->second));
  return reader;
}

Result<std::optional<ContainerReader::Block>> ContainerReader::Next() {
  if (at_ == file_.size()) return std::optional<Block>();
  Decoder in(schema_, file_.substr(at_));
  const auto damaged = [&](std::string_view why) {
    return Bad(fmt::format("the block at byte {} {}", at_, why));
  };
  Block block;
  block.records = in.Long();
  block.data = in.Bytes();
  const std::string_view sync = in.Fixed(kSyncBytes);
  if (!in.ok()) return damaged("is cut off");
  if (sync != sync_) return damaged("does not end with the file's marker");
  if (compression_ != Compression::kNone) {
    TRY(Decompress(compression_, block.data, limits_.block_bytes_max, plain_));
    block.data = plain_;
  }
  if (block.records < 0 || static_cast<uint64_t>(block.records) > block.data.size())
    return damaged("has more records than bytes");
  at_ = file_.size() - in.remaining();
  return std::optional<Block>(block);
}

ContainerWriter::ContainerWriter(std::string_view schema, const Metadata& metadata, Options options)
    : options_(options), file_(kMagic) {
  Metadata all = metadata;
  all["avro.schema"] = schema;
  all["avro.codec"] = options.deflate ? "deflate" : "null";
  Encoder header;
  header.BeginItems(all.size());
  for (const auto& [key, value] : all) {
    header.Bytes(key);
    header.Bytes(value);
  }
  header.EndItems();
  file_ += header.bytes();
  sync_ = Sha256(file_).substr(0, kSyncBytes);
  file_ += sync_;
}

void ContainerWriter::EndRecord() {
  ++records_;
  if (block_.size() >= options_.block_bytes) FlushBlock();
}

void ContainerWriter::FlushBlock() {
  if (records_ == 0) return;
  const std::string packed = options_.deflate ? Deflate(block_.bytes()) : std::string();
  Encoder frame;
  frame.Long(records_);
  frame.Bytes(options_.deflate ? packed : block_.bytes());
  file_ += frame.bytes();
  file_ += sync_;
  block_.Clear();
  records_ = 0;
}

std::string ContainerWriter::Finish() {
  FlushBlock();
  return std::move(file_);
}

}  // namespace caudal::avro
