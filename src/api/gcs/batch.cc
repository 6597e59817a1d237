#include "api/gcs/batch.h"

#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/multipart.h"
#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

Error BadPart(const std::string& expected) { return InvalidValue("a part of the batch", expected); }

// "METHOD /path?query HTTP/1.1", headers, an empty line, a body.
Result<http::Request> ParseCall(std::string_view text) {
  const size_t line_end = text.find('\n');
  std::string_view line = Trimmed(text.substr(0, line_end));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return BadPart("METHOD /path HTTP/1.1 in its first line");
  http::Request request;
  const auto method = http::ParseMethod(line.substr(0, space));
  if (!method) return BadPart("a known method");
  request.method = *method;
  std::string_view target = Trimmed(line.substr(space + 1));
  target = target.substr(0, target.find(' '));
  // A whole URL: the host is ours in any case.
  if (const size_t scheme = target.find("://"); scheme != std::string_view::npos && scheme < 8) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (!target.starts_with('/')) return BadPart("a path that begins with a slash");
  request.target = target;
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.raw_query = target.substr(question + 1);
  request.query = http::Parameters::Parse(request.raw_query);
  if (line_end == std::string_view::npos) return request;
  std::string_view rest = text.substr(line_end + 1);
  size_t at = 0;
  while (at < rest.size()) {
    const size_t newline = rest.find('\n', at);
    const size_t end = newline == std::string_view::npos ? rest.size() : newline + 1;
    const std::string_view header = rest.substr(at, end - at);
    if (header == "\n" || header == "\r\n") break;
    at = end;
  }
  request.headers = TRY(ParseHeaderLines(rest.substr(0, at)));
  if (at < rest.size()) {
    rest.remove_prefix(at);
    rest.remove_prefix(rest.starts_with('\r') ? 2 : 1);
    // A length cuts off what the part's own line end added.
    if (const auto length = request.headers.Get("Content-Length")) {
      const int64_t bytes = TRY(ParseInteger(*length, "Content-Length"));
      rest = rest.substr(0, static_cast<size_t>(bytes));
    }
    request.body = rest;
  }
  request.content_length = request.body.size();
  return request;
}

class CallSink final : public PartSink {
 public:
  explicit CallSink(int calls_max) : calls_max_(calls_max) {}
  Result<void> OnPart(http::Headers headers) override {
    if (static_cast<int>(calls.size()) >= calls_max_)
      return InvalidValue("the batch", "at most " + std::to_string(calls_max_) + " calls");
    const std::string_view type = headers.Get("Content-Type").value_or("application/http");
    if (!StartsWithIgnoringCase(type, "application/http"))
      return BadPart("Content-Type application/http");
    calls.emplace_back();
    calls.back().content_id = std::string(headers.Get("Content-ID").value_or(""));
    text_.clear();
    return {};
  }
  Result<void> OnBytes(std::string_view bytes) override {
    text_.append(bytes);
    return {};
  }
  Result<void> OnPartEnd() override {
    calls.back().request = TRY(ParseCall(text_));
    return {};
  }

  std::vector<BatchCall> calls;

 private:
  const int calls_max_;
  std::string text_;
};

bool MayBeInBatch(const http::Request& request) {
  if (request.query.Get("alt").value_or("") == "media") return false;
  return request.path.starts_with("/storage/v1/") || request.path.starts_with("/b/") ||
         request.path == "/b";
}

}  // namespace

Result<std::vector<BatchCall>> ParseBatch(std::string_view boundary, std::string_view body,
                                          int calls_max) {
  CallSink sink(calls_max);
  MultipartParser parser(boundary, sink);
  TRY(parser.Feed(body));
  TRY(parser.Finish());
  return std::move(sink.calls);
}

void AppendBatchAnswer(std::string& out, const std::string& content_id,
                       const http::Response& response) {
  out += "Content-Type: application/http\r\n";
  if (!content_id.empty()) {
    const bool bracketed = content_id.starts_with('<') && content_id.ends_with('>');
    const std::string id = bracketed ? content_id.substr(1, content_id.size() - 2) : content_id;
    out += "Content-ID: <response-" + id + ">\r\n";
  }
  const auto* body = std::get_if<std::string>(&response.body);
  out += "\r\nHTTP/1.1 " + std::to_string(response.status) + " ";
  out += http::ReasonPhrase(response.status);
  out += "\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  out += "Content-Length: " + std::to_string(body == nullptr ? 0 : body->size()) + "\r\n\r\n";
  if (body != nullptr) out += *body;
  out += "\r\n";
}

Result<Response> Batch(const Context& context, Request& request, const http::Router& router) {
  const std::string boundary = TRY(BoundaryOf(request.headers.Get("Content-Type").value_or("")));
  std::vector<BatchCall> calls =
      TRY(ParseBatch(boundary, request.body, context.options().batch_calls_max));
  const std::string ours = "batch_" + context.deps.random.Hex(16);
  std::string out;
  for (BatchCall& call : calls) {
    http::Request& inner = call.request;
    inner.peer = request.peer;
    inner.link = request.link;
    inner.base_url = request.base_url;
    if (!inner.headers.Get("Authorization")) {
      if (const auto authorization = request.headers.Get("Authorization"))
        inner.headers.Add("Authorization", std::string(*authorization));
    }
    const Response response =
        MayBeInBatch(inner)
            ? router.Handle(inner)
            : RenderJsonError(InvalidValue("a part of the batch",
                                           "a call below /storage/v1 that moves no media"),
                              inner);
    out += "--" + ours + "\r\n";
    AppendBatchAnswer(out, call.content_id, response);
  }
  out += "--" + ours + "--\r\n";
  // Without quotes around the boundary: gcsfs takes all that follows the equals sign.
  return Response::Text(200, std::move(out), "multipart/mixed; boundary=" + ours);
}

}  // namespace caudal::api::gcs
