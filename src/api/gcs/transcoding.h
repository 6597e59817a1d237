// Gzip: objects decompressed for clients that don't take it, and compressed request bodies.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "objects/store.h"

namespace caudal::api::gcs {

// Inflates a gzip stream (of one or more members) piece by piece, in bounded memory.
class Gunzip {
 public:
  Gunzip();
  ~Gunzip();
  Gunzip(Gunzip&&) noexcept;
  Gunzip& operator=(Gunzip&&) noexcept;

  // Appends at most about `output_max` bytes to `out`; consumes from the front of `input`.
  // kInvalid when the bytes aren't gzip.
  Result<void> Some(std::string_view& input, std::string& out, size_t output_max);
  bool at_end() const { return at_end_; }  // of a member, with nothing half read

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool at_end_ = false;
};

// All of a small body; kLimit ("body.too_large") beyond `bytes_max`, before it is inflated further.
Result<std::string> GunzipAll(std::string_view compressed, uint64_t bytes_max);

// Whether `Accept-Encoding` takes gzip.
bool AcceptsGzip(const http::Request& request);

// The object's bytes, inflated as they are sent. A stored object that isn't gzip after all cuts the
// connection.
http::StreamBody GunzipBody(objects::ObjectContent opened);

}  // namespace caudal::api::gcs
