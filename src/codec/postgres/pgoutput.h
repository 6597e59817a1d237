// The messages of pgoutput, protocol versions 1 to 4 (PostgreSQL documentation, "Logical
// Replication Message Formats"; "Logical Streaming Replication Protocol"), but for those of
// two-phase commits: who doesn't ask for them gets a prepared transaction when it is committed.
//
//   MessageParser parser;
//   const Message message = TRY(parser.Parse(frame.data));
//   if (const auto* insert = std::get_if<Insert>(&message))
//     for (const ColumnValue value : insert->row) ...
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "codec/postgres/lsn.h"
#include "codec/postgres/tuple.h"
#include "codec/postgres/wire.h"

namespace caudal::postgres {

// Everything is a view into the message's bytes, or a number: a Message is copied as memory is.

// In a change, `xid` is the (sub)transaction that made it, between StreamStart and StreamStop;
// elsewhere 0.

struct Begin {
  Lsn commit_lsn;  // of its Commit
  Micros committed_at = 0;
  uint32_t xid = 0;
};

struct Commit {
  Lsn commit_lsn;
  Lsn end_lsn;  // the end of the transaction: what is acknowledged
  Micros committed_at = 0;
};

struct Origin {
  Lsn commit_lsn;  // on the server where the transaction came from
  std::string_view name;
};

// pg_logical_emit_message
struct LogicalMessage {
  uint32_t xid = 0;
  bool transactional = false;
  Lsn lsn;
  std::string_view prefix;
  std::string_view content;
};

// What the log holds of the old state of a row that is changed.
enum class ReplicaIdentity : char { kDefault = 'd', kNothing = 'n', kFull = 'f', kIndex = 'i' };

struct RelationColumn {
  bool key = false;  // part of the replica identity; with kFull all columns are
  std::string_view name;
  uint32_t type_oid = 0;
  int32_t typmod = -1;
};

// The columns that the tuples of a relation have, in their order.
class RelationColumns {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = RelationColumn;
    using difference_type = std::ptrdiff_t;
    using pointer = const RelationColumn*;
    using reference = RelationColumn;

    Iterator() = default;
    RelationColumn operator*() const {
      const std::string_view name(at_ + 1);
      const char* type = at_ + 1 + name.size() + 1;
      return {(*at_ & 1) != 0, name, LoadBig<uint32_t>(type), LoadBig<int32_t>(type + 4)};
    }
    Iterator& operator++() {
      at_ += 1 + std::string_view(at_ + 1).size() + 1 + 8;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class RelationColumns;
    explicit Iterator(const char* at) : at_(at) {}
    const char* at_ = nullptr;
  };

  RelationColumns() = default;
  RelationColumns(uint16_t size, std::string_view bytes) : size_(size), bytes_(bytes) {}

  size_t size() const { return size_; }
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  std::string_view bytes() const { return bytes_; }

 private:
  uint16_t size_ = 0;
  std::string_view bytes_;
};

// Comes before the first change of a table, and again when something about it has changed.
struct Relation {
  uint32_t xid = 0;
  uint32_t oid = 0;
  std::string_view schema;  // empty: pg_catalog
  std::string_view name;
  ReplicaIdentity identity = ReplicaIdentity::kDefault;
  RelationColumns columns;
};

// The name of a type that isn't built in, before a Relation that has it.
struct TypeName {
  uint32_t xid = 0;
  uint32_t oid = 0;
  std::string_view schema;
  std::string_view name;
};

struct Insert {
  uint32_t xid = 0;
  uint32_t relation = 0;
  Tuple row;
};

enum class OldRow : char {
  kNone = 0,    // of an Update: the key is as it was
  kKey = 'K',   // the columns of the replica identity; the others are sent as nulls
  kFull = 'O',  // replica identity FULL: all columns
};

struct Update {
  uint32_t xid = 0;
  uint32_t relation = 0;
  OldRow old_kind = OldRow::kNone;
  Tuple old_row;
  Tuple row;
};

struct Delete {
  uint32_t xid = 0;
  uint32_t relation = 0;
  OldRow old_kind = OldRow::kKey;
  Tuple old_row;
};

class RelationOids {
 public:
  RelationOids() = default;
  explicit RelationOids(std::string_view bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size() / 4; }
  uint32_t operator[](size_t i) const { return LoadBig<uint32_t>(bytes_.data() + 4 * i); }

 private:
  std::string_view bytes_;
};

struct Truncate {
  uint32_t xid = 0;
  bool cascade = false;
  bool restart_identity = false;
  RelationOids relations;
};

// A large transaction in progress, from version 2 on: its changes come in blocks, from StreamStart
// to StreamStop; blocks of several transactions take turns.
struct StreamStart {
  uint32_t xid = 0;
  bool first = false;  // block of this transaction
};

struct StreamStop {};

struct StreamCommit {
  uint32_t xid = 0;
  Lsn commit_lsn;
  Lsn end_lsn;
  Micros committed_at = 0;
};

struct StreamAbort {
  uint32_t xid = 0;
  uint32_t subxid = 0;  // the same as xid: all of the transaction
  // From version 4 on, with streaming=parallel.
  struct Place {
    Lsn lsn;
    Micros aborted_at = 0;
  };
  std::optional<Place> place;
};

using Message =
    std::variant<Insert, Update, Delete, Begin, Commit, Relation, TypeName, Origin, Truncate,
                 LogicalMessage, StreamStart, StreamStop, StreamCommit, StreamAbort>;

// Knows whether a block is open, for its changes have an xid: one parser a connection, in the
// stream's order. One thread at a time.
class MessageParser {
 public:
  // `in_stream`: of messages from within blocks alone.
  explicit MessageParser(bool in_stream = false) : in_stream_(in_stream) {}

  // kInvalid, naming the message and the offset: it ends early or late, a byte is none of those it
  // may be, it stands inside or outside of a block where it can't. The parser is as before then.
  // Allocates nothing unless it fails.
  Result<Message> Parse(std::string_view bytes);

  bool in_stream() const { return in_stream_; }

 private:
  bool in_stream_;
};

}  // namespace caudal::postgres
