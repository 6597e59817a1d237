// How a connection reads request bodies.
#include <boost/asio/buffer.hpp>
#include <cstring>

#include "http/connection.h"

namespace caudal::http {
namespace {

constexpr size_t kFirstStepBytes = 64u << 10;

}  // namespace

void Connection::StartPace() {
  pace_start_ = SteadyClock::now();
  pace_bytes_ = 0;
}

bool Connection::TooSlow(size_t bytes) {
  pace_bytes_ += bytes;
  const auto now = SteadyClock::now();
  const auto span = now - pace_start_;
  if (span < shared_.options.body_timeout) return false;
  const double seconds = std::chrono::duration<double>(span).count();
  const bool slow = static_cast<double>(pace_bytes_) <
                    seconds * static_cast<double>(shared_.options.body_bytes_per_second_min);
  pace_start_ = now;
  pace_bytes_ = 0;
  return slow;
}

bool Connection::BodyIsBuffered() const { return !chunked_ && buffered() >= body_left_; }

// kOk with n > 0, kEnd when the body is complete.
Task<Connection::Read> Connection::ReadBody(char* out, size_t capacity, size_t& n) {
  n = 0;
  if (body_done_) co_return Read::kEnd;
  if (chunked_) {
    const Read read = co_await ReadChunked(out, capacity, n);
    co_return read;
  }
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(capacity, body_left_));
  if (buffered() > 0) {
    n = std::min(wanted, buffered());
    std::memcpy(out, in_.get() + in_begin_, n);
    in_begin_ += n;
  } else {
    SetDeadline(shared_.options.body_timeout);
    const Read read = co_await Receive(out, wanted, n);
    ClearDeadline();
    if (read != Read::kOk) co_return read;
    if (TooSlow(n)) co_return Read::kTimeout;
  }
  body_left_ -= n;
  body_bytes_ += n;
  body_done_ = body_left_ == 0;
  co_return Read::kOk;
}

Task<Connection::Read> Connection::ReadChunked(char* out, size_t capacity, size_t& n) {
  using boost::beast::http::error;
  parser_->SetOut(out, capacity);
  bool starved = buffered() == 0;
  while (true) {
    if (starved) {
      if (parser_->filled() > 0) break;  // what is here now, before more is waited for
      if (buffered() > shared_.options.header_bytes_max) co_return Read::kMalformed;
      SetDeadline(shared_.options.body_timeout);
      const size_t before = buffered();
      const Read read = co_await Fill(kFirstStepBytes);
      ClearDeadline();
      if (read != Read::kOk) co_return read;
      if (TooSlow(buffered() - before)) co_return Read::kTimeout;
    }
    ErrorCode code;
    const size_t used = parser_->put(asio::buffer(in_.get() + in_begin_, buffered()), code);
    in_begin_ += used;
    if (code && code != error::need_more) co_return Read::kMalformed;
    body_done_ = parser_->is_done();
    if (body_done_ || parser_->filled() == capacity) break;
    starved = code == error::need_more || buffered() == 0;
  }
  n = parser_->filled();
  body_bytes_ += n;
  co_return n > 0 ? Read::kOk : Read::kEnd;
}

// Fills a piece, or takes it as far as the body goes: kEnd then.
Task<Connection::Read> Connection::FillPiece(Piece& piece) {
  piece.size = 0;
  StartPace();
  while (piece.size < piece.capacity) {
    size_t n = 0;
    const Read read =
        co_await ReadBody(piece.bytes.get() + piece.size, piece.capacity - piece.size, n);
    piece.size += n;
    if (read != Read::kOk) co_return read;
  }
  co_return body_done_ ? Read::kEnd : Read::kOk;
}

Task<bool> Connection::Take(uint64_t bytes, Reserved& reserved) {
  const auto deadline = SteadyClock::now() + shared_.options.body_timeout;
  if (shared_.budget.TryTake(bytes)) {
    reserved.Hold(bytes);
    co_return true;
  }
  // The waker may outlive this connection: it holds no more than a flag and the way to the thread.
  struct Waiter {
    Timer timer;
    bool waiting = true;
  };
  auto waiter = std::make_shared<Waiter>(Waiter{Timer(socket_.get_executor())});
  while (!cut_ && SteadyClock::now() < deadline) {
    waiter->timer.expires_at(deadline);
    const Executor executor = socket_.get_executor();
    const bool taken = shared_.budget.TakeOrCallLater(
        bytes, [waiter, executor] { asio::post(executor, [waiter] { waiter->timer.cancel(); }); });
    if (taken) {
      reserved.Hold(bytes);
      co_return true;
    }
    auto [ignored] = co_await waiter->timer.async_wait(kAwait);
    (void)ignored;
  }
  co_return false;
}

