// Batches: calls in the parts of a multipart/mixed body.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace caudal::api::gcs {

struct BatchCall {
  std::string content_id;
  http::Request request;
};

// The calls of a body. kInvalid when it is malformed or has more than `calls_max`.
Result<std::vector<BatchCall>> ParseBatch(std::string_view boundary, std::string_view body,
                                          int calls_max);

// One answer as a part, without the boundary before it.
void AppendBatchAnswer(std::string& out, const std::string& content_id,
                       const http::Response& response);

}  // namespace caudal::api::gcs
