#include "codec/gzip/gzip.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace caudal {
namespace {

std::string Unpacked(std::string_view bytes) { return Gunzip(bytes, 64u << 20).value(); }

TEST(Gzip, TextsComeBack) {
  SeededRandom random(1);
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(3'000'000, 'y'), random.Hex(100'000)}) {
    const std::string packed = Gzip(text);
    EXPECT_TRUE(IsGzip(packed));
    EXPECT_EQ(Unpacked(packed), text);
    EXPECT_EQ(packed, Gzip(text));
  }
  EXPECT_LT(Gzip(std::string(3'000'000, 'y')).size(), 30'000u);
  EXPECT_FALSE(IsGzip("{}"));
  EXPECT_FALSE(IsGzip("\x1f"));
}

TEST(Gzip, WhatCantBeSmallerIsStored) {
  SeededRandom random(2);
  for (const size_t size : {size_t{1}, size_t{65'535}, size_t{65'536}, size_t{500'000}}) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    EXPECT_EQ(Unpacked(Gzip(bytes)), bytes);
  }
}

TEST(Gzip, MembersComeOneAfterTheOther) {
  EXPECT_EQ(Unpacked(Gzip("one ") + Gzip("") + Gzip("two")), "one two");
}

TEST(Gzip, NamesWhatIsWrong) {
  const std::string packed = Gzip("some text, some text, some text");
  for (size_t length = 0; length < packed.size(); ++length)
    EXPECT_EQ(Gunzip(packed.substr(0, length), 1000).error().kind, ErrorKind::kInvalid) << length;
  std::string other = packed;
  other[packed.size() - 8] ^= 1;  // the checksum
  EXPECT_EQ(Gunzip(other, 1000).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(Gunzip(packed + "rest", 1000).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(Gunzip(Gzip(std::string(1001, 'a')), 1000).error().kind, ErrorKind::kLimit);
}

}  // namespace
}  // namespace caudal
