// What following a PostgreSQL's changes costs, in this process, on the disk under --folder. Each
// command prints one line of JSON; bench/cdc/run.py drives them.
//
//   bare     reads a slot up to a position, and discards what it reads
//   prepare  captures the source until its tables are read
//   land     goes on from there up to a position: change files, nothing applied
//   apply    the same, applied to tables as well
//
// All are measured from the moment when the source was told to send.
#include <libpq-fe.h>
#include <poll.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/config/config.h"
#include "app/data_folder.h"
#include "app/lake.h"
#include "app/migrations.h"
#include "capture/landing/landing.h"
#include "capture/postgres/run/source_capture.h"
#include "codec/postgres/lsn.h"
#include "codec/postgres/replication.h"
#include "data/json.h"
#include "events/outbox.h"
#include "objects/store.h"
#include "os/file.h"
#include "pipeline/source_pipeline.h"

namespace caudal {
namespace {

namespace pg = capture::postgres;
using postgres::Lsn;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Options {
  std::string host, database, user, slot, publication, folder, until;
  int port = 0;
};

// Prints what it took since it was made.
class Meter {
 public:
  void Print(Json more) const {
    more["seconds"] = std::chrono::duration<double>(SteadyClock::now() - begun_).count();
    more["cpu_seconds"] = CpuSeconds() - cpu_;
    more["rss_mib"] = Usage().ru_maxrss / 1024;
    std::puts(more.dump().c_str());
  }

 private:
  static rusage Usage() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
  }
  static double CpuSeconds() {
    const rusage usage = Usage();
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  SteadyClock::time_point begun_ = SteadyClock::now();
  double cpu_ = CpuSeconds();
};

int Bare(const Options& options) {
  const Lsn until = Lsn::Parse(options.until).value();
  const std::string info = "host=" + options.host + " port=" + std::to_string(options.port) +
                           " dbname=" + options.database + " user=" + options.user +
                           " replication=database";
  PGconn* connection = PQconnectdb(info.c_str());
  const std::string start = "START_REPLICATION SLOT \"" + options.slot +
                            "\" LOGICAL 0/0 (proto_version '1', publication_names '" +
                            options.publication + "')";
  PGresult* started = PQexec(connection, start.c_str());
  if (PQresultStatus(started) != PGRES_COPY_BOTH) {
    std::fprintf(stderr, "bare: %s", PQerrorMessage(connection));
    return 1;
  }
  PQclear(started);
  const Meter meter;
  int64_t messages = 0;
  int64_t bytes = 0;
  for (Lsn at; at < until;) {
    char* data = nullptr;
    const int got = PQgetCopyData(connection, &data, 1);
    if (got > 0) {
      const auto frame = postgres::ParseReplicationFrame({data, static_cast<size_t>(got)}).value();
      if (const auto* message = std::get_if<postgres::XLogData>(&frame)) {
        ++messages;
        bytes += got;
        at = std::max(at, message->end);
      } else {
        at = std::max(at, std::get<postgres::Keepalive>(frame).end);
      }
      PQfreemem(data);
      continue;
    }
    if (got < 0) {
      std::fprintf(stderr, "bare: %s", PQerrorMessage(connection));
      return 1;
    }
    pollfd ready{PQsocket(connection), POLLIN, 0};
    poll(&ready, 1, 1000);
    std::this_thread::sleep_for(microseconds(300));
    PQconsumeInput(connection);
  }
  meter.Print({{"messages", messages}, {"bytes", bytes}});
  PQfinish(connection);
  return 0;
}

// Histories that nobody reads.
class NoTables final : public capture::HistoryTables {
 public:
  Result<Schema> Open(const std::string&, const std::string&,
                      const std::vector<capture::ChangeColumn>& columns, bool) override {
    const capture::ChangeShape shape = TRY(capture::ShapeOf(columns));
    return shape.history;
  }
};

// Everything below the server, over one folder.
struct Place {
  explicit Place(const std::string& folder) {
    const app::DataPaths paths{folder};
    os::MakeDirs(paths.meta()).value();
    os::MakeDirs(paths.objects()).value();
    meta::DatabaseOptions options;
    options.path = paths.database();
    const std::vector<meta::Migration> migrations = app::AllMigrations();
    database = meta::Database::Open(options, migrations).value();
    outbox = events::Outbox::Open(*database, SystemClock(), {}).value();
    objects::StoreOptions store_options;
    store_options.folder = paths.objects();
    store = objects::Store::Open(store_options, *database, *outbox, SystemClock(), SystemRandom())
                .value();
    lake = app::Lake::Open({}, paths, *database, *store, SystemClock(), SystemRandom()).value();
    (void)store->CreateBucket("landing", {}).ok();
    ledger = std::make_unique<capture::Ledger>(*database);
    landing = capture::Landing::Open({"landing", paths.landing()}, *store, *ledger, *lake->parquet,
                                     SystemClock(), SystemRandom())
                  .value();
  }

