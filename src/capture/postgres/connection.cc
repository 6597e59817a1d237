#include "capture/postgres/connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "capture/postgres/session.h"
#include "capture/postgres/sql_state.h"
#include "os/readiness.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kVersionMin = 120000;
constexpr milliseconds kCancelTime{5'000};

milliseconds Left(Connection::Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return std::max(left, milliseconds(0));
}

std::string Field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : text;
}

// Everything that libpq is told; a dsn first, which the others then stand over.
class Parameters {
 public:
  Result<void> AddDsn(const std::string& dsn) {
    if (dsn.empty()) return {};
    char* message = nullptr;
    PQconninfoOption* parsed = PQconninfoParse(dsn.c_str(), &message);
    // The message may repeat what it couldn't read, a password too.
    PQfreemem(message);
    if (parsed == nullptr)
      return MakeError(ErrorKind::kInvalid,
                       "the dsn isn't valid: write postgresql://user@host:port/database or "
                       "host=… dbname=… user=…",
                       "postgres.dsn");
    for (const PQconninfoOption* one = parsed; one->keyword != nullptr; ++one)
      if (one->val != nullptr) Set(one->keyword, one->val);
    PQconninfoFree(parsed);
    return {};
  }
  void Set(const char* keyword, std::string value) {
    if (value.empty()) return;
    const auto found = std::ranges::find(names_, std::string(keyword));
    if (found != names_.end()) {
      values_[static_cast<size_t>(found - names_.begin())] = std::move(value);
      return;
    }
    names_.emplace_back(keyword);
    values_.push_back(std::move(value));
  }
  std::string Get(const char* keyword) const {
    const auto found = std::ranges::find(names_, std::string(keyword));
    return found == names_.end() ? "" : values_[static_cast<size_t>(found - names_.begin())];
  }
  pg_conn* Start() const {
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (size_t i = 0; i < names_.size(); ++i) {
      names.push_back(names_[i].c_str());
      values.push_back(values_[i].c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(names.data(), values.data(), 0);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> values_;
};

Result<Parameters> ParametersOf(const ConnectionOptions& options, Purpose purpose) {
  Parameters all;
  TRY(all.AddDsn(options.dsn));
  all.Set("host", options.host);
  if (options.port != 0) all.Set("port", std::to_string(options.port));
  all.Set("dbname", options.database);
  all.Set("user", options.user);
  all.Set("password", options.password);
  if (options.tls) all.Set("sslmode", std::string(NameOf(*options.tls)));
  all.Set("sslrootcert", options.tls_root);
  all.Set("sslcert", options.tls_certificate);
  all.Set("sslkey", options.tls_key);
  all.Set("application_name", options.application_name);
  all.Set("client_encoding", "UTF8");
  all.Set("options", StartupSettings());
  if (purpose == Purpose::kReplication) all.Set("replication", "database");
  // A peer that is gone without a word is found out within a minute or so.
  all.Set("keepalives", "1");
  all.Set("keepalives_idle", "20");
  all.Set("keepalives_interval", "10");
  all.Set("keepalives_count", "3");
  all.Set("tcp_user_timeout", "60000");
  return all;
}

}  // namespace

Result<void> Canceller::Cancel() const {
  std::array<char, 256> message{};
  if (PQcancel(cancel_.get(), message.data(), static_cast<int>(message.size())) == 1) return {};
  return MakeError(ErrorKind::kUnavailable,
                   std::string("can't cancel the source's statement: ") + message.data(),
                   CodeOfSqlState(""));
}

void Canceller::Free::operator()(pg_cancel* cancel) const { PQfreeCancel(cancel); }
void CopyData::Free::operator()(char* data) const { PQfreemem(data); }
void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::Connect(const ConnectionOptions& options,
                                                        Purpose purpose) {
  auto connection = std::unique_ptr<Connection>(new Connection(options, purpose));
  const Deadline deadline = steady_clock::now() + options.connect_timeout;
  TRY(connection->Open(deadline));
  TRY(PrepareSession(*connection, deadline));
  return connection;
}

Result<void> Connection::Open(Deadline deadline) {
  const Parameters parameters = TRY(ParametersOf(options_, purpose_));
  password_ = parameters.Get("password");
  connection_.reset(parameters.Start());
  if (!connection_) return MakeError(ErrorKind::kLimit, "no memory for a connection");
  // The form that has SQLSTATE; libpq has no other way to it while connecting.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  TRY(WaitForConnect(deadline));
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_.get(), 1) != 0) return Broken("can't use the connection");
  if (server_version() < kVersionMin)
    return MakeError(ErrorKind::kUnsupported,
                     PlaceOf(options_) + ": PostgreSQL " +
                         std::to_string(server_version() / 10000) +
                         " is too old; 12 or later is needed",
                     "postgres.version");
  return {};
}

