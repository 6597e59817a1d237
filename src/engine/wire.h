// Fields of messages as bytes: fixed-size numbers little-endian, texts and lists after their 32-bit
// length.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace caudal::engine {

static_assert(std::endian::native == std::endian::little);

class WireWriter {
 public:
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Put(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what may be anything: past the end, every number is zero and every text empty, and ok()
// tells so. To be asked once, at the end, and before a count is believed.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : left_(bytes) {}

  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  T Get() {
    if (left_.size() < sizeof(T)) return Fail<T>();
    if constexpr (std::is_same_v<T, bool>) {
      const bool value = left_[0] != 0;
      left_.remove_prefix(1);
      return value;
    } else {
      T value{};
      std::memcpy(&value, left_.data(), sizeof value);
      left_.remove_prefix(sizeof value);
      return value;
    }
  }
  std::string_view GetText() {
    const auto length = Get<uint32_t>();
    if (left_.size() < length) return Fail<std::string_view>();
    const std::string_view text = left_.substr(0, length);
    left_.remove_prefix(length);
    return text;
  }
  // The number of items that follow, each of at least `item_bytes`: more than there can be is a
  // failure, so that nobody reserves room for them.
  size_t GetCount(size_t item_bytes) {
    const auto count = Get<uint32_t>();
    if (count > left_.size() / item_bytes) return Fail<size_t>();
    return count;
  }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && left_.empty(); }

 private:
  template <class T>
  T Fail() {
    ok_ = false;
    left_ = {};
    return T{};
  }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace caudal::engine
