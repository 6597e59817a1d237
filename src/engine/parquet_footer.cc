#include "engine/parquet_footer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace caudal::engine {
namespace {

Error BadFooter(std::string_view what) {
  return MakeError(ErrorKind::kInvalid, "no Parquet file of ours: " + std::string(what));
}

// Reads Thrift's compact protocol. After anything that can't be, `failed` stays set and every read
// gives nothing.
class ThriftReader {
 public:
  enum Type : uint8_t {
    kStop,
    kTrue,
    kFalse,
    kByte,
    kI16,
    kI32,
    kI64,
    kDouble,
    kBinary,
    kList,
    kSet,
    kMap,
    kStruct
  };
  static constexpr int kDepthMax = 64;

  explicit ThriftReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  size_t left() const { return rest_.size(); }
  // What was read since `left` bytes were left.
  std::string_view Since(size_t left) const {
    return {rest_.data() - (left - rest_.size()), left - rest_.size()};
  }
  void Fail() { failed_ = true; }

  // Calls `field(id, type)` for each field of a struct; it reads the value or calls Skip.
  template <class Visit>
  void Struct(const Visit& field) {
    if (++depth_ > kDepthMax) failed_ = true;
    int64_t id = 0;
    while (!failed_) {
      const uint8_t head = Byte();
      if ((head & 15) == kStop) break;
      id = head >> 4 == 0 ? Int() : id + (head >> 4);
      if (id < INT16_MIN || id > INT16_MAX) return Fail();  // what a field id is, in Thrift
      field(id, static_cast<Type>(head & 15));
    }
    --depth_;
  }
  // Calls `item()` for each item of a list of structs. Anything else fails.
  template <class Visit>
  void Structs(Type type, const Visit& item) {
    if (type != kList) failed_ = true;
    const auto [size, items] = ListHead();
    if (size > 0 && items != kStruct) failed_ = true;
    for (uint64_t i = 0; i < size && !failed_; ++i) item();
  }
  int64_t Int(Type type) {
    if (type != kI32 && type != kI64 && type != kI16) failed_ = true;
    return Int();
  }
  std::string_view Binary(Type type) {
    if (type != kBinary) failed_ = true;
    const uint64_t length = Varint();
    if (length > rest_.size()) failed_ = true;
    if (failed_) return {};
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }
  void Skip(Type type) {
    switch (type) {
      case kTrue:
      case kFalse:
        return;
      case kByte:
        (void)Byte();
        return;
      case kI16:
      case kI32:
      case kI64:
        (void)Varint();
        return;
      case kDouble:
        return Drop(8);
      case kBinary:
        (void)Binary(type);
        return;
      case kList:
      case kSet:
        return SkipList();
      case kStruct:
        return Struct([this](int64_t, Type inner) { Skip(inner); });
      default:  // maps are nowhere in a footer
        failed_ = true;
    }
  }

