#include "capture/postgres/run/source_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/failpoint.h"
#include "base/log.h"
#include "capture/postgres/publication.h"
#include "capture/postgres/run/table_reading.h"
#include "capture/postgres/slot.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "capture/postgres/stream/replication_stream.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// How soon Stop is noticed while nothing comes.
constexpr milliseconds kGlance{250};
// Between looks at the slot of a source that is stopped.
constexpr milliseconds kGuardInterval{30'000};
// A new slot waits for the transactions that are running in the source.
constexpr seconds kSlotWait{600};
// The same, while nothing is read from the stream.
constexpr seconds kCutWait{10};
// While more rows a second come than that, a pause follows each landing, so many times as long.
constexpr int64_t kManyRows = 100;
constexpr int kPause = 8;

std::string IdentityOf(const SystemIdentity& identity, const std::string& slot) {
  return fmt::format("{}/{}/{}", identity.system_id, identity.timeline, slot);
}

void Count(const LandedChanges& landed, CaptureStatus& status) {
  ++status.batches;
  for (const WrittenChanges& file : landed.files) {
    status.rows += file.landed.rows;
    status.bytes += file.landed.bytes;
  }
}

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

// Another text when tables were made or dropped.
Result<std::string> RelationsMark(Connection& connection) {
  const Rows rows =
      TRY(connection.Query("SELECT count(*) || ' ' || coalesce(max(oid::bigint), 0) FROM "
                           "pg_catalog.pg_class WHERE relkind IN ('r', 'p')"));
  return std::string(rows.Text(0, 0));
}

// What to do about an error that doesn't pass by itself.
std::string RemedyOf(const Error& error, const std::string& source) {
  static constexpr std::array<std::string_view, 6> kReadAnew = {
      "postgres.no_slot",        "postgres.slot_moved", "postgres.slot_lost",
      "postgres.another_system", "postgres.behind",     "postgres.slot_guard"};
  if (std::ranges::find(kReadAnew, error.code) != kReadAnew.end())
    return fmt::format(
        "caudal sources resnapshot {} --all reads its tables anew; changes that "
        "weren't landed are in them, but not in the history",
        source);
  return fmt::format("mend the cause, then: caudal sources restart {}", source);
}

}  // namespace

std::string_view NameOf(CaptureState state) {
  switch (state) {
    case CaptureState::kStarting:
      return "starting";
    case CaptureState::kSnapshot:
      return "snapshot";
    case CaptureState::kStreaming:
      return "streaming";
    case CaptureState::kRetrying:
      return "retrying";
    case CaptureState::kStopped:
      return "stopped";
  }
  return "";
}

// One connection to the source, until the first error.
struct SourceCapture::Session {
  std::unique_ptr<Connection> connection;
  SystemIdentity identity;
  uint32_t epoch = 0;
  std::unique_ptr<SourceTables> tables;
  // A snapshot that came with the slot lives as long as the connection that made it.
  std::unique_ptr<Connection> slot_maker;
  std::optional<CreatedSlot> made_slot;

  std::unique_ptr<ReplicationStream> stream;
  std::unique_ptr<ChangeCollector> collector;
  steady_clock::time_point landed_at;  // the end of the last landing
  steady_clock::duration pause{};      // before the next one
  steady_clock::time_point advanced_at;
  steady_clock::time_point looked_at = steady_clock::now();
  std::string relations;  // RelationsMark's, when the catalogue was read
};

// One that somebody waits for.
struct SourceCapture::Cut {
  const std::function<Result<void>(const SnapshotPoint&)>& task;
  bool begun = false;
  std::optional<Result<void>> result;
};

struct SourceCapture::MadeCut {
  std::unique_ptr<Connection> maker;  // whose snapshot it is
  SnapshotPoint point;
};

SourceCapture::SourceCapture(SourceOptions options, CaptureLimits limits, Parts parts)
    : options_(std::move(options)), limits_(limits), parts_(std::move(parts)) {}
SourceCapture::~SourceCapture() = default;

