#include "bench/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace caudal::bench {
namespace {

constexpr size_t kReadBytes = 256u << 10;

// The value of a header (lower-case name), empty if absent.
std::string HeaderOf(std::string_view head, std::string_view name) {
  size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at - begin);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const size_t value = line.find_first_not_of(' ', name.size() + 1);
      return value == std::string_view::npos ? "" : std::string(line.substr(value));
    }
  }
  return "";
}

}  // namespace

int64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

Connection::Connection(const std::string& host, uint16_t port, Workload& workload)
    : workload_(workload) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Connection::~Connection() { ::close(fd_); }

void Connection::StartRequest() {
  workload_.Next(request_);
  input_.clear();
  body_.clear();
  in_body_ = chunked_ = false;
  chunk_at_ = 0;
  sent_ = 0;
  body_received_ = 0;
  total_ = request_.head.size() + request_.stamp.size() + request_.rest.size();
  started_ns_ = NowNs();
  Send();
}

void Connection::Send() {
  while (sent_ < total_) {
    iovec parts[3];
    int count = 0;
    uint64_t skip = sent_;
    for (const std::string_view piece :
         {std::string_view(request_.head), std::string_view(request_.stamp), request_.rest}) {
      if (skip >= piece.size()) {
        skip -= piece.size();
        continue;
      }
      parts[count++] = {const_cast<char*>(piece.data()) + skip, piece.size() - skip};
      skip = 0;
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<size_t>(count);
    const ssize_t n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) throw std::runtime_error("send: " + std::string(std::strerror(errno)));
    sent_ += static_cast<uint64_t>(n);
  }
}

bool Connection::Receive() {
  static char buffer[kReadBytes];
  while (true) {
    const uint64_t wanted = workload_.checked_bytes();
    // Beyond what is checked, the kernel drops the bytes without copying them to us: the server
    // does the same work, and more of the two cores is left for it.
    const bool drop = in_body_ && !chunked_ && body_received_ >= wanted;
    size_t room = kReadBytes;
    if (in_body_ && !chunked_) room = std::min<uint64_t>(room, body_length_ - body_received_);
    if (in_body_ && !chunked_ && !drop) room = std::min<uint64_t>(room, wanted - body_received_);
    const ssize_t n = drop ? ::recv(fd_, nullptr, body_length_ - body_received_, MSG_TRUNC)
                           : ::recv(fd_, buffer, room, 0);
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) throw std::runtime_error("receive: " + std::string(std::strerror(errno)));
    if (n == 0) throw std::runtime_error("the server closed a connection within an answer");
    bytes_received_ += static_cast<uint64_t>(n);
    if (drop) {
      if (TakeBody(nullptr, static_cast<uint64_t>(n))) return true;
      continue;
    }
    if (in_body_ && !chunked_) {
      if (TakeBody(buffer, static_cast<uint64_t>(n))) return true;
      continue;
    }
    input_.append(buffer, static_cast<size_t>(n));
    if (!in_body_ && ParseHead()) return true;
    if (chunked_ && TakeChunked()) return true;
  }
}

// True when the answer is complete.
bool Connection::ParseHead() {
  const size_t end = input_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string_view head = std::string_view(input_).substr(0, end + 2);
  status_ = std::atoi(input_.c_str() + 9);
  in_body_ = true;
  if (HeaderOf(head, "transfer-encoding") == "chunked") {
    chunked_ = true;
    chunk_at_ = end + 4;
    return false;
  }
  const std::string length = HeaderOf(head, "content-length");
  if (length.empty()) throw std::runtime_error("an answer without a length");
  body_length_ = std::strtoull(length.c_str(), nullptr, 10);
  const uint64_t there = input_.size() - end - 4;
  if (there > body_length_) throw std::runtime_error("bytes after the answer");
  return TakeBody(input_.data() + end + 4, there);
}

bool Connection::TakeBody(const char* bytes, uint64_t length) {
  const uint64_t wanted = workload_.checked_bytes();
  if (body_.size() < wanted && bytes != nullptr)
    body_.append(bytes, std::min<uint64_t>(length, wanted - body_.size()));
  body_received_ += length;
  return body_received_ == body_length_ && Finish();
}

bool Connection::TakeChunked() {
  while (true) {
    const size_t line_end = input_.find("\r\n", chunk_at_);
    if (line_end == std::string::npos) return false;
    const uint64_t length = std::strtoull(input_.c_str() + chunk_at_, nullptr, 16);
    if (input_.size() < line_end + 2 + length + 2) return false;
    body_.append(input_, line_end + 2, length);
    body_received_ += length;
    chunk_at_ = line_end + 2 + length + 2;
    if (length == 0) return Finish();
  }
}

bool Connection::Finish() {
  if (sent_ < total_) throw std::runtime_error("an answer before the request's end");
  const std::string problem = workload_.Check(request_, status_, body_, body_received_);
  if (!problem.empty())
    throw std::runtime_error(request_.head.substr(0, request_.head.find('\r')) + ": " + problem);
  return true;
}

}  // namespace caudal::bench
