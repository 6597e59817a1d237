#include <gtest/gtest.h>

#include "base/random.h"
#include "data/digest.h"
#include "data/json.h"
#include "data/timestamp.h"
#include "data/utf8.h"

namespace caudal {
namespace {

TEST(Timestamp, RoundTrips) {
  EXPECT_EQ(FormatRfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatHttpDate(784111777000000), "Sun, 06 Nov 1994 08:49:37 GMT");
  const Micros t = ParseRfc3339("2026-11-23T19:13:00.1234567+02:30").value();
  EXPECT_EQ(FormatRfc3339(t, 6), "2026-11-23T16:43:00.123456Z");
  EXPECT_EQ(ParseRfc3339("2026-11-23").value(), ParseRfc3339("2026-11-23T00:00:00Z").value());
  EXPECT_EQ(ParseBasicTimestamp("20261123T164300Z").value(), t - 123456);
  EXPECT_EQ(FormatRfc3339(-1, 6), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, RefusesNonsense) {
  for (const char* bad : {"", "2026", "2026-13-01", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
                          "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx"})
    EXPECT_FALSE(ParseRfc3339(bad).ok()) << bad;
}

TEST(Digest, KnownValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(EncodeCrc32c(Crc32c("123456789")), "4waSgw==");
  EXPECT_EQ(DecodeCrc32c("4waSgw==").value(), 0xe3069283u);
  Md5 md5;
  md5.Update("hello ");
  md5.Update("world");
  const Md5Digest digest = md5.Finish();
  EXPECT_EQ(EncodeHex({digest.data(), digest.size()}), "5eb63bbbe01eeed093cb22bb8f5acdc3");
  EXPECT_EQ(EncodeHex(HmacSha256("key", "The quick brown fox jumps over the lazy dog")),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
}

TEST(Digest, CrcCombinesAtEveryCut) {
  SeededRandom random(1);
  std::string bytes(1000, '\0');
  random.Fill(std::as_writable_bytes(std::span(bytes)));
  for (size_t cut = 0; cut <= bytes.size(); cut += 37) {
    const std::string_view all = bytes;
    const uint32_t first = Crc32c(all.substr(0, cut));
    const uint32_t second = Crc32c(all.substr(cut));
    EXPECT_EQ(CombineCrc32c(first, second, all.size() - cut), Crc32c(all));
    EXPECT_EQ(Crc32c(all.substr(cut), first), Crc32c(all));
  }
}

TEST(Digest, Base64AndHex) {
  for (size_t n = 0; n < 20; ++n) {
    const std::string bytes = std::string("\x00\xff\xfe\x10 abcdefghijklmnop", 20).substr(0, n);
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)).value(), bytes);
    EXPECT_EQ(DecodeBase64(EncodeBase64Url(bytes)).value(), bytes);
    EXPECT_EQ(DecodeHex(EncodeHex(bytes)).value(), bytes);
  }
  EXPECT_FALSE(DecodeBase64("a").ok());
  EXPECT_FALSE(DecodeBase64("a*bc").ok());
  for (const char* bad : {"0g", "g0", "000", "00 0", "0\xff"}) EXPECT_FALSE(DecodeHex(bad).ok());
  EXPECT_EQ(DecodeHex("aAfF09").value(), "\xaa\xff\x09");
}

TEST(Utf8, FollowsRfc3629) {
  EXPECT_TRUE(IsValidUtf8("plain, ñ, 漢, 🦦"));
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"})
    EXPECT_FALSE(IsValidUtf8(bad));
  for (size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    EXPECT_TRUE(IsValidUtf8(text.replace(at, 1, "ñ"))) << at;
    text[at] = '\xff';
    EXPECT_FALSE(IsValidUtf8(text)) << at;
  }
}

// Plain letters are passed over many at a time: what comes between, before and after them is seen.
TEST(Utf8, IsSeenAnywhereInALongText) {
  for (size_t length = 0; length < 70; ++length)
    for (size_t at = 0; at <= length; ++at) {
      std::string text(length, 'a');
      EXPECT_TRUE(IsValidUtf8(text));
      EXPECT_TRUE(IsValidUtf8(text.substr(0, at) + "漢ñ" + text.substr(at)));
      EXPECT_FALSE(IsValidUtf8(text.substr(0, at) + "\xc3" + text.substr(at)));
      EXPECT_FALSE(IsValidUtf8(text.substr(0, at) + "\x80" + text.substr(at)));
    }
}

TEST(Json, RefusesDeepAndBroken) {
  EXPECT_FALSE(ParseJson(std::string(100, '['), "body").ok());
  EXPECT_FALSE(ParseJson("{\"a\":", "body").ok());
  EXPECT_FALSE(ParseJson("\"\xff\"", "body").ok());
  EXPECT_EQ(ParseJson("{\"a\":[1]}", "body").value()["a"][0], 1);
  EXPECT_EQ(DumpJson(Json("\xff")), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace caudal
