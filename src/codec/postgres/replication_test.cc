#include "codec/postgres/replication.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "data/digest.h"

namespace caudal::postgres {
namespace {

std::string Bytes(std::string_view hex) { return DecodeHex(hex).value(); }

TEST(PgLsn, IsReadAndWritten) {
  for (const char* text : {"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/0", "0/ABC"})
    EXPECT_EQ(Lsn::Parse(text).value().Text(), text);
  EXPECT_EQ(Lsn::Parse("16/B374D848").value().value, 0x16'B374'D848u);
  EXPECT_EQ(Lsn::Parse("16/b374d848").value().Text(), "16/B374D848");
  EXPECT_LT(Lsn::Parse("9/FFFFFFFF").value(), Lsn::Parse("A/0").value());
  EXPECT_FALSE(Lsn().valid());
  for (const char* bad : {"", "/", "1", "1/", "/1", "1/2/3", "1/123456789", "G/0", "1/-1", " 1/0",
                          "1/0 ", "0x1/0", "+1/0"})
    EXPECT_FALSE(Lsn::Parse(bad).ok()) << bad;
}

TEST(PgReplication, FramesAreRead) {
  const std::string data = Bytes(
      "77"
      "0000000001000000"
      "0000001600000002"
      "0000000000000001"
      "4200ff");
  const auto frame = std::get<XLogData>(ParseReplicationFrame(data).value());
  EXPECT_EQ(frame.start.Text(), "0/1000000");
  EXPECT_EQ(frame.end.Text(), "16/2");
  EXPECT_EQ(frame.sent_at, kEpochMicros + 1);
  EXPECT_EQ(frame.data, std::string_view("\x42\x00\xff", 3));
  const std::string keepalive = Bytes("6b0000000100000002fffffffffffffffe01");
  const auto alive = std::get<Keepalive>(ParseReplicationFrame(keepalive).value());
  EXPECT_EQ(alive.end.Text(), "1/2");
  EXPECT_EQ(alive.sent_at, kEpochMicros - 2);
  EXPECT_TRUE(alive.reply_requested);
  EXPECT_EQ(std::get<XLogData>(ParseReplicationFrame(data.substr(0, 25)).value()).data, "");
}

TEST(PgReplication, OtherFramesAreRefused) {
  EXPECT_FALSE(ParseReplicationFrame("").ok());
  EXPECT_FALSE(ParseReplicationFrame(std::string("w") + std::string(23, '\0')).ok());
  EXPECT_FALSE(ParseReplicationFrame(std::string("k") + std::string(16, '\0')).ok());
  EXPECT_FALSE(ParseReplicationFrame(std::string("k") + std::string(18, '\0')).ok());
  const auto error = ParseReplicationFrame("z").error();
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_NE(error.message.find("0x7a"), std::string::npos) << error.message;
}

TEST(PgReplication, StatusIsWritten) {
  const auto bytes = EncodeStandbyStatus({.written = {0x1'00000003},
                                          .flushed = {2},
                                          .applied = {1},
                                          .sent_at = kEpochMicros + 258,
                                          .reply_requested = true});
  EXPECT_EQ(EncodeHex({bytes.data(), bytes.size()}),
            "72"
            "0000000100000003"
            "0000000000000002"
            "0000000000000001"
            "0000000000000102"
            "01");
}

TEST(PgReplication, EpochsMeetAtTheirEnds) {
  EXPECT_EQ(ToUnixMicros(0), kEpochMicros);
  EXPECT_EQ(ToPostgresMicros(0), -kEpochMicros);
  EXPECT_EQ(ToUnixMicros(std::numeric_limits<int64_t>::max()), std::numeric_limits<Micros>::max());
  EXPECT_EQ(ToPostgresMicros(std::numeric_limits<Micros>::min()),
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ToPostgresMicros(ToUnixMicros(-5)), -5);
}

}  // namespace
}  // namespace caudal::postgres
