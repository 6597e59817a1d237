#include "engine/parquet_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "engine/duckdb/batch_queue.h"
#include "engine/duckdb/in_process_state.h"
#include "engine/duckdb/parquet_types.h"
#include "engine/parquet_description.h"
#include "engine/parquet_footer.h"
#include "engine/parquet_reader.h"
#include "engine/quoting.h"
#include "os/file.h"

namespace caudal::engine {
namespace {

constexpr int64_t kVectorRows = 2048;
// Of batches, between two times that the disk is told to write what there is of the file.
constexpr uint64_t kWritebackEvery = 32u << 20;

template <class Int>
bool HasBits(const Array& array, Int bits) {
  const auto* values = array.values<Int>();
  bool has = false;
  for (int64_t i = 0; i < array.length(); ++i) has |= values[i] == bits;
  return has;
}

bool HasNegativeZero(const Array& array) {
  if (array.type().Is(TypeKind::kFloat)) return HasBits(array, uint32_t{1} << 31);
  if (array.type().Is(TypeKind::kDouble)) return HasBits(array, uint64_t{1} << 63);
  return std::ranges::any_of(array.children(), HasNegativeZero);
}

// What the statement reads: what an earlier one has written, if any, then the queue. Counts what
// comes from that, in the statement's thread.
class Feed final : public BatchSource {
 public:
  Feed(ParquetLayout layout, BatchQueue& queue, StatsCollector& stats)
      : layout_(std::move(layout)), queue_(queue), stats_(stats) {}

  const std::vector<std::string>& names() const override { return layout_.names; }
  const std::vector<TypeHandle>& types() const override { return layout_.types; }
  const std::string& field_ids() const { return layout_.field_ids; }
  void StartWith(std::unique_ptr<ParquetReader> earlier) { earlier_ = std::move(earlier); }

  Result<std::optional<caudal::Batch>> Pull() override {
    if (earlier_ != nullptr) {
      std::optional<ParquetRows> rows = TRY(earlier_->Next());
      if (rows) return std::optional<caudal::Batch>(std::move(rows->batch));
      earlier_.reset();
    }
    std::optional<caudal::Batch> batch = TRY(queue_.Pull());
    if (batch) stats_.Add(*batch);
    return batch;
  }

 private:
  const ParquetLayout layout_;
  BatchQueue& queue_;
  StatsCollector& stats_;
  std::unique_ptr<ParquetReader> earlier_;
};

class Writer final : public ParquetWriter {
 public:
  Writer(InProcessDatabase& database, std::string path, const Schema& schema, ParquetLayout layout,
         const ParquetWriteOptions& options)
      : database_(database),
        path_(std::move(path)),
        schema_(schema),
        options_(options),
        stats_(schema),
        queue_(options.ahead_bytes),
        feed_(std::move(layout), queue_, stats_),
        token_(database.state().Add(feed_)) {}
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Result<void> Write(caudal::Batch batch) override;
  void End() override { queue_.End(); }
  int64_t rows() const override { return rows_; }
  uint64_t bytes() const override { return bytes_; }
  Result<ParquetFile> Finish() override;

 private:
  void WriteBack() const;
  Result<void> Copy();  // runs the statement, to the end of the queue
  void Start();
  Result<void> Join();
  Result<void> StartAnew();
  Result<ParquetFile> Describe();
  std::string EarlierPath() const { return path_ + ".earlier"; }