void SourceCapture::SetState(CaptureState state) {
  Show([&](CaptureStatus& status) {
    status.state = state;
    if (state == CaptureState::kStreaming || state == CaptureState::kSnapshot) {
      status.error.reset();
      status.remedy.clear();
      status.retries = 0;
    }
    if (state != CaptureState::kSnapshot) status.reading.reset();
  });
}

CaptureStatus SourceCapture::status() const {
  MutexLock lock(mutex_);
  CaptureStatus status = status_;
  if (reader_ != nullptr) {
    const SnapshotProgress progress = reader_->progress();
    CaptureStatus::Reading reading{progress.chunks, progress.chunks_read, progress.rows, {}};
    if (progress.left) reading.seconds_left = progress.left->count();
    status.reading = reading;
  }
  return status;
}

void SourceCapture::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  if (reader_ != nullptr) reader_->Cancel();
  if (waiting_ != nullptr) (void)waiting_->Cancel().ok();
  wake_.NotifyAll();
  cut_done_.NotifyAll();
}

void SourceCapture::Restart() {
  MutexLock lock(mutex_);
  again_ = true;
  wake_.NotifyAll();
}

void SourceCapture::ReadTables() {
  read_tables_ = true;
  Restart();
}

void SourceCapture::Failed(const Error& error, bool retry) {
  std::string remedy = retry ? "" : RemedyOf(error, options_.name);
  MutexLock lock(mutex_);
  status_.state = retry ? CaptureState::kRetrying : CaptureState::kStopped;
  status_.reading.reset();
  status_.error = error;
  if (!retry && status_.remedy.empty()) status_.remedy = std::move(remedy);
  if (retry && status_.retries++ > 0) return;  // the first one is told
  LogWarning(retry ? "source interrupted" : "source stopped", {{"source", options_.name},
                                                               {"error", error.message},
                                                               {"code", error.code},
                                                               {"remedy", status_.remedy}});
}

// Whether it was woken before.
bool SourceCapture::WaitForNextTry(milliseconds wait) {
  MutexLock lock(mutex_);
  const auto until = steady_clock::now() + wait;
  while (!stopping_ && !again_)
    if (!wake_.WaitUntil(mutex_, until)) break;
  const bool woken = stopping_ || again_;
  again_ = false;
  return woken;
}

void SourceCapture::Run() {
  milliseconds wait = limits_.retry_min;
  while (!stopping()) {
    const auto begun = steady_clock::now();
    SetState(CaptureState::kStarting);
    const Result<void> ended = RunOnce();
    if (stopping()) break;
    if (ended.ok()) continue;
    EndCut(ended.error());
    const bool retry = RetryRuleOf(ended.error().kind).retry;
    Failed(ended.error(), retry);
    // It went well for a while.
    if (steady_clock::now() - begun > limits_.retry_max) wait = limits_.retry_min;
    if (retry) {
      WaitForNextTry(wait);
    } else {
      while (!WaitForNextTry(kGuardInterval)) GuardStopped();
    }
    wait = retry ? std::min(wait * 2, limits_.retry_max) : limits_.retry_min;
  }
  MutexLock lock(mutex_);
  status_.state = CaptureState::kStopped;
}

Result<void> SourceCapture::RunOnce() {
  Session session;
  TRY(Prepare(session));
  while (!stopping()) {
    if (session.tables->has_unread()) TRY(ReadUnread(session));
    if (stopping()) break;
    if (cut_wanted_) TRY(TakeCut(session));
    if (stopping()) break;
    Result<void> ended = Stream(session, std::nullopt);
    if (ended.ok()) continue;
    if (ended.error().code == "postgres.slot_guard")
      TRY(DropSlot(*session.connection, options_.slot));
    return ended;
  }
  return {};
}

