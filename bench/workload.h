// What the load generator asks for, and what it demands of each answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace caudal::bench {

enum class Mode : uint8_t { kUpload, kRead, kList };

struct WorkloadOptions {
  Mode mode = Mode::kRead;
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string bucket = "bench";
  std::string prefix = "o/";  // names are <prefix><8 digits>
  // Path of a read; {} becomes the escaped name. Empty: the JSON API's download path.
  std::string read_path;
  uint64_t size = 4096;
  uint64_t objects = 1000;  // existing ones, for reads and lists
  uint64_t first_name = 0;  // number of the first uploaded object
  uint64_t page = 100;      // of a list
  uint64_t seed = 1;
};

// Makes requests and checks answers. Bodies are a fixed random pattern whose first 8 bytes are the
// object's number, so that a read proves which object it got. One thread.
class Workload {
 public:
  explicit Workload(WorkloadOptions options);

  struct Request {
    uint64_t number = 0;  // of the object, or of the first one of a page
    std::string head;     // request line and headers
    std::string stamp;    // the body's first 8 bytes; empty: no body
    std::string_view rest;
  };
  // Fills `request`, reusing its memory.
  void Next(Request& request);

  // How much of the answer's body Check needs; the rest may be thrown away unread.
  uint64_t checked_bytes() const;
  // Empty when the answer is right. `body` holds its first checked_bytes, `length` is all of it.
  std::string Check(const Request& request, int status, std::string_view body, uint64_t length);

  uint64_t uploaded() const { return next_name_; }

 private:
  uint64_t Random();

  WorkloadOptions options_;
  std::string pattern_;
  uint64_t next_name_;
  uint64_t random_;
};

}  // namespace caudal::bench
