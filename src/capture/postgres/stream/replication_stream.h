// The changes of a slot, as messages of pgoutput, from a position on.
//
//   auto stream = TRY(ReplicationStream::Start(options));
//   while (const auto message = TRY(stream->Next(deadline))) ...
//   stream->Acknowledge(end_of_what_is_landed);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "codec/postgres/lsn.h"
#include "codec/postgres/pgoutput.h"

namespace caudal::capture::postgres {

struct StreamOptions {
  ConnectionOptions connection;
  std::string slot;
  std::string publication;
  // Transactions that end before it aren't sent; nor are those that the slot has let go of.
  caudal::postgres::Lsn start;
  // How often the server is told that we are there; it ends connections that are silent for its
  // wal_sender_timeout.
  std::chrono::milliseconds status_interval{1'000};
  // A server that is silent for half of it is asked for an answer; one that is for all of it is
  // gone: kUnavailable.
  std::chrono::milliseconds silence{30'000};
  // Between the socket's first byte and the read: a server that is woken for each message sends
  // half as many.
  std::chrono::microseconds nap{300};
  // Large transactions come while they run, in blocks, where the server can (version 14).
  bool streaming = true;
};

// One thread at a time. Errors are the connection's; besides, kNotFound ("postgres.no_slot"), and
// kCorrupt for what isn't pgoutput. After one, start another.
class ReplicationStream {
 public:
  static Result<std::unique_ptr<ReplicationStream>> Start(const StreamOptions& options);

  // The next message; its views live until the next call. Nothing when `deadline` passes first:
  // with one that has passed, there is nothing more at the moment. Answers the server meanwhile.
  Result<std::optional<caudal::postgres::Message>> Next(Connection::Deadline deadline);
  // Of the last message, as it came.
  std::string_view bytes() const { return bytes_; }
  // For who does something else for long: tells the server that we are there, when it is time.
  Result<void> KeepAlive();

  // All before `position` is safe on this side: the server is told with the next status, which goes
  // out at the next call that may send. Never goes back.
  void Acknowledge(caudal::postgres::Lsn position);
  caudal::postgres::Lsn acknowledged() const { return acknowledged_; }

  // The end of the server's log, as far as it said.
  caudal::postgres::Lsn server_end() const { return server_end_; }
  // As of the last message, the server had nothing before this position to send that it hasn't
  // sent: outside of a transaction it may be acknowledged when all before is safe.
  caudal::postgres::Lsn sent_up_to() const { return sent_up_to_; }
  // By the server's clock, when it sent what came last.
  Micros sent_at() const { return sent_at_; }

 private:
  explicit ReplicationStream(const StreamOptions& options) : options_(options) {}
  Result<Received> Receive(Connection::Deadline deadline);
  Result<void> SendStatus(bool ask = false);
  Result<void> CheckSilence(std::chrono::steady_clock::time_point now);
  bool StatusIsDue() const;

  const StreamOptions options_;
  std::unique_ptr<Connection> connection_;
  caudal::postgres::MessageParser parser_;
  CopyData frame_;
  std::string_view bytes_;  // in the frame
  caudal::postgres::Lsn received_;
  caudal::postgres::Lsn sent_up_to_;
  caudal::postgres::Lsn server_end_;
  caudal::postgres::Lsn acknowledged_;
  bool status_wanted_ = false;
  Micros sent_at_ = 0;
  std::chrono::steady_clock::time_point status_sent_;
  std::chrono::steady_clock::time_point heard_;  // that, or when it was asked for an answer
  bool asked_ = false;
};

}  // namespace caudal::capture::postgres
