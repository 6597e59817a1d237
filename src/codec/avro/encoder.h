// Avro's binary encoding, appended to a string. The caller keeps to the schema; nothing checks it.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace caudal::avro {

class Encoder {
 public:
  void Null() {}
  void Boolean(bool value) { out_ += value ? '\1' : '\0'; }
  // int, long, the branch of a union, the count of a block
  void Long(int64_t value) {
    uint64_t bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7) out_ += static_cast<char>(bits | 0x80);
    out_ += static_cast<char>(bits);
  }
  void Float(float value) { Raw(&value, sizeof value); }
  void Double(double value) { Raw(&value, sizeof value); }
  void Bytes(std::string_view bytes) {
    Long(static_cast<int64_t>(bytes.size()));
    out_ += bytes;
  }
  void Fixed(std::string_view bytes) { out_ += bytes; }
  // An array or map of `count` items is BeginItems(count), the items, EndItems().
  void BeginItems(size_t count) {
    if (count > 0) Long(static_cast<int64_t>(count));
  }
  void EndItems() { Long(0); }

  const std::string& bytes() const { return out_; }
  size_t size() const { return out_.size(); }
  void Clear() { out_.clear(); }

 private:
  static_assert(std::endian::native == std::endian::little);
  void Raw(const void* from, size_t size) { out_.append(static_cast<const char*>(from), size); }

  std::string out_;
};

}  // namespace caudal::avro
