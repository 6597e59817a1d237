// The stream of a source, into batches that are landed.
#include <algorithm>
#include <variant>

#include "capture/postgres/run/capture_session.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How soon Stop is noticed while nothing comes.
constexpr milliseconds kGlance{250};
// While more rows a second come than that, a pause follows each landing, so many times as long.
constexpr int64_t kManyRows = 100;
constexpr int kPause = 8;

// Whether it tells of a transaction that was committed there or later.
bool IsBeyond(const caudal::postgres::Message& message, Lsn limit) {
  if (const auto* begin = std::get_if<caudal::postgres::Begin>(&message))
    return begin->commit_lsn >= limit;
  const auto* commit = std::get_if<caudal::postgres::StreamCommit>(&message);
  return commit != nullptr && commit->commit_lsn >= limit;
}

// Of a transaction, or of a part of one that is in progress.
bool IsEnd(const caudal::postgres::Message& message) {
  return std::holds_alternative<caudal::postgres::Commit>(message) ||
         std::holds_alternative<caudal::postgres::StreamCommit>(message) ||
         std::holds_alternative<caudal::postgres::StreamStop>(message);
}

}  // namespace

Result<void> SourceCapture::Land(Session& session) {
  const std::optional<Lsn> end = session.collector->whole_up_to();
  if (!end) return {};
  const auto begun = steady_clock::now();
  const std::chrono::duration<double> gathered = begun - session.landed_at;
  const bool many = static_cast<double>(session.collector->rows()) >
                    gathered.count() * static_cast<double>(kManyRows);
  const std::optional<LandedChanges> landed = TRY(session.collector->Land());
  if (!landed) return Advance(session, *end);
  session.landed_at = steady_clock::now();
  session.pause = many ? std::min<steady_clock::duration>(kPause * (session.landed_at - begun),
                                                          limits_.batch_interval)
                       : steady_clock::duration::zero();
  session.stream->Acknowledge(*end);
  // First who applies it: what is landed counts as visible while nothing waits to be applied.
  parts_.landed(*landed);
  Show([&](CaptureStatus& status) {
    status.landed = *end;
    status.Count(*landed);
  });
  return {};
}

// There was nothing to land before it. The source is told now and then: what it isn't told of, it
// sends again.
Result<void> SourceCapture::Advance(Session& session, Lsn position) {
  if (position <= session.stream->acknowledged()) return {};
  Show([&](CaptureStatus& status) { status.landed = std::max(status.landed, position); });
  const auto now = steady_clock::now();
  if (now - session.advanced_at < options_.heartbeat) return {};
  session.advanced_at = now;
  TRY(parts_.database.Write(
      [&](meta::Tx& tx) { return Ledger::Advance(tx, options_.name, position.value); }));
  session.stream->Acknowledge(position);
  return {};
}

// New tables, and what the slot keeps.
Result<void> SourceCapture::LookAround(Session& session) {
  const auto now = steady_clock::now();
  const bool asked = read_tables_.exchange(false);
  if (!asked && now - session.looked_at < limits_.catalog_interval) return {};
  session.looked_at = now;
  std::string relations = TRY(RelationsMark(*session.connection));
  if (relations != session.relations) TRY(session.tables->Refresh());
  session.relations = std::move(relations);
  if (asked) TRY(session.tables->Reload());
  return LookAtSlot(*session.connection);
}

Result<void> SourceCapture::Stream(Session& session, std::optional<Lsn> limit) {
  const SourceProgress progress = TRY(parts_.ledger.NeedProgressOf(options_.name));
  StreamOptions stream_options;
  stream_options.connection = options_.connection;
  stream_options.slot = options_.slot;
  stream_options.publication = options_.publication;
  stream_options.start = {progress.resume_at};
  session.stream = TRY(ReplicationStream::Start(stream_options));
  ChangeCollector::Options collector_options;
  collector_options.source = options_.name;
  collector_options.epoch = session.epoch;
  collector_options.landed = progress.landed;
  collector_options.memory = limits_.memory;
  collector_options.streamed_memory = limits_.streamed_memory;
  session.collector = std::make_unique<ChangeCollector>(std::move(collector_options),
                                                        parts_.landing, *session.tables);
  struct End {
    SourceCapture& capture;
    Session& session;
    ~End() {
      session.collector.reset();
      session.stream.reset();
      capture.Show([](CaptureStatus& status) { status.streamed_bytes = 0; });
    }
  } end{*this, session};
  if (!limit) SetState(CaptureState::kStreaming);
  ReplicationStream& stream = *session.stream;
  ChangeCollector& collector = *session.collector;

  // When what is whole is to be landed.
  const auto due = [&] { return session.landed_at + session.pause; };
  auto shown_at = steady_clock::now();
  while (!stopping()) {
    auto now = steady_clock::now();
    const bool whole = collector.whole_up_to().has_value() && !collector.in_transaction();
    const auto deadline = whole ? std::min(due(), now + kGlance) : now + kGlance;
    const auto message = TRY(stream.Next(deadline));
    if (message) {
      if (limit && IsBeyond(*message, *limit)) return Land(session);
      TRY(collector.Take(*message, stream.bytes()));
      if (!IsEnd(*message)) continue;
      while (collector.replaying() && !stopping()) {
        TRY(collector.Replay());
        TRY(stream.KeepAlive());
      }
    }
    now = steady_clock::now();
    if (collector.in_transaction()) continue;
    if (collector.whole_up_to()) {
      const bool full =
          collector.rows() >= limits_.batch_rows || collector.bytes() >= limits_.batch_bytes;
      if (full || now >= due()) TRY(Land(session));
    }
    if (cut_wanted_ && !limit) return Land(session);
    if (message && now - shown_at < kGlance) continue;
    shown_at = now;
    Show([&](CaptureStatus& status) {
      status.server_end = std::max(status.server_end, stream.server_end());
      status.streamed_bytes = collector.streamed_bytes();
    });
    if (collector.whole_up_to()) continue;
    if (limit) {
      if (stream.sent_up_to() >= *limit) return {};
      continue;
    }
    if (!message) TRY(Advance(session, stream.sent_up_to()));
    TRY(LookAround(session));
    if (session.tables->has_unread()) return Land(session);
  }
  return {};
}

}  // namespace caudal::capture::postgres
