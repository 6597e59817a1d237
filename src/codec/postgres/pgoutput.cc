#include "codec/postgres/pgoutput.h"

#include <fmt/format.h>

#include <cstring>
#include <string>

#include "codec/postgres/replication.h"

namespace caudal::postgres {
namespace {

std::string_view NameOfMessage(char type) {
  switch (type) {
    case 'B':
      return "Begin";
    case 'M':
      return "Message";
    case 'C':
      return "Commit";
    case 'O':
      return "Origin";
    case 'R':
      return "Relation";
    case 'Y':
      return "Type";
    case 'I':
      return "Insert";
    case 'U':
      return "Update";
    case 'D':
      return "Delete";
    case 'T':
      return "Truncate";
    case 'S':
      return "StreamStart";
    case 'E':
      return "StreamStop";
    case 'c':
      return "StreamCommit";
    case 'A':
      return "StreamAbort";
    default:
      return {};
  }
}

bool MayStandInBlock(char type) {
  return std::string_view("IUDTMRYOE").find(type) != std::string_view::npos;
}

// A failure sticks: from then on everything reads as zero or empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  bool ok() const { return why_ == nullptr; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const char* why() const { return why_; }
  size_t failed_at() const { return failed_at_; }
  void Fail(const char* why, size_t back = 0) {
    if (why_ != nullptr) return;
    why_ = why;
    failed_at_ = static_cast<size_t>(at_ - begin_) - back;
    at_ = end_;
  }

