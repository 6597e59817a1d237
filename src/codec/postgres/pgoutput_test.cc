// Reads what PostgreSQL 15 sent (testdata/streams.txt; streams_shown.txt says what it is), and
// messages made here.
#include "codec/postgres/pgoutput.h"

#include <fmt/format.h>

#include <type_traits>

#include "codec/postgres/test_values.h"

namespace caudal::postgres {
namespace {

static_assert(std::is_trivially_copyable_v<Message>);

std::string Bytes(std::string_view hex) { return DecodeHex(hex).value(); }

struct Shower {
  static std::string Row(const Tuple& row) {
    std::string text = "(";
    size_t columns = 0;
    for (const ColumnValue value : row) {
      if (columns++ > 0) text += ", ";
      std::string bytes(value.bytes.substr(0, 40));
      if (value.bytes.size() > 40) bytes += fmt::format("... {} bytes", value.bytes.size());
      if (value.kind == ColumnKind::kText) text += fmt::format("'{}'", bytes);
      if (value.kind == ColumnKind::kBinary) text += EncodeHex(bytes);
      if (value.kind == ColumnKind::kNull) text += "null";
      if (value.kind == ColumnKind::kUnchanged) text += "unchanged";
    }
    EXPECT_EQ(columns, row.size());
    return text + ")";
  }
  static std::string Xid(uint32_t xid) { return xid == 0 ? "" : " in " + std::to_string(xid); }

  std::string operator()(const Begin& m) const {
    return fmt::format("Begin {} commit {} at {}", m.xid, m.commit_lsn.Text(), m.committed_at);
  }
  std::string operator()(const Commit& m) const {
    return fmt::format("Commit {} end {} at {}", m.commit_lsn.Text(), m.end_lsn.Text(),
                       m.committed_at);
  }
  std::string operator()(const Origin& m) const {
    return fmt::format("Origin {} {}", m.name, m.commit_lsn.Text());
  }
  std::string operator()(const LogicalMessage& m) const {
    return fmt::format("Message{} {} {} {} {}", Xid(m.xid), m.transactional, m.lsn.Text(), m.prefix,
                       EncodeHex(m.content));
  }
  std::string operator()(const Relation& m) const {
    std::string columns;
    size_t count = 0;
    for (const RelationColumn column : m.columns) {
      columns += fmt::format(", {}{} {} {}", column.key ? "key " : "", column.name, column.type_oid,
                             column.typmod);
      ++count;
    }
    EXPECT_EQ(count, m.columns.size());
    return fmt::format("Relation{} {} {}.{} identity {}{}", Xid(m.xid), m.oid, m.schema, m.name,
                       static_cast<char>(m.identity), columns);
  }
  std::string operator()(const TypeName& m) const {
    return fmt::format("Type{} {} {}.{}", Xid(m.xid), m.oid, m.schema, m.name);
  }
  std::string operator()(const Insert& m) const {
    return fmt::format("Insert{} {} {}", Xid(m.xid), m.relation, Row(m.row));
  }
  std::string operator()(const Update& m) const {
    return fmt::format(
        "Update{} {}{} {}", Xid(m.xid), m.relation,
        m.old_kind == OldRow::kNone
            ? ""
            : fmt::format(" {} {} to", static_cast<char>(m.old_kind), Row(m.old_row)),
        Row(m.row));
  }
  std::string operator()(const Delete& m) const {
    return fmt::format("Delete{} {} {} {}", Xid(m.xid), m.relation, static_cast<char>(m.old_kind),
                       Row(m.old_row));
  }
  std::string operator()(const Truncate& m) const {
    std::string text = "Truncate" + Xid(m.xid);
    if (m.cascade) text += " cascade";
    if (m.restart_identity) text += " restart_identity";
    for (size_t i = 0; i < m.relations.size(); ++i) text += fmt::format(" {}", m.relations[i]);
    return text;
  }
  std::string operator()(const StreamStart& m) const {
    return fmt::format("StreamStart {}{}", m.xid, m.first ? " first" : "");
  }
  std::string operator()(const StreamStop&) const { return "StreamStop"; }
  std::string operator()(const StreamCommit& m) const {
    return fmt::format("StreamCommit {} {} end {} at {}", m.xid, m.commit_lsn.Text(),
                       m.end_lsn.Text(), m.committed_at);
  }
  std::string operator()(const StreamAbort& m) const {
    return fmt::format(
        "StreamAbort {} {}{}", m.xid, m.subxid,
        m.place ? fmt::format(" {} at {}", m.place->lsn.Text(), m.place->aborted_at) : "");
  }
};

std::string ShowMessage(MessageParser& parser, std::string_view bytes) {
  const auto message = parser.Parse(bytes);
  return message.ok() ? std::visit(Shower(), *message) : message.error().message;
}

std::string ShowMessage(std::string_view hex) {
  MessageParser parser;
  return ShowMessage(parser, Bytes(hex));
}

// Calls each(parser, message) for what the server sent; the parser is as it was before it.
template <class Each>
void EachSent(Each&& each) {
  std::istringstream lines(ReadTestFile("streams.txt"));
  MessageParser parser;
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      parser = MessageParser();
      continue;
    }
    const std::string message = Bytes(line);
    each(parser, message);
    ASSERT_TRUE(parser.Parse(message).ok());
    ++count;
  }
  EXPECT_GT(count, 100);
}