Result<void> SourceCapture::Prepare(Session& session) {
  session.connection = TRY(Connection::Connect(options_.connection, Purpose::kNormal));
  SourceCatalog catalog = TRY(ReadCatalog(*session.connection, options_));
  TRY(PublishNewTables(*session.connection, options_, catalog));
  session.relations = TRY(RelationsMark(*session.connection));
  SourceReport report = TRY(CheckSource(options_));
  for (const Finding& finding : report.findings) {
    if (finding.severity != Severity::kError) continue;
    std::string remedy = finding.remedy;
    for (const std::string& sql : finding.sql) remedy += (remedy.empty() ? "" : ": ") + sql;
    Show([&](CaptureStatus& status) { status.remedy = std::move(remedy); });
    // A server that isn't there, or that hasn't noticed yet that an earlier connection of ours is
    // gone.
    const bool passing = finding.code.ends_with("connection") || finding.code == "slot_active";
    return MakeError(passing ? ErrorKind::kUnavailable : ErrorKind::kConflict,
                     finding.object.empty() ? finding.what : finding.object + ": " + finding.what,
                     "postgres.check." + finding.code);
  }
  Show([&](CaptureStatus& status) {
    status.remedy.clear();
    status.server_version = report.server_version;
  });
  session.identity = report.identity;
  TRY(EnsurePublication(*session.connection, options_, catalog));

  const std::optional<SlotState> slot = TRY(ReadSlot(*session.connection, options_.slot));
  const std::string identity = IdentityOf(session.identity, options_.slot);
  std::optional<SourceProgress> progress = TRY(parts_.ledger.ProgressOf(options_.name));
  // An epoch without an identity is one that was given up: the source is begun anew.
  if (!progress || progress->identity.empty()) {
    TRY(BeginSource(session, identity, slot));
  } else {
    TRY(CheckSlotFits(session, *progress, slot));
    if (progress->identity != identity) {
      // The same system behind a failover: positions go on, under another timeline.
      LogInfo("the source is on another timeline now",
              {{"source", options_.name}, {"timeline", session.identity.timeline}});
      TRY(parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
        TRY(Ledger::BeginEpoch(tx, options_.name, identity, progress->resume_at));
        return {};
      }));
    }
  }
  progress = TRY(parts_.ledger.NeedProgressOf(options_.name));
  session.epoch = progress->epoch;
  Show([&](CaptureStatus& status) {
    status.landed = {progress->resume_at};
    status.server_end = session.identity.position;
    if (slot) {
      status.retained_bytes = slot->retained_bytes;
      status.wal_status = slot->wal_status;
    }
  });
  session.tables = TRY(SourceTables::Make(
      {options_, *session.connection, parts_.ledger, parts_.database, parts_.histories},
      std::move(catalog)));
  return {};
}

Result<void> SourceCapture::BeginSource(Session& session, const std::string& identity,
                                        const std::optional<SlotState>& slot) {
  Lsn start;
  if (slot) {
    // One that was given, or of a start that was cut off: its tables are read by another one.
    start = slot->confirmed;
  } else {
    session.slot_maker = TRY(Connection::Connect(options_.connection, Purpose::kReplication));
    session.made_slot = TRY(MakeSlot(*session.slot_maker, options_.slot, false, kSlotWait));
    start = session.made_slot->consistent_point;
  }
  return parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(Ledger::BeginEpoch(tx, options_.name, identity, start.value));
    return {};
  });
}

// Waits for the source's transactions, unless Stop comes first.
Result<CreatedSlot> SourceCapture::MakeSlot(Connection& replication, const std::string& name,
                                            bool temporary, seconds wait) {
  const Canceller canceller = TRY(replication.MakeCanceller());
  {
    MutexLock lock(mutex_);
    if (stopping_) return MakeError(ErrorKind::kCancelled, "the source is being stopped");
    waiting_ = &canceller;
  }
  Result<CreatedSlot> made = CreateSlot(replication, name, temporary, steady_clock::now() + wait);
  MutexLock lock(mutex_);
  waiting_ = nullptr;
  return made;
}

