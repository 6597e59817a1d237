// What writing tables costs, in this process, on the disk under --folder. Each command prints one
// line of JSON; bench/lake/run.py drives them.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "app/config/config.h"
#include "app/data_folder.h"
#include "app/lake.h"
#include "app/migrations.h"
#include "data/batch_builder.h"
#include "data/json.h"
#include "events/outbox.h"
#include "lake/files/local_file.h"
#include "objects/store.h"
#include "os/file.h"
#include "query/queries.h"

namespace caudal {
namespace {

using SteadyClock = std::chrono::steady_clock;

double MsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

double At(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(values.size())))];
}

// Everything below the server, over one folder.
class Place {
 public:
  explicit Place(const std::string& folder, bool maintenance = true) : folder_(folder) {
    app::DataPaths paths{folder};
    os::MakeDirs(paths.meta()).value();
    os::MakeDirs(paths.objects()).value();
    meta::DatabaseOptions database;
    database.path = paths.database();
    const std::vector<meta::Migration> migrations = app::AllMigrations();
    database_ = meta::Database::Open(database, migrations).value();
    outbox_ = events::Outbox::Open(*database_, SystemClock(), {}).value();
    objects::StoreOptions store;
    store.folder = paths.objects();
    store_ =
        objects::Store::Open(store, *database_, *outbox_, SystemClock(), SystemRandom()).value();
    app::LakeConfig config;
    config.maintenance.enabled = maintenance;
    lake_ =
        app::Lake::Open(config, paths, *database_, *store_, SystemClock(), SystemRandom()).value();
    (void)lake_->catalog->namespaces().Create({"bench"}, {}).ok();
  }

  app::Lake& lake() { return *lake_; }
  objects::Store& store() { return *store_; }
  // Milliseconds of a query over the whole table, as a client has it: the best of some.
  double QueryMs(const std::string& program) {
    if (queries_ == nullptr) {
      query::QueriesOptions options;
      options.engine.worker_command = {program, "engine-worker"};
      options.engine.folder = folder_ + "/run/queries";
      queries_ = query::MakeQueries(std::move(options), *lake_->catalog, *store_, *lake_->manifests,
                                    lake_->writer->deletes());
    }
    double best = 1e9;
    for (int i = 0; i < 9; ++i) {
      query::QueryRequest request;
      request.sql =
          "SELECT paid, count(*), sum(amount), max(note) FROM bench.payments GROUP BY ALL";
      const auto begin = SteadyClock::now();
      const std::unique_ptr<query::Query> running = queries_->Run(request).value();
      while (running->rows().Next().value()) {
      }
      best = std::min(best, MsSince(begin));
    }
    return best;
  }

 private:
  std::unique_ptr<meta::Database> database_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<objects::Store> store_;
  std::unique_ptr<app::Lake> lake_;
  std::unique_ptr<query::Queries> queries_;
  const std::string folder_;
};

const lake::TableName kTable{{"bench"}, "payments"};

// As a replica of payments: a key, numbers, text, money, a time and a flag.
Schema Columns() {
  return Schema::Make(
             0,
             {Field{1, "id", Type(TypeKind::kLong), true},
              Field{2, "customer", Type(TypeKind::kInt)}, Field{3, "note", Type(TypeKind::kString)},
              Field{4, "amount", Type::Decimal(12, 2)},
              Field{5, "created_at", Type(TypeKind::kTimestampTz)},
              Field{6, "paid", Type(TypeKind::kBoolean)}},
             {1})
      .value();
}

class Rows {
 public:
  explicit Rows(uint64_t seed) : random_(seed) {}