  std::unique_ptr<meta::Database> database;
  std::unique_ptr<events::Outbox> outbox;
  std::unique_ptr<objects::Store> store;
  std::unique_ptr<app::Lake> lake;
  std::unique_ptr<capture::Ledger> ledger;
  std::unique_ptr<capture::Landing> landing;
};

pg::SourceOptions SourceOf(const Options& options) {
  pg::SourceOptions source;
  source.name = "bench";
  source.connection.host = options.host;
  source.connection.port = static_cast<uint16_t>(options.port);
  source.connection.database = options.database;
  source.connection.user = options.user;
  source.slot = options.slot;
  source.publication = options.publication;
  source.tables = {pg::TablePattern::Parse("public.*").value()};
  return source;
}

int FailWith(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

// Until `done` says so of the status.
template <class Status, class Done>
int WaitFor(const Status& status, const Done& done) {
  while (true) {
    const auto now = status();
    if (const std::optional<Error>& error = now.error; error) return FailWith(*error);
    if (done(now)) return 0;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

bool IsStreaming(const pg::CaptureStatus& status) {
  return status.state == pg::CaptureState::kStreaming;
}

int Prepare(const Options& options) {
  Place place(options.folder);
  pipeline::SourcePipeline::Options source;
  source.source = SourceOf(options);
  source.apply.source = "bench";
  source.dataset = "raw_bench";
  pipeline::SourcePipeline pipeline(
      source, {*place.lake->catalog, *place.lake->writer, *place.store, *place.lake->parquet,
               *place.landing, *place.ledger, *place.database, SystemClock()});
  pipeline.Start();
  return WaitFor([&] { return pipeline.status().capture; }, IsStreaming);
}

int Land(const Options& options) {
  Place place(options.folder);
  const Lsn until = Lsn::Parse(options.until).value();
  NoTables tables;
  pg::SourceCapture capture(SourceOf(options), {},
                            {*place.landing, *place.ledger, *place.database, tables, SystemClock(),
                             [](const capture::LandedChanges&) {}});
  std::thread running([&] { capture.Run(); });
  (void)WaitFor([&] { return capture.status(); }, IsStreaming);
  const Meter meter;
  const int failed =
      WaitFor([&] { return capture.status(); },
              [&](const pg::CaptureStatus& status) { return status.landed >= until; });
  if (failed == 0)
    meter.Print({{"rows", capture.status().rows}, {"batches", capture.status().batches}});
  capture.Stop();
  running.join();
  return failed;
}

int Apply(const Options& options) {
  Place place(options.folder);
  const Lsn until = Lsn::Parse(options.until).value();
  pipeline::SourcePipeline::Options source;
  source.source = SourceOf(options);
  source.apply.source = "bench";
  source.dataset = "raw_bench";
  pipeline::SourcePipeline pipeline(
      source, {*place.lake->catalog, *place.lake->writer, *place.store, *place.lake->parquet,
               *place.landing, *place.ledger, *place.database, SystemClock()});
  pipeline.Start();
  (void)WaitFor([&] { return pipeline.status().capture; }, IsStreaming);
  const Meter meter;
  struct Seen {
    std::optional<Error> error;
    Lsn visible;
  };
  const int failed = WaitFor(
      [&] {
        const pipeline::SourceStatus status = pipeline.status();
        return Seen{status.apply_error ? status.apply_error : status.capture.error, status.visible};
      },
      [&](const Seen& seen) { return seen.visible >= until; });
  if (failed == 0) meter.Print({{"rows", pipeline.status().rows_applied}});
  pipeline.Stop();
  return failed;
}

}  // namespace
}  // namespace caudal

int main(int argc, char** argv) {
  CLI::App app("What following a PostgreSQL's changes costs");
  app.require_subcommand(1);
  caudal::Options options;
  int (*run)(const caudal::Options&) = nullptr;
  const auto add = [&](const char* name, const char* what, int (*command)(const caudal::Options&)) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->add_option("--host", options.host)->required();
    sub->add_option("--port", options.port)->required();
    sub->add_option("--database", options.database)->required();
    sub->add_option("--user", options.user)->required();
    sub->add_option("--slot", options.slot)->required();
    sub->add_option("--publication", options.publication)->required();
    sub->add_option("--folder", options.folder);
    sub->add_option("--until", options.until);
    sub->callback([&run, command] { run = command; });
  };
  add("bare", "Read a slot and discard it", caudal::Bare);
  add("prepare", "Capture until the tables are read", caudal::Prepare);
  add("land", "Change files of what came since", caudal::Land);
  add("apply", "The same, in tables", caudal::Apply);
  CLI11_PARSE(app, argc, argv);
  return run(options);
}