Result<void> SourceCapture::CheckSlotFits(const Session& session, const SourceProgress& progress,
                                          const std::optional<SlotState>& slot) const {
  const Lsn resume{progress.resume_at};
  const std::string system = progress.identity.substr(0, progress.identity.find('/'));
  if (system != session.identity.system_id)
    return MakeError(ErrorKind::kConflict,
                     "the source is another PostgreSQL than the one that was copied so far "
                     "(another system identifier)",
                     "postgres.another_system");
  if (!slot)
    return MakeError(ErrorKind::kConflict,
                     "the source has no replication slot " + QuoteName(options_.slot) +
                         " any more: changes after " + resume.Text() + " may be missing",
                     "postgres.no_slot");
  if (slot->wal_status == "lost")
    return MakeError(ErrorKind::kConflict,
                     "the source has removed the log that the slot " + QuoteName(options_.slot) +
                         " needs (max_slot_wal_keep_size): changes after " + resume.Text() +
                         " are missing",
                     "postgres.slot_lost");
  if (slot->confirmed > resume)
    return MakeError(ErrorKind::kConflict,
                     "the slot " + QuoteName(options_.slot) + " stands at " +
                         slot->confirmed.Text() + ", and what is landed ends at " + resume.Text() +
                         ": it was made anew or used by somebody else, and changes between are "
                         "missing",
                     "postgres.slot_moved");
  if (session.identity.position < resume)
    return MakeError(ErrorKind::kConflict,
                     "the source's log ends at " + session.identity.position.Text() +
                         ", before what is landed (" + resume.Text() +
                         "): it was restored, or a standby took over that lacked changes",
                     "postgres.behind");
  return {};
}

Result<SourceCapture::MadeCut> SourceCapture::MakeCut(Session& session, seconds wait) {
  MadeCut cut;
  cut.maker = TRY(Connection::Connect(options_.connection, Purpose::kReplication));
  const std::string name =
      fmt::format("{}_t{}", options_.slot.substr(0, 48), cut.maker->server_pid());
  CreatedSlot slot = TRY(MakeSlot(*cut.maker, name, true, wait));
  cut.point = {std::move(slot.snapshot), session.epoch, slot.consistent_point};
  TRY(Stream(session, cut.point.at));
  return cut;
}

Result<void> SourceCapture::AtCut(const std::function<Result<void>(const SnapshotPoint&)>& task,
                                  const std::stop_token& stop) {
  const auto cancelled = [] {
    return MakeError(ErrorKind::kCancelled, "it was cancelled", "postgres.cut");
  };
  Cut cut{task, false, {}};
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    cut_done_.NotifyAll();
  });
  MutexLock lock(mutex_);
  if (stopping_) return cancelled();
  if (status_.state != CaptureState::kStreaming || cut_ != nullptr)
    return MakeError(ErrorKind::kUnavailable,
                     fmt::format("the source '{}' can't be looked at now: its state is {}",
                                 options_.name, cut_ != nullptr ? "busy" : NameOf(status_.state)),
                     "postgres.not_streaming");
  cut_ = &cut;
  cut_wanted_ = true;
  while (!cut.result) {
    if (!cut.begun && (stopping_ || stop.stop_requested())) {
      cut_ = nullptr;
      cut_wanted_ = false;
      return cancelled();
    }
    cut_done_.Wait(mutex_);
  }
  return *std::move(cut.result);
}

// Nobody may wait for one.
void SourceCapture::EndCut(Result<void> result) {
  MutexLock lock(mutex_);
  if (cut_ == nullptr) return;
  cut_->result = std::move(result);
  cut_ = nullptr;
  cut_wanted_ = false;
  cut_done_.NotifyAll();
}

Result<void> SourceCapture::TakeCut(Session& session) {
  Cut* cut = nullptr;
  {
    MutexLock lock(mutex_);
    cut = cut_;
    if (cut == nullptr) return {};
    cut->begun = true;
  }
  const auto begun = steady_clock::now();
  const Result<MadeCut> made = MakeCut(session, kCutWait);
  if (!made.ok()) {
    EndCut(made.error());
    // Transactions that last hinder nothing else.
    return made.error().Is(ErrorKind::kTimeout) ? Result<void>() : made.error();
  }
  if (stopping()) {
    EndCut(MakeError(ErrorKind::kCancelled, "the source is being stopped", "postgres.cut"));
    return {};
  }
  EndCut(cut->task(made->point));
  const std::chrono::duration<double> took = steady_clock::now() - begun;
  LogInfo(
      "stream of a source stood still for a snapshot",
      {{"source", options_.name}, {"position", made->point.at.Text()}, {"seconds", took.count()}});
  return {};
}

