// One keep-alive HTTP/1.1 connection of the load generator: a request at a time, without blocking.
#pragma once

#include <cstdint>
#include <string>

#include "bench/workload.h"

namespace caudal::bench {

class Connection {
 public:
  // Connects (blocking), then never blocks. Throws std::runtime_error.
  Connection(const std::string& host, uint16_t port, Workload& workload);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  bool wants_to_write() const { return sent_ < total_; }

  void StartRequest();  // takes the next one of the workload and sends what fits
  void Send();
  // Reads what is there. True when the answer is complete and right; throws when it is wrong.
  bool Receive();
  int64_t started_ns() const { return started_ns_; }
  uint64_t bytes_received() const { return bytes_received_; }

 private:
  bool ParseHead();
  bool TakeBody(const char* bytes, uint64_t length);
  bool TakeChunked();
  bool Finish();

  Workload& workload_;
  Workload::Request request_;
  int fd_ = -1;
  int64_t started_ns_ = 0;
  uint64_t sent_ = 0;
  uint64_t total_ = 0;

  std::string input_;  // the head; the whole answer when chunked
  std::string body_;   // its first checked_bytes
  bool in_body_ = false;
  bool chunked_ = false;
  size_t chunk_at_ = 0;
  int status_ = 0;
  uint64_t body_length_ = 0;
  uint64_t body_received_ = 0;
  uint64_t bytes_received_ = 0;
};

int64_t NowNs();

}  // namespace caudal::bench
