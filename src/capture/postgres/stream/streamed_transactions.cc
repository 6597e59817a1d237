#include "capture/postgres/stream/streamed_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/failpoint.h"
#include "base/random.h"
#include "codec/postgres/wire.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::LoadBig;
using caudal::postgres::Message;

constexpr size_t kLengthBytes = 4;
// Of a transaction that has a file: written at once, and read at once.
constexpr size_t kPiece = 1u << 20;

// Its type, then who made the change.
uint32_t XidOf(std::string_view message) { return LoadBig<uint32_t>(message.data() + 1); }

bool IsKept(std::string_view message) {
  // Inserts, updates, deletes, truncates and relations; names of types and origins tell us nothing.
  return std::string_view("IUDTR").find(message[0]) != std::string_view::npos;
}

}  // namespace

bool StreamedTransaction::Counts(uint32_t xid) {
  if (!begun_) {
    std::ranges::sort(aborted_);
    begun_ = true;
  } else if (xid == xid_) {
    return counts_;
  }
  xid_ = xid;
  counts_ = !std::ranges::binary_search(aborted_, xid);
  return counts_;
}

Result<bool> StreamedTransaction::Fill() {
  if (in_tail_) return false;
  const uint64_t left = file_size_ - read_;
  if (left == 0) {
    in_tail_ = true;
    rest_ = tail_;
    return !rest_.empty();
  }
  // What is there of a message is the begin of it.
  const size_t kept = rest_.size();
  size_t wanted = kPiece;
  if (kept >= kLengthBytes)
    wanted = std::max(wanted, kLengthBytes + LoadBig<uint32_t>(rest_.data()) - kept);
  wanted = std::min<uint64_t>(wanted, left);
  if (kept > 0) std::memmove(piece_.data(), rest_.data(), kept);
  piece_.resize(kept + wanted);
  const size_t got = TRY(file_.ReadAt(read_, piece_.data() + kept, wanted));
  if (got != wanted)
    return MakeError(ErrorKind::kInternal, "a file of a transaction in progress has become shorter",
                     "postgres.stream");
  read_ += wanted;
  rest_ = piece_;
  return true;
}

Result<std::optional<Message>> StreamedTransaction::Next() {
  while (true) {
    const bool whole = rest_.size() >= kLengthBytes &&
                       rest_.size() - kLengthBytes >= LoadBig<uint32_t>(rest_.data());
    if (!whole) {
      if (!TRY(Fill())) return std::optional<Message>();
      continue;
    }
    const std::string_view bytes = rest_.substr(kLengthBytes, LoadBig<uint32_t>(rest_.data()));
    rest_.remove_prefix(kLengthBytes + bytes.size());
    if (!Counts(XidOf(bytes))) continue;
    const Message message = TRY(parser_.Parse(bytes));
    return std::optional(message);
  }
}

void StreamedTransactions::Start(const caudal::postgres::StreamStart& start) {
  std::unique_ptr<StreamedTransaction>& transaction = transactions_[start.xid];
  // Of one that ended with the server's crash nothing else may tell.
  if (transaction != nullptr && start.first) Uncount(*std::exchange(transaction, nullptr));
  if (transaction == nullptr) transaction = std::make_unique<StreamedTransaction>();
  open_ = transaction.get();
}

// Others' blocks may come for long: what isn't in use of the memory goes back.
void StreamedTransactions::Stop() {
  std::string& tail = std::exchange(open_, nullptr)->tail_;
  if (tail.capacity() / 2 > tail.size()) tail.shrink_to_fit();
}

uint64_t StreamedTransactions::reserved() const {
  uint64_t bytes = 0;
  for (const auto& [xid, transaction] : transactions_) bytes += transaction->tail_.capacity();
  return bytes;
}

Result<void> StreamedTransactions::Write(StreamedTransaction& transaction) {
  FAILPOINT("capture.stream.spill");
  if (!transaction.file_.is_open()) {
    const std::string path = options_.folder + "/" + SystemRandom().Hex(16) + ".transaction";
    transaction.file_ = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
    // Gone when it is closed, however that comes about.
    TRY(os::Remove(path));
  }
  std::string& tail = transaction.tail_;
  TRY(transaction.file_.WriteAt(transaction.file_size_, tail));
  transaction.file_size_ += tail.size();
  in_memory_ -= tail.size();
  if (&transaction != open_ || tail.capacity() > 4 * kPiece) {
    std::string().swap(tail);  // an assignment would keep the memory
  } else {
    tail.clear();
  }
  return {};
}

Result<void> StreamedTransactions::Add(std::string_view bytes) {
  CAUDAL_CHECK(open_ != nullptr, "a block is open");
  if (!IsKept(bytes)) return {};
  std::array<char, kLengthBytes> length;
  caudal::postgres::StoreBig(length.data(), static_cast<uint32_t>(bytes.size()));
  open_->tail_.append(length.data(), length.size());
  open_->tail_.append(bytes);
  bytes_ += kLengthBytes + bytes.size();
  in_memory_ += kLengthBytes + bytes.size();
  if (open_->file_.is_open() && open_->tail_.size() >= kPiece) TRY(Write(*open_));
  if (in_memory_ <= options_.memory) return {};
  const auto largest = std::ranges::max_element(
      transactions_, {}, [](const auto& one) { return one.second->tail_.size(); });
  return Write(*largest->second);
}

void StreamedTransactions::Uncount(const StreamedTransaction& transaction) {
  bytes_ -= transaction.file_size_ + transaction.tail_.size();
  in_memory_ -= transaction.tail_.size();
}

void StreamedTransactions::Abort(const caudal::postgres::StreamAbort& abort) {
  const auto found = transactions_.find(abort.xid);
  if (found == transactions_.end()) return;
  if (abort.subxid != abort.xid) {
    found->second->aborted_.push_back(abort.subxid);
    return;
  }
  Uncount(*found->second);
  transactions_.erase(found);
}

Result<std::unique_ptr<StreamedTransaction>> StreamedTransactions::Take(uint32_t xid) {
  const auto found = transactions_.find(xid);
  if (found == transactions_.end())
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("the source ends a transaction ({}) that it didn't begin", xid),
                     "postgres.stream");
  std::unique_ptr<StreamedTransaction> transaction = std::move(found->second);
  Uncount(*transaction);
  transactions_.erase(found);
  return transaction;
}

}  // namespace caudal::capture::postgres
