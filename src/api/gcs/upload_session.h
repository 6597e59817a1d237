// Resumable uploads: starting one and continuing it, for the JSON and the XML API alike.
#pragma once

#include <memory>

#include "api/gcs/context.h"
#include "api/gcs/media.h"
#include "base/result.h"
#include "http/message.h"
#include "http/router.h"

namespace caudal::api::gcs {

// Starts an upload; the answer's Location is `location` with the upload's id.
Result<http::Response> StartSession(const Context& context, objects::WriteRequest request,
                                    const std::string& location, int status);

// A request with an upload_id: bytes, the end, or a question for the state.
Result<std::unique_ptr<http::BodySink>> ContinueSession(const Context& context,
                                                        http::Request& request, MediaForm form);

Result<http::Response> CancelSession(const Context& context, const http::Request& request);

}  // namespace caudal::api::gcs
