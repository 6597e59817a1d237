// How a connection sends its answers.
#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>

#include "base/log.h"
#include "http/connection.h"
#include "os/file.h"

namespace caudal::http {
namespace {

constexpr size_t kCopiedBytesMax = 16u << 10;  // a body up to here joins its head in one buffer
constexpr size_t kSendFileStep = 2u << 20;     // then the other connections have a turn
constexpr int kWaitStep_ms = 50;               // how soon a departed client is noticed

}  // namespace

// True when the socket can take more; false when the client is gone or reads too slowly.
Task<bool> Connection::WaitWritable() {
  if (cut_) co_return false;
  SetDeadline(shared_.options.body_timeout);
  auto [error] = co_await socket_.async_wait(Socket::wait_write, kAwait);
  ClearDeadline();
  co_return !error && !expired_ && !cut_;
}

Task<bool> Connection::WriteAll(std::string_view bytes, bool more) {
  const int flags = more ? MSG_MORE : 0;
  StartPace();
  while (!bytes.empty()) {
    if (cut_) co_return false;
    ErrorCode error;
    const size_t n = socket_.send(asio::buffer(bytes.data(), bytes.size()), flags, error);
    if (!error) {
      bytes.remove_prefix(n);
      Counters::Add(io_.counters().bytes_out, n);
      if (TooSlow(n)) co_return false;
      continue;
    }
    if (error == asio::error::interrupted) continue;
    if (error != asio::error::would_block && error != asio::error::try_again) co_return false;
    const bool writable = co_await WaitWritable();
    if (!writable) co_return false;
  }
  co_return true;
}

Task<bool> Connection::Send(Response& response) {
  if (head_request_) DropBodyForHead(response);
  const HeadContext context{http11_, !keep_alive_, head_request_, io_.Date()};
  const Framing framing = FramingOf(response, context);
  if (framing == Framing::kUntilClose) keep_alive_ = false;
  out_.clear();
  AppendHead(out_, response, context);
  const bool with_body = !head_request_ && framing != Framing::kNone;
  if (auto* text = std::get_if<std::string>(&response.body)) {
    const bool joined = with_body && text->size() <= kCopiedBytesMax;
    if (joined) out_ += *text;
    const bool body_follows = with_body && !joined;
    bool sent = co_await WriteAll(out_, body_follows);
    if (sent && body_follows) sent = co_await WriteAll(*text);
    co_return sent;
  }
  if (auto* file = std::get_if<FileBody>(&response.body)) {
    const bool body_follows = with_body && file->length > 0;
    bool sent = co_await WriteAll(out_, body_follows);
    if (sent && body_follows) sent = co_await SendFileBody(*file);
    co_return sent;
  }
  auto& stream = std::get<StreamBody>(response.body);
  bool sent = co_await WriteAll(out_);
  if (sent && with_body) sent = co_await SendStream(stream, framing);
  co_return sent;
}

Task<bool> Connection::SendFileBody(const FileBody& file) {
  uint64_t offset = file.offset;
  uint64_t left = file.length;
  StartPace();
  while (left > 0) {
    if (cut_) co_return false;
    const auto step = static_cast<size_t>(std::min<uint64_t>(left, kSendFileStep));
    const Result<size_t> sent = os::SendFile(socket_.native_handle(), *file.file, offset, step);
    if (!sent.ok()) {
      if (sent.error().Is(ErrorKind::kCorrupt)) {
        LogError("file body cut", {{"path", request_.path}, {"cause", sent.error().message}});
      }
      co_return false;
    }
    offset += *sent;
    left -= *sent;
    Counters::Add(io_.counters().bytes_out, *sent);
    if (*sent == step && left > 0) {
      co_await asio::post(socket_.get_executor(), asio::use_awaitable_t<Executor>{});
    } else if (*sent == 0) {
      const bool writable = co_await WaitWritable();
      if (!writable) co_return false;
    } else if (TooSlow(*sent)) {
      co_return false;
    }
  }
  co_return true;
}

Task<bool> Connection::SendStream(StreamBody& stream, Framing framing) {
  const bool sent = co_await PullStream(stream, framing);
  // What the stream holds may wait for a lock or a disk as it goes.
  co_await OnPool(shared_.pool, true, [&] { stream.next = nullptr; });
  co_return sent;
}

Task<bool> Connection::PullStream(StreamBody& stream, Framing framing) {
  const bool chunked = framing == Framing::kChunked;
  while (!cut_) {
    Result<StreamBody::Piece> piece = MakeError(ErrorKind::kInternal, "not run");
    co_await OnPool(shared_.pool, true, [&] { piece = NextPiece(stream); });
    if (!piece.ok()) {
      LogWarning("stream body cut", {{"path", request_.path}, {"cause", piece.error().message}});
      co_return false;
    }
    const std::string& bytes = piece->bytes;
    if (!bytes.empty()) {
      if (chunked) {
        const std::string size = fmt::format("{:x}\r\n", bytes.size());
        const bool sent = co_await WriteAll(size, true);
        if (!sent) co_return false;
      }
      const bool sent = co_await WriteAll(bytes, chunked);
      if (!sent) co_return false;
    }
    if (chunked && (piece->last || !bytes.empty())) {
      std::string_view end = bytes.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
      if (!piece->last) end = "\r\n";
      const bool sent = co_await WriteAll(end);
      if (!sent) co_return false;
    }
    if (piece->last) co_return true;
    if (ClientLeft()) co_return false;
    if (piece->wait_ms > 0) {
      const bool here = co_await WaitWhileConnected(piece->wait_ms, stream.waker.get());
      if (!here) co_return false;
    }
  }
  co_return false;
}

// A stream that waits has no end in sight: a server that stops cuts it, without the last chunk, so
// that the client doesn't take it for whole.
Task<bool> Connection::WaitWhileConnected(int wait_ms, Waker* waker) {
  // Of this thread; a wake that was posted may come when the wait is over.
  struct Wait {
    Timer* timer;
    bool woken = false;
  };
  const auto wait = std::make_shared<Wait>(Wait{&timer_});
  const auto wake = [wait, executor = io_.context().get_executor()] {
    asio::post(executor, [wait] {
      wait->woken = true;
      if (wait->timer != nullptr) wait->timer->cancel();
    });
  };
  if (waker != nullptr && !waker->Arm(wake)) co_return !cut_ && !ClientLeft();
  bool here = true;
  while (here && wait_ms > 0 && !wait->woken) {
    if (shared_.stopping.load(std::memory_order_relaxed)) {
      here = false;
      break;
    }
    const int step_ms = std::min(wait_ms, kWaitStep_ms);
    timer_.expires_after(std::chrono::milliseconds(step_ms));
    auto [ignored] = co_await timer_.async_wait(kAwait);
    (void)ignored;
    here = !cut_ && !ClientLeft();
    wait_ms -= step_ms;
  }
  wait->timer = nullptr;
  if (waker != nullptr) waker->Disarm();
  co_return here;
}

bool Connection::ClientLeft() {
  char byte = 0;
  ErrorCode error;
  const size_t n = socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
  if (!error) return n == 0;
  return error != asio::error::would_block && error != asio::error::try_again &&
         error != asio::error::interrupted;
}

}  // namespace caudal::http