Result<void> Connection::WaitForConnect(Deadline deadline) {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(connection_.get()) != CONNECTION_BAD) {
    if (status == PGRES_POLLING_OK) return {};
    if (status == PGRES_POLLING_FAILED) break;
    const os::Interest interest{.read = status == PGRES_POLLING_READING,
                                .write = status == PGRES_POLLING_WRITING};
    const bool ready = TRY(os::WaitReady(socket(), interest, Left(deadline)));
    if (!ready)
      return MakeError(ErrorKind::kTimeout,
                       PlaceOf(options_) + " didn't answer within " +
                           std::to_string(options_.connect_timeout.count()) +
                           " ms; is it reachable from here?",
                       "postgres.connect_timeout");
    status = PQconnectPoll(connection_.get());
  }
  return ConnectError();
}

Error Connection::ConnectError() const {
  const ConnectFailure failure = ParseConnectFailure(PQerrorMessage(connection_.get()));
  ErrorKind kind = KindOfSqlState(failure.state);
  std::string code = CodeOfSqlState(failure.state);
  std::string text = failure.text;
  // Refusals that libpq itself makes are no passing trouble either.
  if (failure.state.empty()) {
    const auto says = [&](std::string_view word) { return text.find(word) != std::string::npos; };
    if (PQconnectionNeedsPassword(connection_.get()) == 1) {
      kind = ErrorKind::kUnauthenticated;
      code = "postgres.password";
      text = "a password is needed, and none is configured";
    } else if (says("certificate") || says("private key") || says("does not support SSL") ||
               (says("SSL error") && !says("eof")) || says("channel binding")) {
      kind = ErrorKind::kUnauthenticated;
      code = "postgres.tls";
    } else if (says("invalid ") && says(" value")) {
      kind = ErrorKind::kInvalid;
      code = "postgres.options";
    }
  }
  return MakeError(kind, "can't connect to " + PlaceOf(options_) + ": " + WithoutSecrets(text),
                   code);
}

Error Connection::Broken(std::string_view doing) const {
  std::string text = PQerrorMessage(connection_.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return MakeError(ErrorKind::kUnavailable,
                   std::string(doing) + ": " + WithoutSecrets(std::move(text)), CodeOfSqlState(""));
}

Error Connection::FromResult(const pg_result* result) const {
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  std::string text = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text.empty()) return Broken("the connection to the source was lost");
  for (const int part : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT})
    if (const std::string more = Field(result, part); !more.empty()) text += "; " + more;
  std::ranges::replace(text, '\n', ' ');
  return MakeError(KindOfSqlState(state), WithoutSecrets(std::move(text)), CodeOfSqlState(state));
}

std::string Connection::WithoutSecrets(std::string text) const {
  for (const std::string* secret : {&password_, &options_.dsn}) {
    if (secret->empty()) continue;
    for (size_t at = 0; (at = text.find(*secret, at)) != std::string::npos; at += 3)
      text.replace(at, secret->size(), "***");
  }
  return text;
}

Connection::Deadline Connection::DeadlineOr(std::optional<Deadline> deadline) const {
  return deadline ? *deadline : steady_clock::now() + options_.query_timeout;
}

Result<pg_result*> Connection::NextResult(Deadline deadline) {
  while (true) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0) return Broken("the connection to the source was lost");
    if (unsent == 0 && PQisBusy(connection_.get()) == 0) return PQgetResult(connection_.get());
    const bool ready =
        TRY(os::WaitReady(socket(), {.read = true, .write = unsent > 0}, Left(deadline)));
    if (!ready) {
      CancelAndDrain();
      return MakeError(ErrorKind::kTimeout, "the source didn't answer a statement in time",
                       "postgres.query_timeout");
    }
    if (PQconsumeInput(connection_.get()) == 0)
      return Broken("the connection to the source was lost");
  }
}

void Connection::CancelAndDrain() {
  const Result<Canceller> canceller = MakeCanceller();
  if (!canceller.ok() || !canceller->Cancel().ok()) return;
  const Deadline deadline = steady_clock::now() + kCancelTime;
  while (true) {
    if (PQflush(connection_.get()) < 0 || PQconsumeInput(connection_.get()) == 0) return;
    if (PQisBusy(connection_.get()) == 0) {
      pg_result* result = PQgetResult(connection_.get());
      if (result == nullptr) return;
      PQclear(result);
      continue;
    }
    const Result<bool> ready = os::WaitReady(socket(), {.read = true}, Left(deadline));
    if (!ready.ok() || !*ready) return;
  }
}

Result<Rows> Connection::Results(Deadline deadline) {
  std::optional<Rows> last;
  std::optional<Error> failed;
  while (pg_result* next = TRY(NextResult(deadline))) {
    Rows rows(next);
    const ExecStatusType status = PQresultStatus(next);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
      last = std::move(rows);
    } else if (status == PGRES_FATAL_ERROR) {
      if (!failed) failed = FromResult(next);
    } else {
      return MakeError(ErrorKind::kInternal, "a COPY must be started as one");
    }
  }
  if (failed) return *std::move(failed);
  if (!last) return Broken("the source gave no answer");
  return *std::move(last);
}

