// Bytes that grow at their end: what columns are built in.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace caudal {

// Move-only; aligned for every type; new bytes are not initialised unless said so.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Reserve(size_t more) {
    if (more > capacity_ - size_) [[unlikely]]
      Grow(more);
  }
  template <class T>
  void Push(T value) {
    Reserve(sizeof value);
    std::memcpy(data_ + size_, &value, sizeof value);
    size_ += sizeof value;
  }
  void Push(const char* bytes, size_t length) {
    if (length == 0) return;
    Reserve(length);
    std::memcpy(data_ + size_, bytes, length);
    size_ += length;
  }
  void Fill(size_t length, unsigned char byte) {
    if (length == 0) return;
    Reserve(length);
    std::memset(data_ + size_, byte, length);
    size_ += length;
  }
  // So many more bytes, for the caller to write before anybody reads them.
  char* Extend(size_t length) {
    Reserve(length);
    char* at = data_ + size_;
    size_ += length;
    return at;
  }
  void Clear() { size_ = 0; }
  void Truncate(size_t size) { size_ = size < size_ ? size : size_; }

 private:
  void Grow(size_t more) {
    size_t wanted = capacity_ < 512 ? 1024 : capacity_ * 2;
    if (wanted < size_ + more) wanted = size_ + more;
    void* grown = std::realloc(data_, wanted);
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(grown);
    capacity_ = wanted;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace caudal