// kEnd: request_.body is whole.
Task<Connection::Read> Connection::ReadWhole(uint64_t bytes_max, Reserved& reserved) {
  if (continue_owed_ && buffered() == 0) {
    const bool sent = co_await SendContinue();
    if (!sent) co_return Read::kClosed;
  }
  continue_owed_ = false;
  if (!chunked_) {
    const bool held = co_await Take(shared_.budget.Clamp(body_left_), reserved);
    if (!held) co_return Read::kBusy;
  }
  std::string& body = request_.body;
  StartPace();
  while (!body_done_) {
    const size_t size = body.size();
    const uint64_t left =
        chunked_ ? bytes_max - std::min<uint64_t>(size, bytes_max) + 1 : body_left_;
    // Grown as it arrives, so that a declared length alone costs no memory.
    const auto step =
        static_cast<size_t>(std::min<uint64_t>(left, std::max<uint64_t>(kFirstStepBytes, size)));
    if (chunked_) {
      const uint64_t held = std::min<uint64_t>(step, shared_.budget.Clamp(UINT64_MAX) / 2);
      const bool taken = co_await Take(held, reserved);
      if (!taken) co_return Read::kBusy;
    }
    body.resize(size + step);
    size_t filled = 0;
    Read read = Read::kOk;
    while (filled < step && read == Read::kOk && !body_done_) {
      size_t n = 0;
      read = co_await ReadBody(body.data() + size + filled, step - filled, n);
      filled += n;
    }
    body.resize(size + filled);
    if (body.size() > bytes_max) co_return Read::kTooLarge;
    if (read != Read::kOk && read != Read::kEnd) co_return read;
  }
  co_return Read::kEnd;
}

Task<bool> Connection::SendContinue() {
  continue_owed_ = false;
  const bool sent = co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n");
  co_return sent;
}

