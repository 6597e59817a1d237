// A PostgreSQL of a test's own, from Debian's packages or the folder CAUDAL_PG_BIN: in a random
// folder, on a random port of loopback and a Unix socket, gone when the test ends, however it ends.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "os/file.h"
#include "os/process.h"

namespace caudal::capture::postgres {

class TestServer {
 public:
  // The server that the tests of one process share, with wal_level=logical.
  static TestServer& Shared() {
    static const std::unique_ptr<TestServer> server = Start().value();
    return *server;
  }

  // `settings`: "name=value", beside or instead of the usual ones.
  static Result<std::unique_ptr<TestServer>> Start(std::vector<std::string> settings = {}) {
    auto server = std::unique_ptr<TestServer>(new TestServer);
    TRY(server->Prepare());
    for (int attempt = 0;; ++attempt) {
      const Result<void> started = server->Launch(settings);
      if (started.ok()) return server;
      if (attempt == 5) return started.error();
    }
  }

  ~TestServer() {
    Stop();
    (void)os::RemoveTree(folder_).ok();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // At once, without a checkpoint: what crashes do.
  void Stop() {
    if (!process_) return;
    (void)Run({"/bin/kill", "-CONT", std::to_string(process_->pid())});
    (void)Run({program("pg_ctl"), "stop", "-s", "-m", "immediate", "-D", data()});
    process_.reset();
  }
  Result<void> Restart(const std::vector<std::string>& settings = {}) {
    Stop();
    return Launch(settings);
  }

  // Its listening process goes on existing, and does nothing.
  Result<void> Pause() { return Run({"/bin/kill", "-STOP", std::to_string(process_->pid())}); }

  const std::string& folder() const { return folder_; }
  std::string socket_folder() const { return folder_ + "/socket"; }
  uint16_t port() const { return port_; }
  std::string certificate() const { return folder_ + "/data/server.crt"; }

  // Over the Unix socket, trusted, as the superuser.
  ConnectionOptions Local(std::string database = "postgres", std::string user = "postgres") const {
    ConnectionOptions options;
    options.host = socket_folder();
    options.port = port_;
    options.database = std::move(database);
    options.user = std::move(user);
    // A machine that does much else is no failure.
    options.connect_timeout = std::chrono::minutes(2);
    options.query_timeout = std::chrono::minutes(2);
    return options;
  }
  // Over loopback, where everyone but the superuser needs a password (SCRAM).
  ConnectionOptions Remote(std::string user, std::string password,
                           std::string database = "postgres") const {
    ConnectionOptions options = Local(std::move(database), std::move(user));
    options.host = "127.0.0.1";
    options.password = std::move(password);
    return options;
  }

 private:
  TestServer() = default;

  static std::string ProgramFolder() {
    if (const char* other = std::getenv("CAUDAL_PG_BIN"); other != nullptr)
      return std::string(other) + "/";
    std::string found;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none))
      found = std::max(found, entry.path().string());
    return found + "/bin/";
  }
  static std::string program(const std::string& name) { return ProgramFolder() + name; }
  std::string data() const { return folder_ + "/data"; }

  // PostgreSQL refuses root, so root becomes its user first.
  static std::vector<std::string> AsUser(std::vector<std::string> argv) {
    if (!IsRoot()) return argv;
    // The mark that a child ends with its parent is lost when its user changes.
    std::vector<std::string> all = {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres",
                                    "--clear-groups", "--pdeathsig=QUIT"};
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
  }
  // Only root reads this one, and asking for the user's number isn't ours to do here.
  static bool IsRoot() { return os::File::Open("/etc/shadow", os::File::Mode::kRead).ok(); }

  Result<void> Run(std::vector<std::string> argv, bool own_user = true) {
    os::File log = TRY(os::File::Open(folder_ + "/tools.log", os::File::Mode::kOpenOrCreate));
    os::ProcessOptions options;
    options.argv = own_user ? AsUser(std::move(argv)) : std::move(argv);
    options.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"};
    options.folder = folder_;
    options.output = log.fd();
    const auto process = TRY(os::Process::Start(options));
    const auto status = process->Wait(std::chrono::seconds(120));
    if (status && status->ok()) return {};
    std::string output = os::ReadFile(folder_ + "/tools.log", 1 << 20).ok()
                             ? os::ReadFile(folder_ + "/tools.log", 1 << 20).value()
                             : "";
    return MakeError(ErrorKind::kInternal, options.argv.back() + " failed: " + output);
  }

