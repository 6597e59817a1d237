// One connection to a source. All waits end: connecting by ConnectionOptions::connect_timeout,
// statements by a deadline or a cancel.
//
// Every session is set so that values have one text, whatever the server, database or role say
// (notes in session.h), and that is verified before the connection is handed out.
//
// Errors: the kind follows SQLSTATE (sql_state.h), `code` is "postgres.<state>"; a lost connection
// is kUnavailable, "postgres.connection". Messages never hold the password.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/postgres/options.h"
#include "capture/postgres/rows.h"

struct pg_conn;
struct pg_cancel;

namespace caudal::capture::postgres {

// kReplication takes replication commands and SQL in the simple protocol, without parameters.
enum class Purpose : uint8_t { kNormal, kReplication };

// Stops what another thread's connection runs. Thread-safe; outlives the connection harmlessly.
class Canceller {
 public:
  explicit Canceller(pg_cancel* cancel) : cancel_(cancel) {}
  // The statement then fails as kCancelled, unless it was done before.
  Result<void> Cancel() const;

 private:
  struct Free {
    void operator()(pg_cancel* cancel) const;
  };
  std::unique_ptr<pg_cancel, Free> cancel_;
};

// What a COPY sends, message by message; the bytes live until the next one is asked for.
class CopyData {
 public:
  std::string_view bytes() const { return {data_.get(), size_}; }

 private:
  friend class Connection;
  struct Free {
    void operator()(char* data) const;
  };
  std::unique_ptr<char, Free> data_;
  size_t size_ = 0;
};

enum class Received : uint8_t { kData, kNothingYet, kEnd };

// Of one thread at a time.
class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  static Result<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options,
                                                     Purpose purpose);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement, or several; the rows of the last. With query_timeout unless a deadline is
  // given; when that passes, the statement is cancelled: kTimeout.
  Result<Rows> Query(const std::string& sql, std::optional<Deadline> deadline = {});
  // One statement with parameters ($1…) as texts; not on replication connections.
  Result<Rows> QueryWith(const std::string& sql, std::span<const std::string> parameters,
                         std::optional<Deadline> deadline = {});

  // Begins a COPY … TO STDOUT, or START_REPLICATION: then only the calls below, until kEnd.
  Result<void> StartCopy(const std::string& sql, std::optional<Deadline> deadline = {});
  // The same without waiting for the answer: until that is here, TryReceive has nothing yet. Errors
  // of the statement are TryReceive's.
  Result<void> SendCopy(const std::string& sql);
  // What has arrived, without waiting: reads the socket once when nothing is buffered. kEnd when
  // the server has ended the COPY and said that it went well.
  // With `read` false only what has been read already.
  Result<Received> TryReceive(CopyData& out, bool read = true);
  // Whether the socket has something, or takes what is queued, before `deadline`. With TLS that may
  // be nothing of ours, and what was read may hold more than the socket tells.
  Result<bool> WaitForInput(Deadline deadline);
  // The same, waiting until `deadline`: kNothingYet then.
  Result<Received> Receive(CopyData& out, Deadline deadline);
  // Queues a message of ours (feedback of a replication stream) and writes what the socket takes.
  Result<void> Send(std::string_view bytes);
  // Writes what is queued: whether all of it is gone.
  Result<bool> Flush();
  // Ends our side of a replication stream; the rest is received until kEnd.
  Result<void> EndCopy();

  Result<Canceller> MakeCanceller() const;

  int socket() const;
  int server_version() const;  // 150018
  int server_pid() const;
  bool tls() const;
  bool in_transaction() const;  // a failed one too
  const ConnectionOptions& options() const { return options_; }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };

  Connection(ConnectionOptions options, Purpose purpose)
      : options_(std::move(options)), purpose_(purpose) {}
  Result<void> Open(Deadline deadline);
  Result<void> WaitForConnect(Deadline deadline);
  Error ConnectError() const;
  // What libpq says went wrong with the connection itself.
  Error Broken(std::string_view doing) const;
  Error FromResult(const pg_result* result) const;
  std::string WithoutSecrets(std::string text) const;
  Deadline DeadlineOr(std::optional<Deadline> deadline) const;
  // Writes the statement that was queued and waits for its next result; null: there is none left.
  Result<pg_result*> NextResult(Deadline deadline);
  Result<Rows> Results(Deadline deadline);
  // What the server answers to the begin of a COPY: nothing, or why not.
  Result<void> CopyBegan(pg_result* answer, Deadline deadline);
  // Whether the answer to SendCopy is here.
  Result<bool> TryBeginCopy();
  void CancelAndDrain();

  const ConnectionOptions options_;
  const Purpose purpose_;
  bool copy_sent_ = false;  // and not answered yet
  std::string password_;    // also that of a dsn: to keep it out of messages
  std::unique_ptr<pg_conn, Finish> connection_;
};

}  // namespace caudal::capture::postgres
