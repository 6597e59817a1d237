// What Router::Handle and Server share around a handler call. Internal to http.
#pragma once

#include <memory>

#include "base/result.h"
#include "http/message.h"
#include "http/router.h"

namespace caudal::http {

// The style of paths that nobody gave one: {"error": {"code", "message", "status"}}.
const ApiStyle& PlainStyle();

Response RenderError(const ApiStyle& style, const Error& error, const Request& request);
// The answer to a match without a route: 404, 405 with Allow, or the match's own error.
Response RenderMismatch(const Router::Match& match, const Request& request);

Error BodyTooLarge(uint64_t bytes_max);

// Calls that turn a handler's exception into a kInternal error; the log has its text.
Result<Response> RunHandler(const Handler& handler, Request& request);
Result<std::unique_ptr<BodySink>> OpenSink(const StreamHandler& handler, Request& request);
Result<void> WriteToSink(BodySink& sink, std::string_view bytes);
Result<Response> FinishSink(BodySink& sink);
Result<StreamBody::Piece> NextPiece(const StreamBody& body);
Result<std::unique_ptr<Response>> AskAgain(const LaterAnswer& later);

// Makes the answer to a GET into the answer to a HEAD: Content-Length stays, the body goes.
void DropBodyForHead(Response& response);

}  // namespace caudal::http