 private:
  uint8_t Byte() {
    if (rest_.empty()) failed_ = true;
    if (failed_) return 0;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  int64_t Int() {
    const uint64_t zigzag = Varint();
    return static_cast<int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
  }
  std::pair<uint64_t, Type> ListHead() {
    const uint8_t head = Byte();
    const uint64_t size = head >> 4 == 15 ? Varint() : head >> 4;
    if (size > rest_.size()) failed_ = true;  // an item has a byte at least
    return {failed_ ? 0 : size, static_cast<Type>(head & 15)};
  }
  void SkipList() {
    if (++depth_ > kDepthMax) failed_ = true;
    const auto [size, items] = ListHead();
    for (uint64_t i = 0; i < size && !failed_; ++i)
      items == kTrue || items == kFalse ? (void)Byte() : Skip(items);
    --depth_;
  }
  void Drop(size_t length) {
    if (length > rest_.size()) failed_ = true;
    if (!failed_) rest_.remove_prefix(length);
  }

  std::string_view rest_;
  bool failed_ = false;
  int depth_ = 0;
};

using Thrift = ThriftReader::Type;

// A few bytes of a footer make many of ours: no file comes near these.
constexpr size_t kNodesMax = 100'000;
constexpr size_t kRowGroupsMax = 1'000'000;

// By Parquet's ConvertedType: UTF8, MAP, MAP_KEY_VALUE, ENUM, DECIMAL, JSON.
void MarkConverted(ParquetNode& node, int64_t converted) {
  if (converted == 0 || converted == 4 || converted == 19) node.text = true;
  if (converted == 1 || converted == 2) node.map = true;
  if (converted == 5) node.decimal = true;
}

// By the member of Parquet's LogicalType that is set: STRING, MAP, ENUM, DECIMAL, JSON, UUID.
void MarkLogical(ParquetNode& node, int64_t logical) {
  if (logical == 1 || logical == 4 || logical == 12) node.text = true;
  if (logical == 2) node.map = true;
  if (logical == 5) node.decimal = true;
  if (logical == 14) node.uuid = true;
}

// A node, and how many follow that are its children.
std::pair<ParquetNode, int64_t> ReadNode(ThriftReader& reader) {
  ParquetNode node;
  int64_t children = 0;
  reader.Struct([&](int64_t id, Thrift type) {
    const size_t left = reader.left();
    if (id == 1) {
      node.physical = static_cast<int>(reader.Int(type));
    } else if (id == 3) {
      node.repeated = reader.Int(type) == 2;
    } else if (id == 6) {
      MarkConverted(node, reader.Int(type));
    } else if (id == 10 && type == ThriftReader::kStruct) {
      reader.Struct([&](int64_t logical, Thrift inner) {
        MarkLogical(node, logical);
        reader.Skip(inner);
      });
    } else if (id == 4) {
      node.name = std::string(reader.Binary(type));
    } else if (id == 5) {
      children = reader.Int(type);
    } else if (id == 9) {
      node.field_id = static_cast<int32_t>(reader.Int(type));
    } else {
      reader.Skip(type);
    }
    // Physical type, length, converted type, scale, precision, logical type.
    if (id == 1 || id == 2 || (id >= 6 && id <= 8) || id == 10)
      (node.type += static_cast<char>('0' + id)) += reader.Since(left);
  });
  return {std::move(node), children};
}

struct ColumnChunk {
  int64_t bytes = 0;
  int64_t start = std::numeric_limits<int64_t>::max();
};

ColumnChunk ReadColumn(ThriftReader& reader) {
  ColumnChunk column;
  reader.Struct([&](int64_t chunk_id, Thrift chunk_type) {
    if (chunk_id != 3 || chunk_type != ThriftReader::kStruct) return reader.Skip(chunk_type);
    reader.Struct([&](int64_t id, Thrift type) {
      if (id == 7) {
        column.bytes = reader.Int(type);
      } else if (id == 9 || id == 11) {  // of data pages, of the dictionary
        const int64_t start = reader.Int(type);
        if (start > 0) column.start = std::min(column.start, start);
      } else {
        reader.Skip(type);
      }
    });
  });
  return column;
}

ParquetRowGroup ReadRowGroup(ThriftReader& reader) {
  ParquetRowGroup group;
  group.start = std::numeric_limits<int64_t>::max();
  reader.Struct([&](int64_t id, Thrift type) {
    if (id == 1) {
      reader.Structs(type, [&] {
        const ColumnChunk column = ReadColumn(reader);
        group.column_bytes.push_back(column.bytes);
        group.start = std::min(group.start, column.start);
      });
    } else if (id == 3) {
      group.rows = reader.Int(type);
    } else {
      reader.Skip(type);
    }
  });
  return group;
}

// Gives every node its children: they follow it, depth first.
Result<void> Link(std::vector<ParquetNode>& nodes, const std::vector<int64_t>& counts) {
  struct Open {
    size_t node;
    int64_t left;
  };
  std::vector<Open> path;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) {
      if (path.empty()) return BadFooter("a column outside of its schema");
      nodes[path.back().node].children.push_back(i);
      --path.back().left;
    }
    if (counts[i] < 0) return BadFooter("a column of negative size");
    if (path.size() > ThriftReader::kDepthMax) return BadFooter("columns nest too deep");
    path.push_back({i, counts[i]});
    while (!path.empty() && path.back().left == 0) path.pop_back();
  }
  if (nodes.empty() || !path.empty()) return BadFooter("its schema ends early");
  return {};
}

}  // namespace

size_t ParquetFooter::leaves() const {
  return static_cast<size_t>(
      std::ranges::count_if(nodes, [](const ParquetNode& node) { return node.children.empty(); }));
}

Result<ParquetFooter> ParseParquetFooter(std::string_view bytes) {
  ThriftReader reader(bytes);
  ParquetFooter footer;
  std::vector<int64_t> counts;
  reader.Struct([&](int64_t id, Thrift type) {
    if (id == 2) {
      reader.Structs(type, [&] {
        auto [node, children] = ReadNode(reader);
        footer.nodes.push_back(std::move(node));
        counts.push_back(children);
        if (counts.size() > kNodesMax) reader.Fail();
      });
    } else if (id == 3) {
      footer.rows = reader.Int(type);
    } else if (id == 4) {
      reader.Structs(type, [&] {
        footer.row_groups.push_back(ReadRowGroup(reader));
        if (footer.row_groups.size() > kRowGroupsMax) reader.Fail();
      });
    } else {
      reader.Skip(type);
    }
  });
  if (reader.failed()) return BadFooter("its footer can't be read");
  TRY(Link(footer.nodes, counts));
  const size_t leaves = footer.leaves();
  int64_t left = footer.rows;
  for (const ParquetRowGroup& group : footer.row_groups) {
    if (group.column_bytes.size() != leaves) return BadFooter("a row group lacks columns");
    if (group.rows < 0 || group.rows > left) return BadFooter("its row groups have other rows");
    left -= group.rows;
  }
  if (left != 0) return BadFooter("its row groups have other rows");
  return footer;
}

Result<ParquetFooter> ReadParquetFooter(const os::File& file) {
  constexpr uint64_t kTail = 8;
  constexpr uint64_t kFooterMax = 64u << 20;
  const uint64_t size = TRY(file.Size());
  if (size < kTail + 4) return BadFooter("it is too short");
  std::string tail(std::min<uint64_t>(size, 64u << 10), '\0');
  const size_t got = TRY(file.ReadAt(size - tail.size(), tail.data(), tail.size()));
  if (got != tail.size() || !tail.ends_with("PAR1")) return BadFooter("it doesn't end like one");
  uint32_t length = 0;
  std::memcpy(&length, tail.data() + tail.size() - kTail, sizeof length);
  if (length > size - kTail || length > kFooterMax) return BadFooter("its footer is too long");
  if (length <= tail.size() - kTail)
    return ParseParquetFooter(std::string_view(tail).substr(tail.size() - kTail - length, length));
  std::string bytes(length, '\0');
  const size_t read = TRY(file.ReadAt(size - kTail - length, bytes.data(), length));
  if (read != length) return BadFooter("it ends early");
  return ParseParquetFooter(bytes);
}

}  // namespace caudal::engine
