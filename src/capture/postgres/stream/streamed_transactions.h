// Transactions that the source sends before they end, in blocks that take turns (protocol 2): kept
// as they came, in memory or in files, until a commit says that they count.
//
//   TRY(streamed.Start(start));  TRY(streamed.Add(bytes)) ...;  streamed.Stop();
//   streamed.Abort(abort);                         // of a savepoint, or of all
//   auto transaction = TRY(streamed.Take(xid));    // at the commit
//   while (const auto message = TRY(transaction->Next())) ...
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/postgres/pgoutput.h"
#include "os/file.h"

namespace caudal::capture::postgres {

// What came of one, in order. One thread at a time.
class StreamedTransaction {
 public:
  // The next message, without those of subtransactions that were rolled back; its views live until
  // the next call. Nothing at the end.
  Result<std::optional<caudal::postgres::Message>> Next();

 private:
  friend class StreamedTransactions;

  // Whether there is more than `rest_` had.
  Result<bool> Fill();
  bool Counts(uint32_t xid);

  // Messages, each with its length before it, 4 bytes: those in the file, then those in `tail_`.
  os::File file_;
  uint64_t file_size_ = 0;
  std::string tail_;
  std::vector<uint32_t> aborted_;

  // Of who reads.
  caudal::postgres::MessageParser parser_{true};
  uint64_t read_ = 0;  // of the file
  bool in_tail_ = false;
  std::string piece_;
  std::string_view rest_;  // of the piece or the tail
  bool begun_ = false;     // aborted_ is sorted
  uint32_t xid_ = 0;       // of the last message, and whether it counts
  bool counts_ = true;
};

// Those of one connection. One thread at a time. Errors are those of the files.
class StreamedTransactions {
 public:
  struct Options {
    std::string folder;           // for files; they have no names, so nothing is left of them
    uint64_t memory = 16u << 20;  // of all of them; beyond, they are in files
  };
  explicit StreamedTransactions(Options options) : options_(std::move(options)) {}

  void Start(const caudal::postgres::StreamStart& start);
  void Stop();
  bool in_block() const { return open_ != nullptr; }
  // A message of the open block, parsed before: `bytes` as it came.
  Result<void> Add(std::string_view bytes);
  void Abort(const caudal::postgres::StreamAbort& abort);
  // It is no more one of these. kCorrupt when it never was.
  Result<std::unique_ptr<StreamedTransaction>> Take(uint32_t xid);

  size_t size() const { return transactions_.size(); }
  uint64_t reserved() const;                         // memory for them, in use or not
  uint64_t bytes() const { return bytes_; }          // of all
  uint64_t in_memory() const { return in_memory_; }  // of them

 private:
  Result<void> Write(StreamedTransaction& transaction);
  void Uncount(const StreamedTransaction& transaction);

  const Options options_;
  std::map<uint32_t, std::unique_ptr<StreamedTransaction>> transactions_;
  StreamedTransaction* open_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t in_memory_ = 0;
};

}  // namespace caudal::capture::postgres