  Result<void> Prepare() {
    folder_ = "/tmp/caudal-pg-" + SystemRandom().Hex(6);
    TRY(os::MakeDirs(folder_ + "/socket", 0755));
    if (IsRoot()) TRY(Run({"/bin/chown", "-R", "postgres:postgres", folder_}, false));
    TRY(Run({program("initdb"), "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"}));
    TRY(Run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
             "-keyout", data() + "/server.key", "-out", data() + "/server.crt"}));
    // The file is there already, so it stays that of the server's user.
    TRY(Write(data() + "/pg_hba.conf",
              "local all,replication all trust\n"
              "hostssl all tls_only 127.0.0.1/32 scram-sha-256\n"
              "host all tls_only 127.0.0.1/32 reject\n"
              "host all,replication postgres 127.0.0.1/32 trust\n"
              "host all,replication all 127.0.0.1/32 scram-sha-256\n"));
    return {};
  }

  static Result<void> Write(const std::string& path, std::string_view text) {
    os::File file = TRY(os::File::Open(path, os::File::Mode::kOpenOrCreate));
    TRY(file.Truncate(0));
    return file.WriteAt(0, text);
  }

  Result<void> Launch(const std::vector<std::string>& settings) {
    // Below the ports that the kernel gives to clients.
    port_ = static_cast<uint16_t>(15000 + SystemRandom().Below(17000));
    std::vector<std::string> argv = {program("postgres"), "-D", data()};
    const auto set = [&](std::string setting) {
      argv.emplace_back("-c");
      argv.push_back(std::move(setting));
    };
    set("listen_addresses=127.0.0.1");
    set("port=" + std::to_string(port_));
    set("unix_socket_directories=" + socket_folder());
    for (const char* usual :
         {"wal_level=logical", "max_wal_senders=8", "max_replication_slots=8", "ssl=on",
          "fsync=off", "shared_buffers=16MB", "max_connections=40", "max_prepared_transactions=4",
          "autovacuum=off", "log_min_messages=warning", "max_worker_processes=4",
          "password_encryption=scram-sha-256"})
      set(usual);
    for (const std::string& setting : settings) set(setting);
    (void)os::Remove(data() + "/postmaster.pid").ok();  // of one that was killed
    os::File log = TRY(os::File::Open(folder_ + "/server.log", os::File::Mode::kOpenOrCreate));
    os::ProcessOptions options;
    options.argv = AsUser(std::move(argv));
    options.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"};
    options.folder = folder_;
    options.output = log.fd();
    process_ = TRY(os::Process::Start(options));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      // The last line of its pid file says how far it is; nothing tells us to look but time.
      const Result<std::string> state = os::ReadFile(data() + "/postmaster.pid", 4096);
      if (state.ok() && state->find("ready") != std::string::npos) return {};
      if (process_->Wait(std::chrono::milliseconds(10))) break;
    }
    process_.reset();
    const Result<std::string> output = os::ReadFile(folder_ + "/server.log", 1 << 20);
    return MakeError(ErrorKind::kUnavailable,
                     "PostgreSQL didn't start: " + (output.ok() ? *output : ""));
  }

  std::string folder_;
  uint16_t port_ = 0;
  std::unique_ptr<os::Process> process_;
};

// Ends the sessions of pg_stat_activity for which `condition` holds, and waits for that.
inline void EndSessions(Connection& admin, const std::string& condition) {
  const std::string of_them = " FROM pg_stat_activity WHERE " + condition;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  (void)admin.Query("SELECT pg_terminate_backend(pid)" + of_them).ok();
  while (std::chrono::steady_clock::now() < deadline) {
    const auto left = admin.Query("SELECT count(*)" + of_them);
    if (!left.ok() || left->Int(0, 0) == 0) return;
  }
}

// Also with slots and sessions that a failed test left.
inline void DropDatabase(Connection& admin, const std::string& database) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const std::string of_database = " WHERE NOT temporary AND database = '" + database + "'";
  bool dropped = false;
  while (!dropped && std::chrono::steady_clock::now() < deadline) {
    const bool ended = admin
                           .Query(
                               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                               "datname = '" +
                               database + "'")
                           .ok();
    // In use until its session has ended.
    dropped = ended &&
              admin
                  .Query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots" +
                         of_database)
                  .ok() &&
              admin.Query("DROP DATABASE " + database).ok();
  }
}

}  // namespace caudal::capture::postgres
