#include "http/connection.h"

#include <boost/asio/buffer.hpp>
#include <cstring>
#include <exception>

#include "base/log.h"
#include "http/target.h"

namespace caudal::http {
namespace {

constexpr size_t kInputBytes = 4096;
constexpr size_t kInputKeptBytes = 16u << 10;
constexpr size_t kOutputKeptBytes = 64u << 10;

Response Refusal(int status, ErrorKind kind, std::string message, std::string code) {
  const Error error = MakeError(kind, std::move(message), std::move(code));
  Response out = RenderError(PlainStyle(), error, Request());
  out.status = status;
  out.close = true;
  return out;
}

Response BadRequest(std::string message) {
  return Refusal(400, ErrorKind::kInvalid, std::move(message), "http.malformed");
}

}  // namespace

Connection::Connection(IoThread& io, Socket socket, std::string peer, Link link)
    : io_(io),
      shared_(io.shared()),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      peer_(std::move(peer)),
      link_(link),
      place_(io.Enter(this)) {}

Connection::~Connection() {
  io_.Leave(place_);
  ErrorCode ignored;
  socket_.close(ignored);
  shared_.NoteClosed();
}

Task<void> Connection::Serve(std::unique_ptr<Connection> connection) {
  try {
    co_await connection->Loop();
  } catch (const std::exception& e) {
    LogError("connection ended by an exception", {{"what", e.what()}});
  }
}

void Connection::ExpireAt(SteadyClock::time_point now) {
  if (now < deadline_) return;
  ClearDeadline();
  expired_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::CloseIfIdle() {
  if (idle_) Cut();
}

void Connection::Cut() {
  cut_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
  timer_.cancel();
}

void Connection::SetDeadline(std::chrono::milliseconds after) {
  expired_ = false;
  deadline_ = SteadyClock::now() + after;
}

void Connection::MakeRoom(size_t capacity_min) {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    if (in_capacity_ > kInputKeptBytes && capacity_min < in_capacity_) {
      in_.reset();
      in_capacity_ = 0;
    }
  }
  if (in_end_ < in_capacity_ && in_capacity_ >= capacity_min) return;
  if (in_begin_ > 0) {
    std::memmove(in_.get(), in_.get() + in_begin_, buffered());
    in_end_ -= in_begin_;
    in_begin_ = 0;
    if (in_end_ <= in_capacity_ / 2 && in_capacity_ >= capacity_min) return;
  }
  const size_t capacity =
      std::max(capacity_min, in_end_ < in_capacity_ ? in_capacity_ : in_capacity_ * 2);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (in_end_ > 0) std::memcpy(larger.get(), in_.get(), in_end_);
  in_ = std::move(larger);
  in_capacity_ = capacity;
}

Task<Connection::Read> Connection::Receive(char* out, size_t capacity, size_t& n) {
  n = 0;
  if (cut_) co_return Read::kClosed;
  auto [error, got] = co_await socket_.async_read_some(asio::buffer(out, capacity), kAwait);
  if (expired_) co_return Read::kTimeout;
  if (error || cut_) co_return Read::kClosed;
  n = got;
  Counters::Add(io_.counters().bytes_in, got);
  co_return Read::kOk;
}

Task<Connection::Read> Connection::Fill(size_t capacity_min) {
  MakeRoom(capacity_min);
  size_t n = 0;
  const Read read = co_await Receive(in_.get() + in_end_, in_capacity_ - in_end_, n);
  in_end_ += n;
  co_return read;
}

void Connection::StartRequest() {
  request_ = Request();
  parser_.emplace(request_, shared_.options.header_bytes_max);
  head_bytes_ = 0;
  out_.clear();
  if (out_.capacity() > kOutputKeptBytes) out_.shrink_to_fit();
}

// kOk: a whole head; kEnd: more is needed.
Connection::Read Connection::ParseHead() {
  if (!parser_->got_some()) {
    // An empty line before a request is forgiven (RFC 9112 §2.2).
    while (buffered() > 0 && (in_[in_begin_] == '\r' || in_[in_begin_] == '\n')) ++in_begin_;
    if (buffered() == 0) return Read::kEnd;
  }
  ErrorCode code;
  const size_t used = parser_->put(asio::buffer(in_.get() + in_begin_, buffered()), code);
  in_begin_ += used;
  head_bytes_ += used;
  const bool done = !code && parser_->is_header_done();
  const size_t head_bytes = head_bytes_ + (done ? 0 : buffered());
  using boost::beast::http::error;
  if (code == error::header_limit || head_bytes > shared_.options.header_bytes_max) {
    return Read::kTooLarge;
  }
  if (code && code != error::need_more) return Read::kMalformed;
  return done ? Read::kOk : Read::kEnd;
}

Task<Connection::Read> Connection::ReadHead() {
  StartRequest();
  idle_ = buffered() == 0;
  SetDeadline(idle_ ? shared_.options.idle_timeout : shared_.options.header_timeout);
  while (true) {
    if (buffered() > 0) {
      const Read parsed = ParseHead();
      if (parsed != Read::kEnd) co_return parsed;
    }
    if (idle_ && shared_.stopping.load(std::memory_order_relaxed)) co_return Read::kClosed;
    const Read read = co_await Fill(kInputBytes);
    if (read != Read::kOk) {
      if (idle_ && read == Read::kTimeout) co_return Read::kClosed;
      co_return read;
    }
    if (idle_) {
      idle_ = false;
      SetDeadline(shared_.options.header_timeout);
    }
  }
}

std::optional<Response> Connection::CheckHead() {
  http11_ = parser_->http11();
  keep_alive_ = parser_->keep_alive();
  chunked_ = parser_->chunked();
  body_bytes_ = 0;
  body_left_ = 0;
  if (const auto length = parser_->content_length()) {
    body_left_ = *length;
    request_.content_length = *length;
  } else if (!chunked_) {
    request_.content_length = 0;
  }
  body_done_ = !chunked_ && body_left_ == 0;
  head_request_ = request_.method == Method::kHead;
  continue_owed_ = !body_done_ && http11_ && parser_->expects_continue();
  request_.peer = peer_;
  request_.link = link_;
  if (parser_->unknown_method()) {
    return Refusal(501, ErrorKind::kUnsupported,
                   "Caudal doesn't know this request method; use GET, HEAD, POST, PUT, PATCH, "
                   "DELETE or OPTIONS",
                   "http.unknown_method");
  }
  if (parser_->odd_coding()) {
    return Refusal(501, ErrorKind::kUnsupported,
                   "Caudal reads no transfer coding but chunked; send the body chunked or with its "
                   "length",
                   "http.transfer_coding");
  }
  if (chunked_ && !http11_) return BadRequest("an HTTP/1.0 request can't be chunked");
  if (parser_->lengths() > 1) return BadRequest("more than one Content-Length");
  if (parser_->hosts() > 1) return BadRequest("more than one Host field");
  if (parser_->odd_expectation()) {
    return Refusal(417, ErrorKind::kUnsupported,
                   "the only Expect that Caudal knows is 100-continue", "http.expectation");
  }
  if (parser_->hosts() == 0 && http11_) return BadRequest("the Host field is missing");
  if (const Result<void> target = ReadTarget(request_); !target.ok()) {
    return BadRequest(target.error().message);
  }
  if (const auto host = request_.headers.Get("Host"); host && !IsAuthority(*host)) {
    return BadRequest("the Host field is malformed");
  }
  const Result<void> allowed = CheckHostAndOrigin(request_, shared_.options, shared_.port);
  if (!allowed.ok()) return RenderError(PlainStyle(), allowed.error(), request_);
  SetBaseUrl(request_, shared_.options, shared_.port);
  return std::nullopt;
}

Task<void> Connection::Loop() {
  while (!cut_) {
    const Read head = co_await ReadHead();
    if (head == Read::kClosed) co_return;
    Counters::Add(io_.counters().requests);
    request_start_ = SteadyClock::now();
    ClearDeadline();
    if (head != Read::kOk) {
      Response refusal = BadRequest("the request isn't well-formed HTTP/1.1");
      if (head == Read::kTooLarge) {
        refusal = Refusal(431, ErrorKind::kLimit,
                          "the request's head is larger than " +
                              std::to_string(shared_.options.header_bytes_max) + " bytes",
                          "http.header_too_large");
      } else if (head == Read::kTimeout) {
        refusal = Refusal(408, ErrorKind::kTimeout, "the request's head took too long to arrive",
                          "http.header_timeout");
      }
      http11_ = true;
      keep_alive_ = false;
      head_request_ = false;
      body_done_ = false;
      NoteResponse(refusal);
      const bool sent = co_await Send(refusal);
      if (sent) co_await LeaveGently();
      co_return;
    }
    co_await Answer();
    if (!keep_alive_) co_return;
  }
}

// Leaves keep_alive_ false when the connection is over.
Task<void> Connection::Answer() {
  Response response;
  std::optional<Response> refusal = CheckHead();
  if (refusal) {
    response = std::move(*refusal);
  } else {
    const Router::Match match = shared_.router.Find(request_);
    if (match.route == nullptr) {
      response = RenderMismatch(match, request_);
    } else {
      const auto* handler = std::get_if<Handler>(&match.route->handler);
      const bool here = handler != nullptr && match.route->run_on == RunOn::kIo && body_done_;
      if (here) {
        const Result<void> allowed = shared_.router.Authorize(request_, *match.route);
        Result<Response> answer =
            allowed.ok() ? RunHandler(*handler, request_) : Result<Response>(allowed.error());
        response = answer.ok() ? std::move(answer).take()
                               : RenderError(*match.style, answer.error(), request_);
      } else {
        co_await RunRoute(match, *match.route, response);
        if (response.later) co_await AwaitAnswer(*match.style, response);
      }
    }
  }
  if (cut_) {
    keep_alive_ = false;
    co_return;
  }
  // What is left of a body is read and dropped when it is short; a client that waits for "100
  // Continue" sends none, or all of it, nobody knows which.
  const bool can_drain =
      body_done_ || (!continue_owed_ && (chunked_ || body_left_ <= kDrainBytesMax));
  if (response.close || !can_drain || shared_.stopping.load(std::memory_order_relaxed)) {
    keep_alive_ = false;
  }
  NoteResponse(response);
  const bool sent = co_await Send(response);
  if (!sent) {
    keep_alive_ = false;
    co_return;
  }
  if (keep_alive_ && !body_done_) keep_alive_ = co_await DrainBody();
  if (!keep_alive_) co_await LeaveGently();
}

Response Connection::Busy(const ApiStyle& style, std::string message) {
  Response out =
      RenderError(style, MakeError(ErrorKind::kUnavailable, std::move(message)), request_);
  out.status = 503;
  out.headers.Set("Retry-After", "1");
  return out;
}

Task<void> Connection::RunRoute(const Router::Match& match, const Route& route, Response& out) {
  if (request_.content_length.value_or(0) > route.body_bytes_max) {
    out = RenderError(*match.style, BodyTooLarge(route.body_bytes_max), request_);
    co_return;
  }
  if (std::holds_alternative<StreamHandler>(route.handler)) {
    co_await StreamRequest(match, route, out);
    co_return;
  }
  const Handler& handler = std::get<Handler>(route.handler);
  const Router& router = shared_.router;
  Result<Response> answer = MakeError(ErrorKind::kInternal, "not run");
  Result<void> allowed;
  bool authorized = false;
  // A body that isn't here yet is read only for those who may send it.
  if (!body_done_ && !BodyIsBuffered()) {
    if (route.run_on == RunOn::kIo) {
      allowed = router.Authorize(request_, route);
    } else {
      const bool ran = co_await OnPool(shared_.pool, false,
                                       [&] { allowed = router.Authorize(request_, route); });
      if (!ran) {
        out = Busy(*match.style, "too many requests are waiting; try again");
        co_return;
      }
    }
    if (!allowed.ok()) {
      out = RenderError(*match.style, allowed.error(), request_);
      co_return;
    }
    authorized = true;
  }
  Reserved reserved(shared_.budget);
  if (!body_done_) {
    const Read read = co_await ReadWhole(route.body_bytes_max, reserved);
    if (read != Read::kEnd) {
      out = BodyFailed(read, *match.style, route);
      co_return;
    }
  }
  const auto run = [&] {
    if (!authorized) allowed = router.Authorize(request_, route);
    answer = allowed.ok() ? RunHandler(handler, request_) : Result<Response>(allowed.error());
  };
  if (route.run_on == RunOn::kIo) {
    run();
  } else {
    const bool ran = co_await OnPool(shared_.pool, authorized, run);
    if (!ran) {
      out = Busy(*match.style, "too many requests are waiting; try again");
      co_return;
    }
  }
  request_.body = std::string();
  if (answer.ok()) {
    out = std::move(answer).take();
  } else {
    out = RenderError(*match.style, answer.error(), request_);
  }
}

// Asks until the answer is there. A client that goes is noticed within the wait; the connection is
// over then.
Task<void> Connection::AwaitAnswer(const ApiStyle& style, Response& out) {
  while (!cut_) {
    const std::shared_ptr<LaterAnswer> later = std::exchange(out.later, nullptr);
    if (!later) co_return;
    const bool here = co_await WaitWhileConnected(later->wait_ms, later->waker.get());
    Result<std::unique_ptr<Response>> answer =
        MakeError(ErrorKind::kUnavailable, "the server is stopping; try again when it is back");
    // What waits may hold a lock or a disk as it goes.
    co_await OnPool(shared_.pool, true, [&] {
      if (here) answer = AskAgain(*later);
      if (!here || !answer.ok() || *answer != nullptr) later->next = nullptr;
    });
    if (!here && !shared_.stopping.load(std::memory_order_relaxed)) cut_ = true;
    if (!answer.ok()) {
      out = RenderError(style, answer.error(), request_);
    } else if (*answer != nullptr) {
      out = std::move(**answer);
    } else {
      out.later = later;
    }
  }
}

// A close while bytes are unread would make the kernel send a reset, which may overtake the answer.
Task<void> Connection::LeaveGently() {
  keep_alive_ = false;
  if (body_done_ && buffered() == 0) co_return;
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  SetDeadline(std::min(shared_.options.body_timeout, std::chrono::milliseconds(5'000)));
  in_begin_ = in_end_ = 0;
  MakeRoom(kInputBytes);
  uint64_t dropped = 0;
  while (dropped < kDrainBytesMax) {
    size_t n = 0;
    const Read read = co_await Receive(in_.get(), in_capacity_, n);
    if (read != Read::kOk) co_return;
    dropped += n;
  }
}

void Connection::NoteResponse(const Response& response) {
  if (response.status >= 500) {
    Counters::Add(io_.counters().responses_5xx);
  } else if (response.status >= 400) {
    Counters::Add(io_.counters().responses_4xx);
  }
  if (!LogEnabled(LogLevel::kDebug)) return;
  const auto took = SteadyClock::now() - request_start_;
  LogDebug("request",
           {{"method", NameOf(request_.method)},
            {"path", request_.path},
            {"status", response.status},
            {"micros", std::chrono::duration_cast<std::chrono::microseconds>(took).count()},
            {"peer", peer_}});
}

}  // namespace caudal::http
