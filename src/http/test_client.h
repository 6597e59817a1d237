// A raw socket for tests: what goes over the wire is written out, byte by byte if need be.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include <boost/asio/detail/socket_types.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace caudal::http {

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer_bytes = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    EXPECT_TRUE(connected_) << std::strerror(errno);
    host_ = "localhost:" + std::to_string(port);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { Close(); }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  const std::string& host() const { return host_; }

  // False once the server has closed.
  bool Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // "GET /a" and more field lines.
  bool Request(const std::string& line, const std::string& fields = "",
               const std::string& body = "") const {
    return Send(line + " HTTP/1.1\r\nHost: " + host_ + "\r\n" + fields + "\r\n" + body);
  }
  bool ReadSome(size_t bytes_max = 65536, int timeout_ms = 20'000) {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, timeout_ms) <= 0) {
      timed_out_ = true;
      return false;
    }
    std::string piece(bytes_max, '\0');
    const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n < 0) was_reset_ = true;
    if (n <= 0) return false;
    in_.append(piece, 0, static_cast<size_t>(n));
    return true;
  }
  std::string ReadToEnd() {
    while (ReadSome()) {
    }
    EXPECT_FALSE(timed_out_) << "the server didn't close";
    return std::exchange(in_, "");
  }
  // One response, by its Content-Length or its chunks. Status 0: the connection ended first.
  RawResponse Read(bool head_request = false) {
    RawResponse out;
    size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) return out;
    }
    out.head = in_.substr(0, end + 2);
    in_.erase(0, end + 4);
    out.status = std::stoi(out.head.substr(9, 3));
    if (head_request || out.status < 200 || out.status == 204 || out.status == 304) return out;
    if (out.head.find("chunked") != std::string::npos) {
      ReadChunks(out);
      return out;
    }
    const std::string length = Field(out, "Content-Length");
    EXPECT_FALSE(length.empty()) << out.head;
    const size_t wanted = length.empty() ? 0 : std::stoul(length);
    while (in_.size() < wanted) {
      if (!ReadSome()) {
        out.status = 0;
        return out;
      }
    }
    out.body = in_.substr(0, wanted);
    in_.erase(0, wanted);
    return out;
  }
  RawResponse Get(const std::string& path, const std::string& fields = "") {
    Request("GET " + path, fields);
    return Read();
  }
  static std::string Field(const RawResponse& response, const std::string& name) {
    const size_t at = response.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return response.head.substr(begin, response.head.find("\r\n", begin) - begin);
  }
  bool was_reset() const { return was_reset_; }
  bool Closed(int timeout_ms = 20'000) { return !ReadSome(1, timeout_ms) && !timed_out_; }
  int fd() const { return fd_; }

 private:
  void ReadChunks(RawResponse& out) {
    while (true) {
      size_t eol = 0;
      while ((eol = in_.find("\r\n")) == std::string::npos) {
        if (!ReadSome()) {
          out.status = 0;
          return;
        }
      }
      const size_t size = std::stoul(in_.substr(0, eol), nullptr, 16);
      while (in_.size() < eol + 2 + size + 2) {
        if (!ReadSome()) {
          out.status = 0;
          return;
        }
      }
      out.body += in_.substr(eol + 2, size);
      in_.erase(0, eol + 2 + size + 2);
      if (size == 0) return;
    }
  }

  int fd_ = -1;
  bool connected_ = false;
  bool timed_out_ = false;
  bool was_reset_ = false;
  std::string in_;
  std::string host_;
};

}  // namespace caudal::http
