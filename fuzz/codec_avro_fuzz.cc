// Any bytes are an Avro file or are refused: its values can be walked to the last, or fail.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/avro/container.h"
#include "codec/avro/decoder.h"

namespace {

using namespace caudal::avro;

void Walk(Decoder& in, const Schema& schema, NodeId id, int depth) {
  if (!in.ok() || depth > 16) return in.Skip(id);
  const Node& node = schema[id];
  switch (node.kind) {
    case Kind::kRecord:
      for (const RecordField& field : node.fields) Walk(in, schema, field.type, depth + 1);
      break;
    case Kind::kArray:
      in.Items(id, [&](NodeId item) { Walk(in, schema, item, depth + 1); });
      break;
    case Kind::kInt:
    case Kind::kLong:
      in.Integer(id);
      break;
    case Kind::kBytes:
    case Kind::kString:
    case Kind::kFixed:
      in.Binary(id);
      break;
    case Kind::kBoolean:
      in.Truth(id);
      break;
    default:
      in.Skip(id);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  ContainerLimits limits;
  limits.block_bytes_max = 1 << 20;
  auto reader = ContainerReader::Open(file, limits);
  if (!reader.ok()) return 0;
  for (int blocks = 0; blocks < 64; ++blocks) {
    const auto block = reader->Next();
    if (!block.ok() || !block->has_value()) break;
    Decoder skip(reader->schema(), (*block)->data);
    for (int64_t i = 0; i < (*block)->records && skip.ok(); ++i) skip.Skip(reader->schema().root());
    Decoder walk(reader->schema(), (*block)->data);
    for (int64_t i = 0; i < (*block)->records && i < 10'000 && walk.ok(); ++i)
      Walk(walk, reader->schema(), reader->schema().root(), 0);
  }
  return 0;
}
