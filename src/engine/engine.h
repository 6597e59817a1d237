// SQL over given local files, run by DuckDB in worker processes of our own program, so that no
// statement can take the server, its memory or another statement with it.
//
// A worker is confined from birth to its own folder and off the network. A session has one worker
// to itself, with an empty database in memory, and sees the files it was given as in/<name>, and
// nothing else; what it writes goes to out/<name>. Workers are warm: started ahead, used again,
// replaced when they die or outgrow their limits. Nothing is kept between sessions.
//
// Errors: kInvalid with DuckDB's own words when the SQL is wrong or does what it may not; kLimit
// (code "engine.memory", "engine.temp", "engine.output") when a limit is reached; kTimeout
// ("engine.time"); kCancelled; kDiskFull; kUnsupported for what DuckDB lacks; kInternal
// ("engine.internal") for a defect of DuckDB that it noticed itself; kUnavailable ("engine.crash")
// when the worker died, naming the signal, and ("engine.closed") when the engine shuts down. After
// any of them but kInvalid and kUnsupported the session is over: every later call gives the same
// error.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/rows.h"

namespace caudal::engine {

// What a session may use. Reaching one is an error of this session alone.
struct Limits {
  uint64_t memory_bytes = 512u << 20;  // DuckDB's; the worker is killed when it outgrows it by far
  int threads = 2;
  uint64_t temp_bytes = 4ull << 30;         // what spills to disk
  uint64_t output_bytes = 16ull << 30;      // all files of out/ together
  std::chrono::milliseconds time{600'000};  // from Open on, waiting for the caller included
};

struct EngineOptions {
  // Starts a worker; its socket is fd 3. Normally {own program, "engine-worker"}.
  std::vector<std::string> worker_command;
  std::string folder;    // <data>/run/engine: emptied by Make, on the file system of the inputs
  int workers_max = 4;   // sessions at once
  int warm_min = 1;      // idle workers kept ready
  int waiting_max = 64;  // callers waiting in Open; more get kLimit at once
  std::chrono::milliseconds open_wait{60'000};  // for a free worker; then kLimit
};

// A file that a session reads, as in/<name>. Hard-linked where the file systems allow, else copied:
// it must not change while the session lives. Names: letters, digits, '_', '-', '.', up to 100, not
// starting with a dot.
struct Input {
  std::string name;
  std::string path;
};

// Rows of an input that SQL can leave out: bit r % 64 of word r / 64 stands for row r, counted from
// the file's first; rows behind the last word stay.
struct HiddenRows {
  std::string input;  // its name
  std::span<const uint64_t> words;
};

struct SessionRequest {
  std::vector<Input> inputs;
  Limits limits;
  // DuckDB settings of ours ("TimeZone", "preserve_insertion_order"…); fixed afterwards.
  std::vector<std::pair<std::string, std::string>> settings;
  // All of its statements are one transaction, which is undone in the end; its database, with what
  // it remembers of files, then serves another such session, which costs a tenth of a new one. An
  // error of a statement ends the session. For users' statements that were found to be queries and
  // nothing more; and in all these sessions of an engine an input's name stands for one content.
  bool undone = false;
};

// NULL, BOOLEAN, BIGINT, DOUBLE, VARCHAR, VARCHAR[].
using Value =
    std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<std::string>>;

struct Statement {
  // One statement or several, separated by ';'. All are checked before the first runs.
  std::string sql;
  // Bound to $name wherever it stands; a name that no statement uses is ignored.
  std::vector<std::pair<std::string, Value>> parameters;
  // Written by us, not by a user: may also read and write files (in/, out/), and nothing more.
  // Others are limited to queries and tables of the session: no files, no settings, no functions
  // that reach outside the query.
  bool trusted = false;
};

struct Progress {
  double fraction = 0;  // of the running statement, 0 to 1, DuckDB's guess
  uint64_t rows = 0;    // processed so far
};

struct SessionStats {
  uint64_t resident_bytes_max = 0;    // of the worker, as seen while the session ran
  std::chrono::microseconds time{0};  // spent in Run and Next
  uint64_t output_bytes = 0;
};

// A file that a session wrote, out of its reach now, and on stable storage with its content (not
// its name, which the caller changes anyway). Whoever takes it moves or removes it; the next
// Engine::Make removes it.
struct Output {
  std::string path;
  uint64_t bytes = 0;
};

// One thread at a time but for Cancel, progress and stats. Its destruction ends what runs, empties
// the folder and gives the worker back.
class Session {
 public:
  virtual ~Session() = default;

  // How SQL names the files.
  static std::string InputPath(std::string_view name) { return "in/" + std::string(name); }
  static std::string OutputPath(std::string_view name) { return "out/" + std::string(name); }

  virtual Result<void> AddInput(const Input& input) = 0;
  // From now on caudal_visible(file, row), a function for trusted SQL, is false for these rows and
  // true for all others; `file` is as SQL names it, `row` counts from 0. Takes the place of what
  // was hidden before. Between two statements. kLimit ("engine.memory") when they take more than
  // the session's memory.
  virtual Result<void> HideRows(const std::vector<HiddenRows>& rows) = 0;
  // Runs to the end, or until the last statement has rows to give; those come through Rows. The
  // Rows before must be gone.
  virtual Result<std::unique_ptr<Rows>> Run(const Statement& statement) = 0;
  // For statements whose rows don't matter; the rows changed by the last.
  Result<int64_t> Execute(const Statement& statement);

  // Ends what runs and the session with it, within 100 ms: asked first, killed if it doesn't
  // listen. Doesn't wait. Thread-safe.
  virtual void Cancel() = 0;
  virtual Progress progress() const = 0;   // thread-safe
  virtual SessionStats stats() const = 0;  // thread-safe

  // After the statement that wrote out/<name>. kNotFound when there is none, kInvalid when it isn't
  // a plain file.
  virtual Result<Output> TakeOutput(const std::string& name) = 0;
};

struct EngineStats {
  int workers = 0;  // running
  int idle = 0;
  int waiting = 0;  // callers in Open
  uint64_t sessions = 0;
  uint64_t started = 0;  // workers, ever
  uint64_t crashed = 0;  // died by themselves
  uint64_t killed = 0;   // for a limit, a timeout or a cancel
  uint64_t resident_bytes = 0;
};

// Thread-safe. Sessions must be gone before it is destroyed.
class Engine {
 public:
  // Removes what an earlier process left in the folder, starts the first workers. kUnavailable when
  // a worker doesn't come up.
  static Result<std::unique_ptr<Engine>> Make(const EngineOptions& options);
  virtual ~Engine() = default;

  virtual Result<std::unique_ptr<Session>> Open(const SessionRequest& request) = 0;
  // Cancels the sessions there are; Open gives kUnavailable from now on. Doesn't wait.
  virtual void Shutdown() = 0;
  virtual EngineStats stats() const = 0;
};

}  // namespace caudal::engine