Result<Rows> Connection::Query(const std::string& sql, std::optional<Deadline> deadline) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
    return Broken("can't send a statement to the source");
  return Results(DeadlineOr(deadline));
}

Result<Rows> Connection::QueryWith(const std::string& sql, std::span<const std::string> parameters,
                                   std::optional<Deadline> deadline) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& value : parameters) values.push_back(value.c_str());
  const int sent =
      PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0);
  if (sent == 0) return Broken("can't send a statement to the source");
  return Results(DeadlineOr(deadline));
}

Result<void> Connection::StartCopy(const std::string& sql, std::optional<Deadline> deadline) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
    return Broken("can't send a statement to the source");
  const Deadline until = DeadlineOr(deadline);
  pg_result* answer = TRY(NextResult(until));
  return CopyBegan(answer, until);
}

Result<void> Connection::CopyBegan(pg_result* answer, Deadline deadline) {
  if (answer == nullptr) return Broken("the source gave no answer");
  const Rows owner(answer);
  const ExecStatusType status = PQresultStatus(answer);
  if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return {};
  const Error failed = status == PGRES_FATAL_ERROR
                           ? FromResult(answer)
                           : MakeError(ErrorKind::kInternal, "the statement isn't a COPY");
  while (pg_result* rest = TRY(NextResult(deadline))) PQclear(rest);
  return failed;
}

Result<void> Connection::SendCopy(const std::string& sql) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
    return Broken("can't send a statement to the source");
  copy_sent_ = true;
  (void)TRY(Flush());
  return {};
}

Result<bool> Connection::TryBeginCopy() {
  if (!TRY(Flush())) return false;
  if (PQconsumeInput(connection_.get()) == 0)
    return Broken("the connection to the source was lost");
  if (PQisBusy(connection_.get()) != 0) return false;
  copy_sent_ = false;
  TRY(CopyBegan(PQgetResult(connection_.get()), DeadlineOr({})));
  return true;
}

Result<Received> Connection::TryReceive(CopyData& out, bool read) {
  if (copy_sent_ && !TRY(TryBeginCopy())) return Received::kNothingYet;
  // A record of TLS is longer than what is read at once, and what is left of it isn't in the
  // socket.
  const int reads = !read ? 0 : tls() ? 3 : 1;
  for (int attempt = 0;; ++attempt) {
    char* data = nullptr;
    const int size = PQgetCopyData(connection_.get(), &data, 1);
    if (size > 0) {
      out.data_.reset(data);
      out.size_ = static_cast<size_t>(size);
      return Received::kData;
    }
    out.data_.reset();
    out.size_ = 0;
    if (size == -2) return Broken("the source's stream broke");
    if (size == -1) {
      TRY(Results(DeadlineOr({})));
      return Received::kEnd;
    }
    if (attempt == reads) return Received::kNothingYet;
    if (PQconsumeInput(connection_.get()) == 0)
      return Broken("the connection to the source was lost");
  }
}

Result<Received> Connection::Receive(CopyData& out, Deadline deadline) {
  while (true) {
    const Received received = TRY(TryReceive(out));
    if (received != Received::kNothingYet) return received;
    if (!TRY(WaitForInput(deadline))) return Received::kNothingYet;
  }
}

Result<bool> Connection::WaitForInput(Deadline deadline) {
  const int unsent = PQflush(connection_.get());
  if (unsent < 0) return Broken("the connection to the source was lost");
  return os::WaitReady(socket(), {.read = true, .write = unsent > 0}, Left(deadline));
}

Result<void> Connection::Send(std::string_view bytes) {
  const int queued = PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (queued < 0) return Broken("can't send to the source");
  if (queued == 0)
    return MakeError(ErrorKind::kUnavailable, "the source takes nothing at the moment");
  (void)TRY(Flush());
  return {};
}

Result<bool> Connection::Flush() {
  const int unsent = PQflush(connection_.get());
  if (unsent < 0) return Broken("the connection to the source was lost");
  return unsent == 0;
}

Result<void> Connection::EndCopy() {
  if (PQputCopyEnd(connection_.get(), nullptr) < 0) return Broken("can't end the stream");
  (void)TRY(Flush());
  return {};
}

Result<Canceller> Connection::MakeCanceller() const {
  pg_cancel* cancel = PQgetCancel(connection_.get());
  if (cancel == nullptr) return MakeError(ErrorKind::kUnavailable, "there is no connection");
  return Canceller(cancel);
}

int Connection::socket() const { return PQsocket(connection_.get()); }
int Connection::server_version() const { return PQserverVersion(connection_.get()); }
int Connection::server_pid() const { return PQbackendPID(connection_.get()); }
bool Connection::tls() const { return PQsslInUse(connection_.get()) == 1; }
bool Connection::in_transaction() const {
  return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

}  // namespace caudal::capture::postgres
