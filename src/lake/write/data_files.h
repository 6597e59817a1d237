// Rows into the data files of a table: Parquet, split by partition, each of about a target size.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/batch_builder.h"
#include "engine/parquet_writer.h"
#include "lake/format/table_metadata.h"
#include "lake/write/context.h"
#include "lake/write/new_snapshot.h"

namespace caudal::lake {

// A file for a commit to add: a small one by its bytes, others are objects already.
struct WrittenFile {
  AddedFile added;
  std::optional<std::string> bytes;
  std::string path;            // of a local file that has them, until the store takes it
  std::vector<uint32_t> tags;  // of its rows, when they were written with some
};

struct DataFileOptions {
  uint64_t target_bytes = 128u << 20;  // of a file; the property write.target-file-size-bytes
  uint64_t buffer_bytes = 64u << 20;   // of a partitioned table's rows that wait, together
  // An append of more bytes than this, in memory, goes into so many files at once.
  uint64_t spread_bytes = 32u << 20;
  size_t files_at_once = 2;  // also of those that are being finished
  // Files of more bytes become objects when they are finished: the commit waits less.
  uint64_t publish_bytes = 1u << 20;
};

// The size at which a data file ends: as the table says, else the other.
uint64_t TargetBytesOf(const TableMetadata& metadata, uint64_t otherwise);

// One thread at a time. Large files are finished in threads of their own: an error of one comes
// with a later call. Errors are those of ParquetWriter and Store::PublishAll; after one it is of no
// use. Destroyed without Finish, it removes what it wrote.
class DataFileWriter {
 public:
  // Of the table's present schema and default partition spec. kUnsupported, naming the field, when
  // a transform isn't known.
  static Result<std::unique_ptr<DataFileWriter>> Open(const WriteContext& context,
                                                      const TableMetadata& metadata,
                                                      const DataFileOptions& options = {});
  ~DataFileWriter();

  // Batches of the schema. Each file keeps the order of the rows. Tags, one a row, of all batches
  // or of none, come back with the files: so it is known where each row went.
  Result<void> Write(const Batch& batch, std::span<const uint32_t> tags = {});
  // Rows that all belong to this partition of the table's present spec: the files, as Finish gives
  // them, have them one after the other. For a writer that gets no others.
  Result<void> WriteInOrder(const std::vector<Value>& partition, const Batch& batch);
  int64_t rows() const { return rows_; }
  // Once. Its files are the caller's now.
  Result<std::vector<WrittenFile>> Finish();

 private:
  struct Partition {
    std::vector<Value> values;
    std::unique_ptr<BatchBuilder> rows;
    std::vector<uint32_t> tags;
  };

  DataFileWriter(const WriteContext& context, const TableMetadata& metadata,
                 const DataFileOptions& options);
  struct OpenFile {
    std::unique_ptr<engine::ParquetWriter> writer;  // null: none
    std::string path;
    std::string name;
    std::vector<Value> partition;
    std::vector<uint32_t> tags;
  };
  Result<void> WriteTo(OpenFile& file, const std::vector<Value>& partition, Batch batch,
                       std::span<const uint32_t> tags);
  // The file is whole, but for what End does.
  Result<void> FinishFile(OpenFile& file);
  Result<WrittenFile> End(OpenFile file) const;
  Result<void> TakeFinished();  // the first of those that are being finished
  Result<void> Split(const Batch& batch, std::span<const uint32_t> tags);
  Result<void> Flush(Partition& partition);
  Result<void> FlushLargest();
  const WriteContext context_;
  const TableMetadata metadata_;
  const DataFileOptions options_;
  const std::string names_;  // how the names of its files begin: they sort as they were begun
  size_t begun_ = 0;
  std::vector<OpenFile> open_;  // that are being written
  uint64_t spread_ = 0;         // bytes that came so far
  size_t next_ = 0;
  std::map<std::string, Partition> partitions_;  // by the text of their values
  uint64_t buffered_ = 0;
  int64_t rows_ = 0;
  std::deque<std::future<Result<WrittenFile>>> finishing_;  // in order
  std::vector<WrittenFile> files_;
};

// Takes a finished local file over: as bytes when it is small, else it becomes an object at once.
Result<WrittenFile> TakeFile(const WriteContext& context, AddedFile added, const std::string& path,
                             uint64_t publish_bytes);
// Of a file that has bytes.
Result<objects::FileToPublish> ToPublish(const WrittenFile& file);
// After the commit: what the store has left of them.
void RemoveLocal(const std::vector<WrittenFile>& files);
// Removes the objects of files that won't be used. One that stays behind is an orphan: see
// lake/upkeep.
void DiscardFiles(const WriteContext& context, const std::vector<WrittenFile>& files);

}  // namespace caudal::lake
