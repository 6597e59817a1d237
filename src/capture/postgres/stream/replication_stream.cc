#include "capture/postgres/stream/replication_stream.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "capture/postgres/pattern.h"
#include "codec/postgres/replication.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Keepalive;
using caudal::postgres::Lsn;
using caudal::postgres::Message;
using caudal::postgres::XLogData;

// As replication commands take it, which know no E form: a backslash is a character.
std::string CommandText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

constexpr int kStreamingSince = 140000;

std::string StartSql(const StreamOptions& options, int server_version) {
  const bool streaming = options.streaming && server_version >= kStreamingSince;
  return "START_REPLICATION SLOT " + QuoteName(options.slot) + " LOGICAL " + options.start.Text() +
         (streaming ? " (proto_version '2', streaming 'on'" : " (proto_version '1'") +
         ", publication_names " + CommandText(QuoteName(options.publication)) + ")";
}

}  // namespace

Result<std::unique_ptr<ReplicationStream>> ReplicationStream::Start(const StreamOptions& options) {
  std::unique_ptr<ReplicationStream> stream(new ReplicationStream(options));
  stream->connection_ = TRY(Connection::Connect(options.connection, Purpose::kReplication));
  Result<void> started =
      stream->connection_->StartCopy(StartSql(options, stream->connection_->server_version()));
  if (!started.ok()) {
    if (started.error().code == "postgres.42704")
      return MakeError(ErrorKind::kNotFound,
                       "the source has no replication slot " + QuoteName(options.slot) +
                           ": changes since it was there may be lost. Read the source's tables "
                           "anew",
                       "postgres.no_slot");
    return std::move(started).error();
  }
  stream->acknowledged_ = options.start;
  stream->received_ = options.start;
  stream->sent_up_to_ = options.start;
  stream->status_sent_ = std::chrono::steady_clock::now();
  stream->heard_ = stream->status_sent_;
  return stream;
}

void ReplicationStream::Acknowledge(Lsn position) {
  if (position <= acknowledged_) return;
  acknowledged_ = position;
  status_wanted_ = true;
}

bool ReplicationStream::StatusIsDue() const {
  return status_wanted_ ||
         std::chrono::steady_clock::now() - status_sent_ >= options_.status_interval;
}

Result<void> ReplicationStream::SendStatus(bool ask) {
  caudal::postgres::StandbyStatus status;
  status.written = std::max(received_, acknowledged_);
  status.flushed = acknowledged_;
  status.applied = acknowledged_;
  status.sent_at = SystemClock().Now();
  status.reply_requested = ask;
  const auto bytes = EncodeStandbyStatus(status);
  TRY(connection_->Send({bytes.data(), bytes.size()}));
  status_wanted_ = false;
  status_sent_ = std::chrono::steady_clock::now();
  return {};
}

Result<void> ReplicationStream::KeepAlive() {
  if (!StatusIsDue()) return {};
  return SendStatus();
}

// The socket isn't read as soon as it has something, but a moment later: a server that is woken for
// each message sends half as many.
Result<Received> ReplicationStream::Receive(Connection::Deadline deadline) {
  // What is left of a record of TLS isn't in the socket.
  const bool late = options_.nap.count() > 0 && !connection_->tls();
  Received received = TRY(connection_->TryReceive(frame_, !late));
  while (received == Received::kNothingYet) {
    TRY(KeepAlive());
    const auto now = std::chrono::steady_clock::now();
    TRY(CheckSilence(now));
    if (now >= deadline) {
      if (late) received = TRY(connection_->TryReceive(frame_));
      if (received == Received::kNothingYet) return received;
      break;
    }
    const auto until = std::min(deadline, status_sent_ + options_.status_interval);
    if (late) {
      if (!TRY(connection_->WaitForInput(until))) continue;
      std::this_thread::sleep_for(options_.nap);
      received = TRY(connection_->TryReceive(frame_));
    } else {
      received = TRY(connection_->Receive(frame_, until));
    }
  }
  heard_ = std::chrono::steady_clock::now();
  asked_ = false;
  return received;
}

// Nothing had come when this was called. Of a connection that went away without a word nothing else
// tells.
Result<void> ReplicationStream::CheckSilence(std::chrono::steady_clock::time_point now) {
  if (now - heard_ < options_.silence / 2) return {};
  if (asked_)
    return MakeError(ErrorKind::kUnavailable, "the source doesn't answer any more",
                     "postgres.connection");
  asked_ = true;
  heard_ = now;
  return SendStatus(true);
}

Result<std::optional<Message>> ReplicationStream::Next(Connection::Deadline deadline) {
  while (true) {
    const Received received = TRY(Receive(deadline));
    if (received == Received::kNothingYet) return std::optional<Message>();
    if (received == Received::kEnd)
      return MakeError(ErrorKind::kUnavailable, "the source ended the stream",
                       "postgres.connection");
    const auto frame = TRY(caudal::postgres::ParseReplicationFrame(frame_.bytes()));
    if (const auto* keepalive = std::get_if<Keepalive>(&frame)) {
      server_end_ = std::max(server_end_, keepalive->end);
      sent_up_to_ = std::max(sent_up_to_, keepalive->end);
      sent_at_ = keepalive->sent_at;
      if (keepalive->reply_requested) TRY(SendStatus());
      continue;
    }
    const XLogData& data = std::get<XLogData>(frame);
    received_ = std::max(received_, data.start);
    server_end_ = std::max(server_end_, data.end);
    sent_at_ = data.sent_at;
    TRY(KeepAlive());
    bytes_ = data.data;
    const Message message = TRY(parser_.Parse(bytes_));
    return std::optional(message);
  }
}

}  // namespace caudal::capture::postgres
