// Errors in the form of the Iceberg REST catalogue (ErrorModel of its OpenAPI document): the status
// and the exception's name that clients know.
#pragma once

#include "base/error.h"
#include "http/message.h"

namespace caudal::api::iceberg {

// 500, 502 and 504 would tell a client that its commit may have happened, so that it doesn't clean
// up: they are given for defects only.
http::Response RenderError(const Error& error, const http::Request& request);

}  // namespace caudal::api::iceberg