// True: the body has ended, and the next request can be read.
Task<bool> Connection::DrainBody() {
  const auto end =
      SteadyClock::now() + std::min(shared_.options.body_timeout, std::chrono::milliseconds(5'000));
  const auto scratch = std::make_unique_for_overwrite<char[]>(kFirstStepBytes);
  uint64_t dropped = 0;
  StartPace();
  while (!body_done_ && dropped <= kDrainBytesMax && SteadyClock::now() < end) {
    size_t n = 0;
    const Read read = co_await ReadBody(scratch.get(), kFirstStepBytes, n);
    if (read != Read::kOk && read != Read::kEnd) co_return false;
    dropped += n;
  }
  co_return body_done_;
}

Response Connection::BodyFailed(Read why, const ApiStyle& style, const Route& route) {
  if (why == Read::kBusy) return Busy(style, "the memory for request bodies is in use; try again");
  Error error = MakeError(ErrorKind::kCancelled, "the client went away");
  if (why == Read::kTooLarge) {
    error = BodyTooLarge(route.body_bytes_max);
  } else if (why == Read::kTimeout) {
    error =
        MakeError(ErrorKind::kTimeout, "the request body arrived too slowly", "http.body_timeout");
  } else if (why == Read::kMalformed) {
    error =
        MakeError(ErrorKind::kInvalid, "the chunked request body is malformed", "http.malformed");
  } else {
    cut_ = true;
  }
  Response out = RenderError(style, error, request_);
  out.close = true;
  return out;
}

Task<void> Connection::StreamRequest(const Router::Match& match, const Route& route,
                                     Response& out) {
  const StreamHandler& handler = std::get<StreamHandler>(route.handler);
  const Router& router = shared_.router;
  Result<std::unique_ptr<BodySink>> opened = MakeError(ErrorKind::kInternal, "not run");
  const bool ran = co_await OnPool(shared_.pool, false, [&] {
    const Result<void> allowed = router.Authorize(request_, route);
    opened = allowed.ok() ? OpenSink(handler, request_)
                          : Result<std::unique_ptr<BodySink>>(allowed.error());
  });
  if (!ran) {
    out = Busy(*match.style, "too many requests are waiting; try again");
    co_return;
  }
  if (!opened.ok()) {
    out = RenderError(*match.style, opened.error(), request_);
    co_return;
  }
  std::unique_ptr<BodySink> sink = std::move(opened).take();
  co_await PumpBody(*match.style, route, sink, out);
  if (sink) {
    co_await OnPool(shared_.pool, true, [&] { sink.reset(); });
  }
}

// Of the I/O thread, but for `result` while `running`.
struct Connection::Writing {
  Timer done;
  bool running = false;
  Result<void> result;
};

void Connection::StartWrite(BodySink& sink, std::string_view bytes,
                            std::shared_ptr<Writing> state) {
  struct Job final : PoolJob {
    Job(BodySink& s, std::string_view b, std::shared_ptr<Writing> w, Executor e)
        : sink(s), bytes(b), writing(std::move(w)), executor(e) {}
    void Run() override {
      writing->result = WriteToSink(sink, bytes);
      asio::post(executor, [writing = std::move(writing)] {
        writing->running = false;
        writing->done.cancel();
      });
    }
    BodySink& sink;
    std::string_view bytes;
    std::shared_ptr<Writing> writing;
    Executor executor;
  };
  state->running = true;
  state->done.expires_at(SteadyClock::time_point::max());
  std::unique_ptr<PoolJob> job =
      std::make_unique<Job>(sink, bytes, std::move(state), socket_.get_executor());
  shared_.pool.Submit(job, true);
}

// Reads one piece while the other is written. Clears `sink` where Finish was called.
Task<void> Connection::PumpBody(const ApiStyle& style, const Route& route,
                                std::unique_ptr<BodySink>& sink, Response& out) {
  if (continue_owed_ && buffered() == 0) {
    const bool sent = co_await SendContinue();
    if (!sent) {
      out = BodyFailed(Read::kClosed, style, route);
      co_return;
    }
  }
  continue_owed_ = false;
  Reserved reserved(shared_.budget);
  Piece reading;
  Piece writing;
  const auto capacity = static_cast<size_t>(
      chunked_ ? kPieceBytes : std::max<uint64_t>(1, std::min<uint64_t>(kPieceBytes, body_left_)));
  const bool held = co_await Take(shared_.budget.Clamp(capacity), reserved);
  if (!held) {
    out = BodyFailed(Read::kBusy, style, route);
    co_return;
  }
  reading.bytes = std::make_unique_for_overwrite<char[]>(capacity);
  reading.capacity = capacity;

  auto state = std::make_shared<Writing>(Writing{Timer(socket_.get_executor())});
  Error failed;
  bool ok = true;
  Read read = Read::kOk;
  while (true) {
    read = co_await FillPiece(reading);
    while (state->running) {
      auto [ignored] = co_await state->done.async_wait(kAwait);
      (void)ignored;
    }
    ok = state->result.ok();
    if (!ok) break;
    if (body_bytes_ > route.body_bytes_max) read = Read::kTooLarge;
    if (read == Read::kEnd || read == Read::kTooLarge) break;
    if (reading.size > 0) {
      if (!writing.bytes && read == Read::kOk) {
        // The second piece is a help, not a need: never waited for.
        if (shared_.budget.TryTake(capacity)) {
          reserved.Hold(capacity);
          writing.bytes = std::make_unique_for_overwrite<char[]>(capacity);
          writing.capacity = capacity;
        }
      }
      if (writing.bytes && read == Read::kOk) {
        std::swap(reading, writing);
        StartWrite(*sink, writing.View(), state);
        continue;
      }
      const std::string_view bytes = reading.View();
      co_await OnPool(shared_.pool, true, [&] { state->result = WriteToSink(*sink, bytes); });
      ok = state->result.ok();
      if (!ok) break;
    }
    if (read != Read::kOk) break;
  }
  if (!ok) {
    out = RenderError(style, state->result.error(), request_);
    co_return;
  }
  if (read != Read::kEnd) {
    out = BodyFailed(read, style, route);
    co_return;
  }
  Result<Response> answer = MakeError(ErrorKind::kInternal, "not run");
  const std::string_view last = reading.View();
  co_await OnPool(shared_.pool, true, [&] {
    Result<void> written;
    if (!last.empty()) written = WriteToSink(*sink, last);
    answer = written.ok() ? FinishSink(*sink) : Result<Response>(written.error());
    sink.reset();
  });
  if (answer.ok()) {
    out = std::move(answer).take();
  } else {
    out = RenderError(style, answer.error(), request_);
  }
}

}  // namespace caudal::http