  InProcessDatabase& database_;
  const std::string path_;
  const Schema schema_;
  const ParquetWriteOptions options_;
  StatsCollector stats_;  // of the statement; read after its end
  BatchQueue queue_;
  Feed feed_;
  const uint64_t token_;
  // DuckDB's dictionaries take -0.0 for 0.0: a file with one goes without.
  bool negative_zero_ = false;
  int64_t rows_ = 0;
  uint64_t bytes_ = 0;
  std::thread thread_;
  Result<void> copied_;  // of the thread; read after it has ended
  std::optional<Error> failure_;
  bool finished_ = false;
};

Writer::~Writer() {
  queue_.Cancel();
  if (thread_.joinable()) thread_.join();
  database_.state().Remove(token_);
  (void)os::Remove(EarlierPath()).ok();
  if (finished_) return;
  const Result<void> removed = os::Remove(path_);
  if (!removed.ok() && !removed.error().Is(ErrorKind::kNotFound))
    LogWarning("an unfinished file is left behind",
               {{"path", path_}, {"reason", removed.error().message}});
}

Result<void> Writer::Copy() {
  const int64_t group_rows =
      std::max<int64_t>((options_.row_group_rows + kVectorRows - 1) / kVectorRows, 1) * kVectorRows;
  const std::string sql = fmt::format(
      "COPY (SELECT * FROM caudal_batches({}::UBIGINT)) TO {} (FORMAT parquet, COMPRESSION zstd, "
      "COMPRESSION_LEVEL {}, ROW_GROUP_SIZE {}, ROW_GROUP_SIZE_BYTES {}, USE_TMP_FILE false{}, "
      "FIELD_IDS {})",
      token_, QuoteText(path_), options_.compression, group_rows, options_.row_group_bytes,
      negative_zero_ || !options_.dictionaries ? ", DICTIONARY_SIZE_LIMIT 0" : "",
      feed_.field_ids());
  const ConnectionHandle connection = TRY(database_.state().Connect());
  return ExecuteInProcess(connection.get(), sql);
}

Result<void> Writer::Write(caudal::Batch batch) {
  if (failure_) return *failure_;
  TRY(batch.Check(schema_));
  if (batch.rows() == 0) return {};
  const uint64_t bytes = batch.ByteSize();
  if (options_.dictionaries && !negative_zero_ &&
      std::ranges::any_of(batch.columns(), HasNegativeZero)) {
    negative_zero_ = true;
    if (thread_.joinable()) TRY(StartAnew());
  }
  if (!thread_.joinable() && queue_.full()) Start();
  rows_ += batch.rows();
  if (bytes_ / kWritebackEvery != (bytes_ + bytes) / kWritebackEvery) WriteBack();
  bytes_ += bytes;
  if (queue_.Push(std::move(batch), bytes)) return {};
  const Result<void> joined = Join();
  return joined.ok() ? MakeError(ErrorKind::kInternal, "a file was finished early")
                     : joined.error();
}

// While the file grows, so that the sync at its end is short.
void Writer::WriteBack() const {
  Result<os::File> file = os::File::Open(path_, os::File::Mode::kRead);
  const Result<uint64_t> size = file.ok() ? file->Size() : file.error();
  if (size.ok()) file->StartWriteback(0, *size);
}

void Writer::Start() {
  thread_ = std::thread([this] {
    copied_ = Copy();
    queue_.Abandon();
  });
}

// Finishes what was written with dictionaries, and writes it again without.
Result<void> Writer::StartAnew() {
  queue_.End();
  TRY(Join());
  const Result<void> renamed = os::Rename(path_, EarlierPath());
  Result<std::unique_ptr<ParquetReader>> earlier =
      renamed.ok() ? ParquetReader::Open(database_, EarlierPath(), schema_) : renamed.error();
  if (!earlier.ok()) {
    failure_ = earlier.error();
    return *failure_;
  }
  feed_.StartWith(std::move(earlier).take());
  queue_.Reopen();
  Start();
  return {};
}

// An end of the statement before that of the batches is a failure.
Result<void> Writer::Join() {
  if (thread_.joinable()) {
    thread_.join();
  } else {
    copied_ = Copy();
  }
  if (!copied_.ok()) failure_ = copied_.error();
  return copied_;
}

Result<ParquetFile> Writer::Finish() {
  if (failure_) return *failure_;
  CAUDAL_CHECK(!finished_, "a file is finished once");
  if (rows_ == 0) return MakeError(ErrorKind::kInvalid, "a Parquet file without rows");
  queue_.End();
  TRY(Join());
  Result<ParquetFile> file = Describe();
  if (!file.ok()) {
    failure_ = file.error();
    return file;
  }
  finished_ = true;
  return file;
}

Result<ParquetFile> Writer::Describe() {
  os::File file = TRY(os::File::Open(path_, os::File::Mode::kReadWrite));
  FAILPOINT("engine.parquet.written");
  if (options_.durable) file.Sync(path_);
  FAILPOINT("engine.parquet.synced");
  const ParquetFooter footer = TRY(ReadParquetFooter(file));
  const uint64_t bytes = TRY(file.Size());
  ParquetFile described = DescribeParquet(footer, bytes, stats_.Columns());
  if (footer.rows != rows_ || footer.leaves() != described.columns.size())
    return MakeError(ErrorKind::kInternal,
                     fmt::format("{} rows and {} columns were written as {} and {}", rows_,
                                 described.columns.size(), footer.rows, footer.leaves()));
  return described;
}

}  // namespace

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(InProcessDatabase& database,
                                                           std::string path, const Schema& schema,
                                                           const ParquetWriteOptions& options) {
  ParquetLayout layout = TRY(LayoutOf(schema));
  if (path.find('\0') != std::string::npos)
    return MakeError(ErrorKind::kInvalid, "a path with a NUL");
  const os::File created = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  return std::make_unique<Writer>(database, std::move(path), schema, std::move(layout), options);
}

}  // namespace caudal::engine
