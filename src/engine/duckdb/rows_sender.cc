#include "engine/duckdb/rows_sender.h"

#include "engine/duckdb/errors.h"
#include "engine/duckdb/type_name.h"
#include "engine/protocol.h"
#include "engine/segment.h"
#include "os/shared_memory.h"

namespace caudal::engine {
namespace {

constexpr uint64_t kSegmentBytes = 1u << 20;
constexpr uint64_t kRowsMax = 64 * 2048;
// Rows that come slowly don't wait for a full segment.
constexpr std::chrono::milliseconds kFlushAfter{50};
// The server reads when its caller asks for rows; when it is gone, sending fails.
constexpr os::Deadline kForever = os::Deadline::max();

Result<void> Check(duckdb_error_data error) {
  const ErrorHandle handle(error);
  if (!handle || !duckdb_error_data_has_error(error)) return {};
  const std::string message = duckdb_error_data_message(error);
  // As JSON, unlike all other messages.
  const std::string_view marker = R"("exception_message":")";
  const size_t found = message.find(marker);
  std::string_view text = message;
  if (found != std::string::npos) text = text.substr(found + marker.size());
  if (text.starts_with("Unsupported Arrow type "))
    return MakeError(ErrorKind::kUnsupported,
                     "a result can't have a column of type " +
                         std::string(text.substr(23, text.find('"') - 23)) +
                         ": cast it to VARCHAR or JSON");
  return MakeError(ErrorKind::kLimit, "the result can't be handed over: " + message,
                   "engine.memory");
}

void Release(ArrowArray& array) {
  if (array.release != nullptr) array.release(&array);
}

// What an array takes, near enough to decide when a segment is full.
uint64_t BytesOf(const ArrowArray& array, const Field& field) {
  uint64_t bytes = static_cast<uint64_t>(array.length) * static_cast<uint64_t>(field.shape.width);
  if (field.shape.kind == Shape::Kind::kText32 && array.length > 0)
    bytes += static_cast<const uint32_t*>(array.buffers[1])[array.length];
  for (size_t i = 0; i < field.children.size(); ++i)
    bytes += BytesOf(*array.children[i], field.children[i]);
  if (array.dictionary != nullptr) bytes += BytesOf(*array.dictionary, field.dictionary[0]);
  return bytes;
}

}  // namespace

void Credit::Start(uint64_t number) {
  MutexLock lock(mutex_);
  number_ = number;
  left_ = kSegmentsAhead;
  interrupted_ = false;
}

void Credit::Add(uint64_t number) {
  MutexLock lock(mutex_);
  if (number == number_) ++left_;
  changed_.NotifyAll();
}

bool Credit::Interrupt(uint64_t number) {
  MutexLock lock(mutex_);
  if (number != number_) return false;
  interrupted_ = true;
  changed_.NotifyAll();
  return true;
}

Result<void> Credit::Take() {
  MutexLock lock(mutex_);
  waiting_ = true;
  while (left_ == 0 && !interrupted_) changed_.Wait(mutex_);
  waiting_ = false;
  if (interrupted_) return MakeError(ErrorKind::kCancelled, "the statement was interrupted");
  --left_;
  return {};
}

Result<void> Credit::CheckInterrupted() {
  MutexLock lock(mutex_);
  if (interrupted_) return MakeError(ErrorKind::kCancelled, "the statement was interrupted");
  return {};
}

bool Credit::waiting() {
  MutexLock lock(mutex_);
  return waiting_;
}

Result<void> RowsSender::Describe(duckdb_result* result) {
  DescribedMessage message;
  message.number = number_;
  std::vector<TypeHandle> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (idx_t i = 0; i < duckdb_column_count(result); ++i) {
    owned.emplace_back(duckdb_column_logical_type(result, i));
    types.push_back(owned.back().get());
    names.push_back(duckdb_column_name(result, i));
    message.columns.push_back({names.back(), TypeName(types.back())});
  }
  options_ = ArrowOptionsHandle(duckdb_result_get_arrow_options(result));
  ArrowSchema schema{};
  TRY(Check(
      duckdb_to_arrow_schema(options_.get(), types.data(), names.data(), types.size(), &schema)));
  Result<Field> root = Field::From(schema);
  if (schema.release != nullptr) schema.release(&schema);
  root_ = TRY(std::move(root));
  message.root = root_;
  return socket_.Send(FrameType::kDescribed, message.Write(), -1, kForever);
}

Result<void> RowsSender::SendAll(duckdb_result* result) {
  TRY(Describe(result));
  last_flush_ = std::chrono::steady_clock::now();
  while (true) {
    TRY(credit_.CheckInterrupted());
    const ChunkHandle chunk(duckdb_fetch_chunk(*result));
    if (!chunk) break;
    if (duckdb_data_chunk_get_size(chunk.get()) > 0) TRY(Add(chunk.get()));
  }
  const char* failure = duckdb_result_error(result);
  if (failure != nullptr) {
    for (ArrowArray& array : pending_) Release(array);
    pending_.clear();
    // With several threads DuckDB may tell of those that were stopped in place of the one that
    // failed.
    const bool stopped = std::string_view(failure).starts_with("INTERRUPT Error");
    if (stopped && credit_.CheckInterrupted().ok())
      return MakeError(ErrorKind::kInvalid,
                       "the statement failed in one of its threads, and what was wrong wasn't "
                       "told: run it again to see it",
                       "engine.failed");
    return DuckDbError(failure);
  }
  return Flush();
}

Result<void> RowsSender::Add(duckdb_data_chunk chunk) {
  ArrowArray array{};
  TRY(Check(duckdb_data_chunk_to_arrow(options_.get(), chunk, &array)));
  pending_.push_back(array);
  pending_rows_ += static_cast<uint64_t>(array.length);
  uint64_t bytes = 0;
  for (const ArrowArray& each : pending_) bytes += BytesOf(each, root_);
  const auto now = std::chrono::steady_clock::now();
  if (bytes >= kSegmentBytes || pending_rows_ >= kRowsMax || now - last_flush_ > kFlushAfter)
    TRY(Flush());
  return {};
}

Result<void> RowsSender::Flush() {
  if (pending_.empty()) return {};
  const std::vector<ArrowArray> arrays = std::exchange(pending_, {});
  pending_rows_ = 0;
  struct Releaser {
    const std::vector<ArrowArray>& arrays;
    ~Releaser() {
      for (ArrowArray array : arrays) Release(array);
    }
  } releaser{arrays};
  SegmentWriter writer(root_);
  for (const ArrowArray& array : arrays) TRY(writer.Add(array));
  if (writer.bytes() > segment_max_)
    return MakeError(ErrorKind::kLimit,
                     std::to_string(arrays[0].length) + " rows of the result take " +
                         std::to_string(writer.bytes()) +
                         " bytes, more than may be handed over at once; raise `memory`",
                     "engine.memory");
  const os::File memory = TRY(os::MakeSealedMemory(writer.parts()));
  TRY(credit_.Take());
  last_flush_ = std::chrono::steady_clock::now();
  const SegmentMessage message{number_, writer.TakeDescription()};
  return socket_.Send(FrameType::kSegment, message.Write(), memory.fd(), kForever);
}

}  // namespace caudal::engine