Result<void> SourceCapture::ReadUnread(Session& session) {
  MadeCut cut;
  const bool first = session.made_slot.has_value();
  if (first) {
    const CreatedSlot slot = *std::exchange(session.made_slot, std::nullopt);
    cut = {std::move(session.slot_maker), {slot.snapshot, session.epoch, slot.consistent_point}};
  } else {
    // What was committed before another snapshot is landed first.
    cut = TRY(MakeCut(session, kSlotWait));
    if (stopping()) return {};
  }
  const SnapshotPoint& point = cut.point;
  SetState(CaptureState::kSnapshot);
  TRY(session.tables->Reload());
  SnapshotReaderOptions options;
  options.source = options_;
  options.batch_bytes = limits_.batch_bytes;
  options.memory = limits_.memory;
  std::vector<SnapshotTable> tables =
      TRY(PrepareReading({options_, *session.connection, parts_.ledger, parts_.database,
                          parts_.landing, parts_.clock, parts_.landed},
                         point, *session.tables, first));
  std::unique_ptr<SnapshotReader> reader = TRY(SnapshotReader::Start(
      options, point, parts_.landing, parts_.ledger, parts_.database, std::move(tables)));
  {
    MutexLock lock(mutex_);
    reader_ = reader.get();
    if (stopping_) reader->Cancel();
  }
  Result<void> read = reader->Run([&](const LandedChanges& landed) {
    parts_.landed(landed);
    Show([&](CaptureStatus& status) { Count(landed, status); });
  });
  {
    MutexLock lock(mutex_);
    reader_ = nullptr;
  }
  if (stopping()) return {};
  if (read.ok()) return session.tables->Reload();
  // Both are met by another snapshot; a table that was rewritten is begun anew.
  const std::string& code = read.error().code;
  if (code != "postgres.no_snapshot" && code != "postgres.rewritten") return read;
  if (code == "postgres.rewritten") TRY(session.tables->BeginAgain());
  return MakeError(ErrorKind::kUnavailable, read.error().message, code);
}

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
    Count(*landed, status);
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

// kConflict ("postgres.slot_guard") when it keeps so much that it is to be given up.
Result<void> SourceCapture::LookAtSlot(Connection& connection) {
  const std::optional<SlotState> slot = TRY(ReadSlot(connection, options_.slot));
  if (!slot) return {};
  Show([&](CaptureStatus& status) {
    status.retained_bytes = slot->retained_bytes;
    status.wal_status = slot->wal_status;
  });
  const SlotGuard& guard = options_.guard;
  if (guard.drop_bytes > 0 && slot->retained_bytes > guard.drop_bytes)
    return MakeError(
        ErrorKind::kConflict,
        fmt::format("the source kept {} bytes of its log for us, more than "
                    "slot_guard.drop allows: its slot was dropped, so that its disk "
                    "doesn't fill. Changes that weren't landed are lost to the history",
                    slot->retained_bytes),
        "postgres.slot_guard");
  const bool much = slot->retained_bytes > guard.warn_bytes;
  if (much && !warned_)
    LogWarning("the source keeps much of its log for us", {{"source", options_.name},
                                                           {"slot", options_.slot},
                                                           {"bytes", slot->retained_bytes},
                                                           {"wal_status", slot->wal_status}});
  warned_ = much;
  return {};
}

// Of a source that is stopped, whose slot goes on keeping its log.
void SourceCapture::GuardStopped() {
  Result<std::unique_ptr<Connection>> connection =
      Connection::Connect(options_.connection, Purpose::kNormal);
  if (!connection.ok()) return;
  const Result<void> fine = LookAtSlot(**connection);
  if (fine.ok() || fine.error().code != "postgres.slot_guard") return;
  if (DropSlot(**connection, options_.slot).ok()) Failed(fine.error(), false);
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
    Session& session;
    ~End() {
      session.collector.reset();
      session.stream.reset();
    }
  } end{session};
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