  template <class T>
  T Number() {
    if (!Need(sizeof(T))) return 0;
    const T number = LoadBig<T>(at_);
    at_ += sizeof(T);
    return number;
  }
  uint8_t Byte() {
    if (!Need(1)) return 0;
    return static_cast<uint8_t>(*at_++);
  }
  uint32_t U32() { return Number<uint32_t>(); }
  Lsn Position() { return {Number<uint64_t>()}; }
  Micros Time() {
    const auto micros = Number<int64_t>();
    return ok() ? ToUnixMicros(micros) : 0;
  }
  // Up to a zero byte, which is taken too.
  std::string_view Text() {
    const void* zero = left() > 0 ? std::memchr(at_, 0, left()) : nullptr;
    if (zero == nullptr) {
      Fail("a name doesn't end");
      return {};
    }
    const std::string_view text(at_, static_cast<size_t>(static_cast<const char*>(zero) - at_));
    at_ += text.size() + 1;
    return text;
  }
  std::string_view Bytes(size_t size) {
    if (!Need(size)) return {};
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  // Flags that no version has given a meaning yet.
  void NoFlags() {
    if (Byte() != 0) Fail("flags that have no meaning", 1);
  }
  uint16_t Count() {
    const auto count = Number<int16_t>();
    if (count < 0) Fail("a count below zero", sizeof count);
    return count < 0 ? 0 : static_cast<uint16_t>(count);
  }

  Tuple Row() {
    const uint16_t columns = Count();
    const char* first = at_;
    for (uint16_t i = 0; i < columns; ++i) {
      if (at_ == end_) [[unlikely]] {
        Fail("it ends too early");
        return {};
      }
      const char kind = *at_;
      if (kind == 't' || kind == 'b') {
        const size_t size = left() < 5 ? SIZE_MAX : 5 + size_t{LoadBig<uint32_t>(at_ + 1)};
        if (size > left()) [[unlikely]] {
          Fail("a value is longer than what is left");
          return {};
        }
        at_ += size;
      } else if (kind == 'n' || kind == 'u') {
        ++at_;
      } else {
        Fail("a value is neither null, unchanged, text nor binary");
        return {};
      }
    }
    if (!ok()) return {};
    return {columns, {first, static_cast<size_t>(at_ - first)}};
  }

 private:
  bool Need(size_t bytes) {
    if (left() >= bytes) [[likely]]
      return true;
    Fail("it ends too early");
    return false;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* why_ = nullptr;
  size_t failed_at_ = 0;
};

// The members of a braced list are read in their order.

Insert ReadInsert(Cursor& in, uint32_t xid) {
  Insert message{.xid = xid, .relation = in.U32()};
  if (in.Byte() != 'N') in.Fail("no new row", 1);
  message.row = in.Row();
  return message;
}

Update ReadUpdate(Cursor& in, uint32_t xid) {
  Update message{.xid = xid, .relation = in.U32()};
  uint8_t kind = in.Byte();
  if (kind == 'K' || kind == 'O') {
    message.old_kind = static_cast<OldRow>(kind);
    message.old_row = in.Row();
    kind = in.Byte();
  }
  if (kind != 'N') in.Fail("no new row", 1);
  message.row = in.Row();
  return message;
}

Delete ReadDelete(Cursor& in, uint32_t xid) {
  Delete message{.xid = xid, .relation = in.U32()};
  const uint8_t kind = in.Byte();
  if (kind != 'K' && kind != 'O') in.Fail("no old row", 1);
  message.old_kind = static_cast<OldRow>(kind);
  message.old_row = in.Row();
  return message;
}

Truncate ReadTruncate(Cursor& in, uint32_t xid) {
  Truncate message{.xid = xid};
  const auto count = in.Number<int32_t>();
  const uint8_t options = in.Byte();
  if (options > 3) in.Fail("options that have no meaning", 1);
  message.cascade = (options & 1) != 0;
  message.restart_identity = (options & 2) != 0;
  if (count < 0 || static_cast<uint32_t>(count) > in.left() / 4) {
    in.Fail("more tables than are named");
    return message;
  }
  message.relations = RelationOids(in.Bytes(static_cast<size_t>(count) * 4));
  return message;
}

LogicalMessage ReadLogicalMessage(Cursor& in, uint32_t xid) {
  LogicalMessage message{.xid = xid};
  const uint8_t flags = in.Byte();
  if (flags > 1) in.Fail("flags that have no meaning", 1);
  message.transactional = flags == 1;
  message.lsn = in.Position();
  message.prefix = in.Text();
  message.content = in.Bytes(in.U32());
  return message;
}

Relation ReadRelation(Cursor& in, uint32_t xid) {
  Relation message{.xid = xid, .oid = in.U32(), .schema = in.Text(), .name = in.Text()};
  const uint8_t identity = in.Byte();
  if (in.ok() && std::string_view("dnfi").find(static_cast<char>(identity)) == std::string::npos)
    in.Fail("an unknown replica identity", 1);
  message.identity = static_cast<ReplicaIdentity>(identity);
  const uint16_t count = in.Count();
  const size_t before = in.left();
  Cursor columns = in;
  for (uint16_t i = 0; i < count && in.ok(); ++i) {
    in.Byte();
    in.Text();
    in.Bytes(8);  // type, modifier
  }
  if (in.ok()) message.columns = RelationColumns(count, columns.Bytes(before - in.left()));
  return message;
}

StreamStart ReadStreamStart(Cursor& in) {
  StreamStart message{.xid = in.U32()};
  const uint8_t first = in.Byte();
  if (first > 1) in.Fail("neither the first block nor another", 1);
  message.first = first == 1;
  return message;
}

StreamAbort ReadStreamAbort(Cursor& in) {
  StreamAbort message{.xid = in.U32(), .subxid = in.U32()};
  if (in.ok() && in.left() > 0) message.place = {.lsn = in.Position(), .aborted_at = in.Time()};
  return message;
}

Commit ReadCommit(Cursor& in) {
  in.NoFlags();
  return {.commit_lsn = in.Position(), .end_lsn = in.Position(), .committed_at = in.Time()};
}

StreamCommit ReadStreamCommit(Cursor& in) {
  StreamCommit message{.xid = in.U32()};
  in.NoFlags();
  message.commit_lsn = in.Position();
  message.end_lsn = in.Position();
  message.committed_at = in.Time();
  return message;
}

Message Read(Cursor& in, char type, bool in_stream) {
  const auto xid = [&] { return in_stream ? in.U32() : 0; };
  switch (type) {
    case 'I':
      return ReadInsert(in, xid());
    case 'U':
      return ReadUpdate(in, xid());
    case 'D':
      return ReadDelete(in, xid());
    case 'B':
      return Begin{in.Position(), in.Time(), in.U32()};
    case 'C':
      return ReadCommit(in);
    case 'R':
      return ReadRelation(in, xid());
    case 'Y':
      return TypeName{xid(), in.U32(), in.Text(), in.Text()};
    case 'O':
      return Origin{in.Position(), in.Text()};
    case 'T':
      return ReadTruncate(in, xid());
    case 'M':
      return ReadLogicalMessage(in, xid());
    case 'S':
      return ReadStreamStart(in);
    case 'c':
      return ReadStreamCommit(in);
    case 'A':
      return ReadStreamAbort(in);
    default:
      return StreamStop{};
  }
}

Error Bad(char type, size_t offset, std::string_view why) {
  const std::string_view name = NameOfMessage(type);
  return MakeError(
      ErrorKind::kInvalid,
      fmt::format("pgoutput message {}, at offset {}: {}",
                  name.empty() ? fmt::format("0x{:02x}", static_cast<uint8_t>(type)) : name, offset,
                  why));
}

}  // namespace

Result<Message> MessageParser::Parse(std::string_view bytes) {
  if (bytes.empty()) return MakeError(ErrorKind::kInvalid, "pgoutput message: it is empty");
  const char type = bytes[0];
  if (in_stream_ && !MayStandInBlock(type)) [[unlikely]]
    return Bad(type, 0, "it stands inside of a block of a streamed transaction");
  if (NameOfMessage(type).empty()) [[unlikely]]
    return Bad(type, 0, "there is no such message");
  if (type == 'E' && !in_stream_) [[unlikely]]
    return Bad(type, 0, "no block of a streamed transaction is open");
  Cursor in(bytes);
  in.Byte();
  const Message message = Read(in, type, in_stream_);
  if (in.ok() && in.left() > 0) in.Fail("it should end here");
  if (!in.ok()) [[unlikely]]
    return Bad(type, in.failed_at(), in.why());
  if (type == 'S') in_stream_ = true;
  if (type == 'E') in_stream_ = false;
  return message;
}

}  // namespace caudal::postgres