TEST(PgOutput, WhatAServerSentIsRead) {
  std::istringstream expected(ReadTestFile("streams_shown.txt"));
  std::string shown;
  EachSent([&](MessageParser parser, const std::string& message) {
    const std::string text = ShowMessage(parser, message);
    shown += text + "\n";
    std::string line;
    std::getline(expected, line);
    EXPECT_EQ(text, line);
  });
  if (testing::Test::HasFailure()) std::cout << shown;
}

TEST(PgOutput, AMessageCutShortOrTooLongIsRefused) {
  EachSent([](const MessageParser& parser, const std::string& message) {
    for (size_t size = 0; size < message.size(); ++size) {
      MessageParser copy = parser;
      const auto parsed = copy.Parse(std::string(message.substr(0, size)));
      ASSERT_FALSE(parsed.ok()) << size << " of " << EncodeHex(message);
      EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
      EXPECT_EQ(copy.in_stream(), parser.in_stream());
    }
    MessageParser copy = parser;
    EXPECT_FALSE(copy.Parse(message + '\0').ok()) << EncodeHex(message);
  });
}

TEST(PgOutput, DamagedMessagesNeverCrash) {
  EachSent([](const MessageParser& parser, const std::string& message) {
    for (size_t at = 0; at < message.size(); ++at)
      for (const char change : {'\xff', '\x01', '\x80'}) {
        const auto damaged = std::make_unique<char[]>(message.size());
        std::copy(message.begin(), message.end(), damaged.get());
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        MessageParser copy = parser;
        ShowMessage(copy, {damaged.get(), message.size()});
      }
  });
}

TEST(PgOutput, MessagesOfLaterVersions) {
  MessageParser parser;
  EXPECT_EQ(ShowMessage(parser, Bytes("410000000700000008"
                                      "0000000100000002"
                                      "0000000000000001")),
            "StreamAbort 7 8 1/2 at 946684800000001");
  EXPECT_EQ(ShowMessage(parser, Bytes("410000000700000007")), "StreamAbort 7 7");
  EXPECT_EQ(ShowMessage("41000000070000000800000001"),
            "pgoutput message StreamAbort, at offset 9: it ends too early");
}

