// Reading all rows of a table: `land`, into change files on the disk under --folder, or `copy`, as
// a client that only reads. Prints one line of JSON; bench/cdc/run.py drives it.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/cpu_time.h"
#include "capture/landing/landing.h"
#include "capture/postgres/slot.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "data/json.h"
#include "engine/in_process.h"
#include "events/outbox.h"
#include "objects/store.h"
#include "os/file.h"

namespace caudal {
namespace {

using namespace capture;
using namespace capture::postgres;
using SteadyClock = std::chrono::steady_clock;

// As a table would have them.
class Histories final : public HistoryTables {
 public:
  Result<Schema> Open(const std::string&, const std::string&,
                      const std::vector<ChangeColumn>& columns, bool) override {
    const ChangeShape shape = TRY(ShapeOf(columns));
    return shape.history;
  }
};

// What landing needs, over one folder.
class Place {
 public:
  explicit Place(const std::string& folder) {
    os::MakeDirs(folder).value();
    std::vector<meta::Migration> migrations;
    for (const auto part :
         {objects::Store::Migrations(), events::Outbox::Migrations(), Ledger::Migrations()})
      migrations.insert(migrations.end(), part.begin(), part.end());
    meta::DatabaseOptions database_options;
    database_options.path = folder + "/meta.db";
    database = meta::Database::Open(database_options, migrations).value();
    outbox = events::Outbox::Open(*database, SystemClock(), {}).value();
    objects::StoreOptions options;
    options.folder = folder + "/objects";
    store =
        objects::Store::Open(options, *database, *outbox, SystemClock(), SystemRandom()).value();
    store->CreateBucket("landing", {}).value();
    parquet = engine::InProcessDatabase::Open().value();
    ledger = std::make_unique<Ledger>(*database);
    landing = Landing::Open({"landing", folder + "/landing"}, *store, *ledger, *parquet,
                            SystemClock(), SystemRandom())
                  .value();
  }

  std::unique_ptr<meta::Database> database;
  std::unique_ptr<events::Outbox> outbox;
  std::unique_ptr<objects::Store> store;
  std::unique_ptr<engine::InProcessDatabase> parquet;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Landing> landing;
};

struct Measured {
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t batches = 0;
};

Result<Measured> Land(const SourceOptions& source, const std::string& folder) {
  Place place(folder);
  const auto connection = TRY(Connection::Connect(source.connection, Purpose::kNormal));
  const auto replication = TRY(Connection::Connect(source.connection, Purpose::kReplication));
  const CreatedSlot slot = TRY(CreateSlot(*replication, "bench_" + SystemRandom().Hex(4), true,
                                          SteadyClock::now() + std::chrono::seconds(60)));
  const SourceCatalog catalog = TRY(ReadCatalog(*connection, source));
  const auto plans = TRY(PlanChunksOf(*connection, catalog.tables, source.snapshot));
  const uint32_t epoch = TRY(place.database->Write(
      [&](meta::Tx& tx) { return Ledger::BeginEpoch(tx, source.name, "bench", 0); }));
  Histories histories;
  std::vector<SnapshotTable> tables;
  for (size_t i = 0; i < catalog.tables.size(); ++i) {
    SnapshotTable& table = tables.emplace_back();
    table.table = catalog.tables[i];
    table.bound = TRY(BindTable(table.table, source, 1, histories));
    table.bound.landed.fresh = true;
    CapturedTable captured;
    captured.folder = table.bound.landed.folder;
    TRY(place.database->Write([&](meta::Tx& tx) -> Result<void> {
      TRY(Ledger::AddTable(tx, source.name, captured));
      return Ledger::PlanChunks(tx, source.name, captured.folder, 1, plans[i], 0);
    }));
    table.chunks = TRY(place.ledger->ChunksOf(source.name, captured.folder));
  }
  const auto reader =
      TRY(SnapshotReader::Start({source}, {slot.snapshot, epoch, slot.consistent_point},
                                *place.landing, *place.ledger, std::move(tables)));
  Measured measured;
  TRY(reader->Run([&](const LandedChanges& landed) {
    ++measured.batches;
    for (const LandedFile& file : landed.batch.files) {
      measured.rows += file.rows;
      measured.bytes += file.bytes;
    }
  }));
  return measured;
}

Result<Measured> Discard(const SourceOptions& source, const std::string& sql) {
  const auto connection = TRY(Connection::Connect(source.connection, Purpose::kNormal));
  TRY(connection->StartCopy(sql));
  Measured measured;
  CopyData row;
  while (true) {
    const Received received =
        TRY(connection->Receive(row, SteadyClock::now() + std::chrono::seconds(60)));
    if (received == Received::kEnd) return measured;
    if (received == Received::kNothingYet)
      return MakeError(ErrorKind::kTimeout, "the server sends nothing");
    ++measured.rows;
    measured.bytes += static_cast<int64_t>(row.bytes().size());
  }
}

// Each connection has its part of the blocks, and a thread.
Result<Measured> Copy(const SourceOptions& source) {
  const auto connection = TRY(Connection::Connect(source.connection, Purpose::kNormal));
  const SourceCatalog catalog = TRY(ReadCatalog(*connection, source));
  const SourceTable& table = catalog.tables.at(0);
  const auto columns = TRY(CapturedColumnsOf(table, source));
  const auto count = static_cast<uint32_t>(source.snapshot.connections);
  const auto blocks = static_cast<uint32_t>(table.pages);
  std::vector<Result<Measured>> parts(count, Measured{});
  std::vector<std::jthread> threads;
  for (uint32_t i = 0; i < count; ++i) {
    ChunkRange range{table.oid, blocks / count * i, blocks / count * (i + 1)};
    if (i + 1 == count) range.end_block.reset();
    threads.emplace_back(
        [&, i, range] { parts[i] = Discard(source, CopySql(table.Name(), range, columns, "")); });
  }
  threads.clear();
  Measured all;
  for (const Result<Measured>& part : parts) {
    if (!part.ok()) return part.error();
    all.rows += part->rows;
    all.bytes += part->bytes;
  }
  return all;
}

int Main(int argc, char** argv) {
  CLI::App app("Reads all rows of the tables of a PostgreSQL database");
  SourceOptions source;
  source.name = "bench";
  std::string folder;
  std::string command;
  app.add_option("command", command)->required()->check(CLI::IsMember({"land", "copy"}));
  app.add_option("--host", source.connection.host)->required();
  app.add_option("--port", source.connection.port)->required();
  app.add_option("--database", source.connection.database)->required();
  app.add_option("--folder", folder, "of land: gone before, or empty");
  app.add_option("--connections", source.snapshot.connections);
  app.add_option("--chunk-rows", source.snapshot.chunk_rows);
  CLI11_PARSE(app, argc, argv);
  source.connection.user = "postgres";
  source.tables.push_back(TablePattern::Parse("public.*").value());

  const auto began = SteadyClock::now();
  const Result<Measured> done = command == "land" ? Land(source, folder) : Copy(source);
  const std::chrono::duration<double> seconds = SteadyClock::now() - began;
  if (!done.ok()) {
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    return 1;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const Json line = {{"rows", done->rows},
                     {"bytes", done->bytes},
                     {"batches", done->batches},
                     {"seconds", seconds.count()},
                     {"cpu_seconds", bench::OwnCpuSeconds()},
                     {"rss_mib", usage.ru_maxrss / 1024}};
  std::printf("%s\n", DumpJson(line).c_str());
  return 0;
}

}  // namespace
}  // namespace caudal

int main(int argc, char** argv) { return caudal::Main(argc, argv); }