  Batch Of(const std::vector<int64_t>& ids) {
    BatchBuilder builder = BatchBuilder::Make(Columns()).value();
    for (const int64_t id : ids) {
      builder.column(0).AppendLong(id);
      builder.column(1).AppendInt(static_cast<int32_t>(random_.Below(100'000)));
      builder.column(2).AppendBytes(random_.Hex(10));
      builder.column(3).AppendDecimal(static_cast<Int128>(random_.Below(10'000'000)));
      builder.column(4).AppendLong(1'700'000'000'000'000 +
                                   static_cast<int64_t>(random_.Below(1u << 30)));
      builder.column(5).AppendBoolean(random_.Below(2) == 0);
    }
    return builder.Finish().value();
  }
  static Batch Keys(const std::vector<int64_t>& ids) {
    BatchBuilder builder =
        BatchBuilder::Make(Schema::Make(0, {Columns().fields()[0]}).value()).value();
    for (const int64_t id : ids) builder.column(0).AppendLong(id);
    return builder.Finish().value();
  }
  std::vector<int64_t> Uniform(size_t count, int64_t below) {
    std::vector<int64_t> ids(count);
    for (int64_t& id : ids) id = static_cast<int64_t>(random_.Below(static_cast<uint64_t>(below)));
    return ids;
  }
  static std::vector<int64_t> From(int64_t first, int64_t count) {
    std::vector<int64_t> ids(static_cast<size_t>(count));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
  }

 private:
  SeededRandom random_;
};

lake::LoadedTable Make(app::Lake& lake) {
  lake::NewTable table;
  table.schema = Columns();
  return lake.catalog->Create(kTable, std::move(table)).value();
}

// One file of 4 KiB written and synced, in milliseconds: what the disk asks for anything durable.
double SyncOnce(const std::string& folder, int number) {
  const std::string path = folder + "/sync-" + std::to_string(number % 16);
  const std::string bytes(4096, 'x');
  const auto start = SteadyClock::now();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (::write(fd, bytes.data(), bytes.size()) != 4096 || ::fsync(fd) != 0) std::abort();
  ::close(fd);
  return MsSince(start);
}

struct Options {
  std::string folder;
  std::string program;  // caudal
  std::string copy;     // a folder for the data files of an append
  int64_t commits = 2000;
  int64_t rows = 200;
  int64_t deletes = 20;
  int64_t table_rows = 1'000'000;
  int64_t rounds = 30;
  bool without_maintenance = false;
};

Json TableState(app::Lake& lake) {
  const lake::LoadedTable table = lake.catalog->Load(kTable).value();
  const lake::SharedFiles files = lake.manifests->Read(*table.metadata->current_snapshot()).value();
  const size_t data = files->Files(lake::FileContent::kData).size();
  const size_t deletes = files->Files(lake::FileContent::kPositionDeletes).size();
  return {{"files", data + deletes},
          {"data_files", data},
          {"delete_files", deletes},
          {"manifests", files->manifests.size()},
          {"snapshots", table.metadata->snapshots.size()},
          {"metadata_bytes", DumpJson(lake::TableMetadataToJson(*table.metadata)).size()}};
}

// Milliseconds of one commit.
double ChangeMs(app::Lake& lake, const Batch& keys, const Batch& rows) {
  const auto begin = SteadyClock::now();
  auto transaction = lake.writer->Begin();
  transaction->Delete(kTable, keys).value();
  transaction->Upsert(kTable, rows).value();
  transaction->Commit().value();
  return MsSince(begin);
}

Json Commits(const Options& options) {
  Place place(options.folder, !options.without_maintenance);
  Make(place.lake());
  Rows rows(1);
  std::vector<double> times;
  std::vector<double> syncs;
  const auto start = SteadyClock::now();
  for (int64_t i = 0; i < options.commits; ++i) {
    const Batch batch = rows.Of(Rows::From(i * options.rows, options.rows));
    const Batch keys = Rows::Keys(
        rows.Uniform(static_cast<size_t>(options.deletes), std::max<int64_t>(i * options.rows, 1)));
    if (i % 20 == 0) syncs.push_back(SyncOnce(options.folder, static_cast<int>(i)));
    times.push_back(ChangeMs(place.lake(), keys, batch));
  }
  const auto part = [&](size_t first) {
    return std::vector<double>(
        times.begin() + static_cast<int64_t>(first),
        times.begin() + static_cast<int64_t>(std::min(first + 100, times.size())));
  };
  const std::vector<double> head = part(0);
  const std::vector<double> tail = part(times.size() > 100 ? times.size() - 100 : 0);
  return {{"commits", options.commits},
          {"seconds", MsSince(start) / 1000},
          {"ms", times},
          {"first_ms", head},
          {"last_ms", tail},
          {"sync_ms", syncs},
          {"table", TableState(place.lake())}};
}

void Load(app::Lake& lake, Rows& rows, int64_t count) {
  auto transaction = lake.writer->Begin();
  for (int64_t at = 0; at < count; at += 50'000)
    transaction->Append(kTable, rows.Of(Rows::From(at, std::min<int64_t>(50'000, count - at))))
        .value();
  transaction->Commit().value();
}

Json Upserts(const Options& options) {
  Place place(options.folder);
  Make(place.lake());
  Rows rows(2);
  const auto loading = SteadyClock::now();
  Load(place.lake(), rows, options.table_rows);
  const double load_ms = MsSince(loading);
  std::vector<double> times;
  double cold = 0;
  for (int64_t i = 0; i <= options.rounds; ++i) {
    const Batch batch =
        rows.Of(rows.Uniform(static_cast<size_t>(options.rows), options.table_rows));
    const auto begin = SteadyClock::now();
    auto transaction = place.lake().writer->Begin();
    transaction->Upsert(kTable, batch).value();
    transaction->Commit().value();
    (i == 0 ? cold : times.emplace_back()) = MsSince(begin);
  }
  return {{"table_rows", options.table_rows},
          {"rows", options.rows},
          {"load_ms", load_ms},
          {"cold_ms", cold},
          {"p50_ms", At(times, 0.5)},
          {"p99_ms", At(times, 0.99)},
          {"table", TableState(place.lake())}};
}

// Commits with maintenance going on, to a table that stays about as large: rows of it change, some
// go, and come again. It is looked at now and then.
Json Many(const Options& options) {
  Place place(options.folder);
  Make(place.lake());
  Rows rows(4);
  Load(place.lake(), rows, options.table_rows);
  const double first_query = place.QueryMs(options.program);
  Json most = Json::object();
  const auto start = SteadyClock::now();
  std::vector<double> times;
  for (int64_t i = 0; i < options.commits; ++i) {
    const Batch batch =
        rows.Of(rows.Uniform(static_cast<size_t>(options.rows), options.table_rows));
    const Batch keys =
        Rows::Keys(rows.Uniform(static_cast<size_t>(options.deletes), options.table_rows));
    times.push_back(ChangeMs(place.lake(), keys, batch));
    if ((i + 1) % 100 == 0) {
      const Json state = TableState(place.lake());
      for (const auto& [key, value] : state.items())
        most[key] = std::max(most.value(key, size_t{0}), value.get<size_t>());
    }
  }
  const double seconds = MsSince(start) / 1000;
  const double last_query = place.QueryMs(options.program);
  const Json last = TableState(place.lake());
  // Maintenance goes on when nobody has changed the table for a minute.
  for (int i = 0; i < 150 && TableState(place.lake())["delete_files"] != 0; ++i)
    std::this_thread::sleep_for(std::chrono::seconds(1));
  return {{"commits", options.commits},
          {"table_rows", options.table_rows},
          {"seconds", seconds},
          {"p50_ms", At(times, 0.5)},
          {"p99_ms", At(times, 0.99)},
          {"most", most},
          {"first_query_ms", first_query},
          {"last_query_ms", last_query},
          {"rested_query_ms", place.QueryMs(options.program)},
          {"table", last}};
}

// Copies the data files of the table, in order.
void CopyFiles(Place& place, const std::string& folder) {
  const lake::LoadedTable table = place.lake().catalog->Load(kTable).value();
  const lake::SharedFiles files =
      place.lake().manifests->Read(*table.metadata->current_snapshot()).value();
  int number = 0;
  for (const lake::SharedFile& file : files->Files(lake::FileContent::kData)) {
    const lake::LocalFile local = lake::OpenTableFile(place.store(), file->file).value();
    std::filesystem::copy_file(local.path, folder + "/" + std::to_string(++number) + ".parquet");
  }
}

Json Append(const Options& options) {
  Place place(options.folder);
  Make(place.lake());
  Rows rows(3);
  std::vector<Batch> batches;
  for (int64_t at = 0; at < options.table_rows; at += 50'000)
    batches.push_back(rows.Of(Rows::From(at, std::min<int64_t>(50'000, options.table_rows - at))));
  const auto begin = SteadyClock::now();
  auto transaction = place.lake().writer->Begin();
  for (const Batch& batch : batches) transaction->Append(kTable, batch).value();
  transaction->Commit().value();
  const double ms = MsSince(begin);
  if (!options.copy.empty()) CopyFiles(place, options.copy);
  return {{"rows", options.table_rows},
          {"ms", ms},
          {"rows_per_second", static_cast<double>(options.table_rows) / ms * 1000},
          {"table", TableState(place.lake())}};
}

}  // namespace
}  // namespace caudal

int main(int argc, char** argv) {
  using namespace caudal;
  CLI::App app("What writing tables costs.");
  Options options;
  app.add_option("--folder", options.folder)->required();
  app.add_option("--program", options.program);
  app.add_option("--copy", options.copy);
  app.add_option("--commits", options.commits);
  app.add_option("--rows", options.rows);
  app.add_option("--deletes", options.deletes);
  app.add_option("--table-rows", options.table_rows);
  app.add_option("--rounds", options.rounds);
  app.add_flag("--without-maintenance", options.without_maintenance);
  app.require_subcommand(1);
  app.fallthrough();
  Json result;
  app.add_subcommand("commits", "small commits at full speed")->callback([&] {
    result = Commits(options);
  });
  app.add_subcommand("upserts", "changes spread over a table")->callback([&] {
    result = Upserts(options);
  });
  app.add_subcommand("many", "small commits with maintenance")->callback([&] {
    result = Many(options);
  });
  app.add_subcommand("append", "rows into a new table")->callback([&] {
    result = Append(options);
  });

  CLI11_PARSE(app, argc, argv);
  std::puts(DumpJson(result).c_str());
  return 0;
}