TEST(PgOutput, ErrorsNameTheMessageAndTheOffset) {
  EXPECT_EQ(ShowMessage(""), "pgoutput message: it is empty");
  EXPECT_EQ(ShowMessage("00"), "pgoutput message 0x00, at offset 0: there is no such message");
  EXPECT_EQ(ShowMessage("62"), "pgoutput message 0x62, at offset 0: there is no such message");
  EXPECT_EQ(ShowMessage("49000000014e0001780000"),
            "pgoutput message Insert, at offset 8: a value is neither null, unchanged, text nor "
            "binary");
  EXPECT_EQ(ShowMessage("49000000014e00017400000002ff"),
            "pgoutput message Insert, at offset 8: a value is longer than what is left");
  EXPECT_EQ(ShowMessage("49000000014e000174ffffffff"),
            "pgoutput message Insert, at offset 8: a value is longer than what is left");
  EXPECT_EQ(ShowMessage("49000000014e0001740000"),
            "pgoutput message Insert, at offset 8: a value is longer than what is left");
  EXPECT_EQ(ShowMessage("49000000014effff"),
            "pgoutput message Insert, at offset 6: a count below zero");
  EXPECT_EQ(ShowMessage("49000000014b0000"), "pgoutput message Insert, at offset 5: no new row");
  EXPECT_EQ(ShowMessage("55000000014b00004b0000"),
            "pgoutput message Update, at offset 8: no new row");
  EXPECT_EQ(ShowMessage("44000000014e0000"), "pgoutput message Delete, at offset 5: no old row");
  EXPECT_EQ(ShowMessage("540000000204"),
            "pgoutput message Truncate, at offset 5: options that have no meaning");
  EXPECT_EQ(ShowMessage("540000000200000000"
                        "01"),
            "pgoutput message Truncate, at offset 6: more tables than are named");
  EXPECT_EQ(ShowMessage("54ffffffff00"),
            "pgoutput message Truncate, at offset 6: more tables than are named");
  EXPECT_EQ(ShowMessage("4300000000"), "pgoutput message Commit, at offset 2: it ends too early");
  EXPECT_EQ(ShowMessage("4301" + std::string(48, '0')),
            "pgoutput message Commit, at offset 1: flags that have no meaning");
  EXPECT_EQ(ShowMessage("4d02"),
            "pgoutput message Message, at offset 1: flags that have no meaning");
  EXPECT_EQ(ShowMessage("52000000010061"),
            "pgoutput message Relation, at offset 6: a name doesn't end");
  EXPECT_EQ(ShowMessage("52000000010000780000"),
            "pgoutput message Relation, at offset 7: an unknown replica identity");
  EXPECT_EQ(ShowMessage("530000000102"),
            "pgoutput message StreamStart, at offset 5: neither the first block nor another");
}

TEST(PgOutput, BlocksOfStreamedTransactionsAreKept) {
  MessageParser parser;
  const std::string insert = Bytes("49000000014e0000");
  const std::string streamed = Bytes("4900000009000000014e0000");
  const std::string start = Bytes("530000000901");
  EXPECT_EQ(ShowMessage(parser, insert), "Insert 1 ()");
  EXPECT_EQ(ShowMessage(parser, "E"),
            "pgoutput message StreamStop, at offset 0: no block of a streamed transaction is open");
  EXPECT_FALSE(parser.Parse(streamed).ok());
  EXPECT_EQ(ShowMessage(parser, start), "StreamStart 9 first");
  EXPECT_TRUE(parser.in_stream());
  EXPECT_EQ(ShowMessage(parser, streamed), "Insert in 9 1 ()");
  EXPECT_FALSE(parser.Parse(insert).ok());
  const std::string inside = "it stands inside of a block of a streamed transaction";
  EXPECT_EQ(ShowMessage(parser, start), "pgoutput message StreamStart, at offset 0: " + inside);
  for (const char type : std::string_view("BCcA"))
    EXPECT_TRUE(ShowMessage(parser, std::string(1, type)).ends_with(inside)) << type;
  EXPECT_EQ(ShowMessage(parser, "E"), "StreamStop");
  EXPECT_FALSE(parser.in_stream());

  MessageParser within(true);
  EXPECT_EQ(ShowMessage(within, streamed), "Insert in 9 1 ()");
  EXPECT_FALSE(within.Parse(insert).ok());
}

}  // namespace
}  // namespace caudal::postgres
