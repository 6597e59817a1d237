#include "http/dispatch.h"

#include <exception>
#include <string>

#include "base/log.h"
#include "data/json.h"

namespace caudal::http {
namespace {

Error DefectFound(std::string_view where, std::string_view what) {
  LogError("handler threw", {{"where", where}, {"what", what}});
  return MakeError(ErrorKind::kInternal, "an internal error; the server's log has the cause");
}

template <class Call>
auto Guarded(std::string_view where, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& e) {
    return DefectFound(where, e.what());
  } catch (...) {
    return DefectFound(where, "not a std::exception");
  }
}

Response RenderPlainly(const Error& error, const Request&) {
  const int status = StatusOf(error);
  const Json body = {{"error",
                      {{"code", status},
                       {"message", error.message},
                       {"status", error.code.empty() ? NameOf(error.kind) : error.code}}}};
  return Response::Json(status, DumpJson(body));
}

}  // namespace

const ApiStyle& PlainStyle() {
  static const ApiStyle* const kStyle = new ApiStyle{"plain", RenderPlainly};
  return *kStyle;
}

Response RenderError(const ApiStyle& style, const Error& error, const Request& request) {
  const ApiStyle& used = style.render_error ? style : PlainStyle();
  Response out = used.render_error(error, request);
  // A style may know only the kind, whose default differs from what HTTP says here.
  if (error.code.starts_with("http.")) out.status = StatusOf(error);
  return out;
}

Response RenderMismatch(const Router::Match& match, const Request& request) {
  if (match.error) return RenderError(*match.style, *match.error, request);
  if (match.allow.empty()) {
    return RenderError(*match.style,
                       MakeError(ErrorKind::kNotFound, "there is no resource at " + request.path),
                       request);
  }
  Response out = RenderError(*match.style,
                             MakeError(ErrorKind::kUnsupported,
                                       std::string(NameOf(request.method)) + " isn't allowed at " +
                                           request.path + "; allowed: " + match.allow,
                                       "http.method_not_allowed"),
                             request);
  out.headers.Set("Allow", match.allow);
  return out;
}

Error BodyTooLarge(uint64_t bytes_max) {
  return MakeError(ErrorKind::kLimit,
                   "the request body is larger than the " + std::to_string(bytes_max) +
                       " bytes allowed here; send less",
                   "http.body_too_large");
}

Result<Response> RunHandler(const Handler& handler, Request& request) {
  return Guarded(request.path, [&] { return handler(request); });
}

Result<std::unique_ptr<BodySink>> OpenSink(const StreamHandler& handler, Request& request) {
  return Guarded(request.path, [&]() -> Result<std::unique_ptr<BodySink>> {
    std::unique_ptr<BodySink> sink = TRY(handler(request));
    if (!sink) return MakeError(ErrorKind::kInternal, "the handler gave no sink for the body");
    return sink;
  });
}

Result<void> WriteToSink(BodySink& sink, std::string_view bytes) {
  return Guarded("body sink", [&] { return sink.Write(bytes); });
}

Result<Response> FinishSink(BodySink& sink) {
  return Guarded("body sink", [&] { return sink.Finish(); });
}

Result<StreamBody::Piece> NextPiece(const StreamBody& body) {
  return Guarded("stream body", [&] { return body.next(); });
}

Result<std::unique_ptr<Response>> AskAgain(const LaterAnswer& later) {
  return Guarded("later answer", [&] { return later.next(); });
}

void DropBodyForHead(Response& response) {
  std::optional<uint64_t> length;
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    length = text->size();
  } else if (const auto* file = std::get_if<FileBody>(&response.body)) {
    length = file->length;
  }
  // A handler that knows HEAD gives the length itself, with an empty body.
  if (length && !response.headers.Get("Content-Length")) {
    response.headers.Add("Content-Length", std::to_string(*length));
  }
  response.body = std::string();
}

}  // namespace caudal::http
