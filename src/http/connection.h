// One client connection: a coroutine on its I/O thread that reads requests one after the other,
// runs their handlers and sends the answers. Internal to http. All members are of the I/O thread;
// pool jobs touch only what they were given.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "http/dispatch.h"
#include "http/io_thread.h"
#include "http/on_pool.h"
#include "http/request_parser.h"

namespace caudal::http {

class Connection {
 public:
  Connection(IoThread& io, Socket socket, std::string peer, Link link);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the client goes, an error, or the server stops.
  static Task<void> Serve(std::unique_ptr<Connection> connection);

  void ExpireAt(SteadyClock::time_point now);  // ends the wait whose deadline passed
  void CloseIfIdle();
  void Cut();

 private:
  enum class Read : uint8_t { kOk, kEnd, kClosed, kTimeout, kMalformed, kTooLarge, kBusy };
  static constexpr size_t kPieceBytes = 1u << 20;
  static constexpr uint64_t kDrainBytesMax = 1u << 20;

  struct Writing;  // a piece on its way into the sink
  // A request body's memory, counted in the budget.
  class Reserved {
   public:
    explicit Reserved(BodyBudget& budget) : budget_(budget) {}
    ~Reserved() { Release(); }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    void Hold(uint64_t bytes) { bytes_ += bytes; }
    uint64_t bytes() const { return bytes_; }
    void Release() {
      if (bytes_ > 0) budget_.Give(std::exchange(bytes_, 0));
    }

   private:
    BodyBudget& budget_;
    uint64_t bytes_ = 0;
  };
  struct Piece {
    std::unique_ptr<char[]> bytes;
    size_t capacity = 0;
    size_t size = 0;
    std::string_view View() const { return {bytes.get(), size}; }
  };

  // connection.cc: the loop, heads, routing.
  Task<void> Loop();
  Task<Read> ReadHead();
  Read ParseHead();
  std::optional<Response> CheckHead();
  Task<void> Answer();
  Task<void> RunRoute(const Router::Match& match, const Route& route, Response& out);
  Task<void> AwaitAnswer(const ApiStyle& style, Response& out);
  Task<void> LeaveGently();
  void StartRequest();
  void NoteResponse(const Response& response);
  Response Busy(const ApiStyle& style, std::string message);

  // connection_body.cc: request bodies.
  bool BodyIsBuffered() const;
  Task<Read> ReadBody(char* out, size_t capacity, size_t& n);
  Task<Read> ReadChunked(char* out, size_t capacity, size_t& n);
  Task<Read> FillPiece(Piece& piece);
  Task<Read> ReadWhole(uint64_t bytes_max, Reserved& reserved);
  Task<void> StreamRequest(const Router::Match& match, const Route& route, Response& out);
  Task<void> PumpBody(const ApiStyle& style, const Route& route, std::unique_ptr<BodySink>& sink,
                      Response& out);
  void StartWrite(BodySink& sink, std::string_view bytes, std::shared_ptr<Writing> state);
  Task<bool> Take(uint64_t bytes, Reserved& reserved);
  Task<bool> SendContinue();
  Task<bool> DrainBody();
  Response BodyFailed(Read why, const ApiStyle& style, const Route& route);

  // connection_send.cc: answers.
  Task<bool> Send(Response& response);
  Task<bool> SendFileBody(const FileBody& file);
  Task<bool> SendStream(StreamBody& stream, Framing framing);
  Task<bool> PullStream(StreamBody& stream, Framing framing);
  Task<bool> WaitWhileConnected(int wait_ms, Waker* waker);
  Task<bool> WriteAll(std::string_view bytes, bool more = false);
  Task<bool> WaitWritable();
  bool ClientLeft();

  // Reads what is there into the input buffer; false: closed or timed out.
  Task<Read> Fill(size_t capacity_min);
  Task<Read> Receive(char* out, size_t capacity, size_t& n);
  void MakeRoom(size_t capacity_min);
  size_t buffered() const { return in_end_ - in_begin_; }

  void SetDeadline(std::chrono::milliseconds after);
  void ClearDeadline() { deadline_ = SteadyClock::time_point::max(); }
  // Starts, and checks, the time over which a body's speed is measured.
  void StartPace();
  bool TooSlow(size_t bytes);

  IoThread& io_;
  Shared& shared_;
  Socket socket_;
  Timer timer_;
  std::string peer_;
  const Link link_;
  std::list<Connection*>::iterator place_;

  std::unique_ptr<char[]> in_;
  size_t in_capacity_ = 0;
  size_t in_begin_ = 0;
  size_t in_end_ = 0;
  size_t head_bytes_ = 0;
  std::string out_;

  std::optional<RequestParser> parser_;
  Request request_;
  bool http11_ = true;
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool chunked_ = false;
  bool body_done_ = true;
  bool continue_owed_ = false;
  uint64_t body_left_ = 0;
  uint64_t body_bytes_ = 0;

  bool idle_ = true;
  bool expired_ = false;
  bool cut_ = false;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  SteadyClock::time_point pace_start_;
  uint64_t pace_bytes_ = 0;
  SteadyClock::time_point request_start_;
};

}  // namespace caudal::http
