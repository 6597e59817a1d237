// The SHA-256 that a signature says the body has: checked once the body is there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace caudal::api::gcs {

class PayloadCheck {
 public:
  // kUnsupported for bodies in signed chunks ("aws-chunked").
  static Result<PayloadCheck> Of(const http::Request& request);

  void Update(std::string_view bytes);
  // kDenied ("signature.mismatch") when the body isn't what was signed. Once.
  Result<void> Finish();

 private:
  struct Free {
    void operator()(void* digest) const;
  };
  std::optional<std::string> wanted_;  // lower-case hex; none: not covered
  std::unique_ptr<void, Free> digest_;
};

}  // namespace caudal::api::gcs
