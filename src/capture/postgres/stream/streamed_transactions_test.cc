// Blocks of transactions, made here, as they are kept and given back.
#include "capture/postgres/stream/streamed_transactions.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "codec/postgres/wire.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Delete;
using caudal::postgres::Insert;
using caudal::postgres::StoreBig;
using testing::ElementsAre;
using testing::SizeIs;

std::string Big(uint32_t number) {
  std::string bytes(4, '\0');
  StoreBig(bytes.data(), number);
  return bytes;
}

// Of one column, made by `xid`.
std::string InsertOf(uint32_t xid, const std::string& value) {
  return "I" + Big(xid) + Big(16384) + std::string("N\0\1t", 4) +
         Big(static_cast<uint32_t>(value.size())) + value;
}

class StreamedTransactionsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(os::MakeDirs(folder_).ok()); }
  void TearDown() override { (void)os::RemoveTree(folder_).ok(); }

  static void Block(StreamedTransactions& streamed, uint32_t xid,
                    const std::vector<std::string>& messages, bool first = false) {
    streamed.Start({xid, first});
    EXPECT_TRUE(streamed.in_block());
    for (const std::string& message : messages) ASSERT_TRUE(streamed.Add(message).ok());
    streamed.Stop();
    EXPECT_FALSE(streamed.in_block());
  }
  // Who made the change, and the value.
  static std::vector<std::string> Taken(StreamedTransactions& streamed, uint32_t xid) {
    std::vector<std::string> taken;
    const auto transaction = streamed.Take(xid).value();
    while (const auto message = transaction->Next().value()) {
      const Insert& insert = std::get<Insert>(*message);
      taken.push_back(std::to_string(insert.xid) + " " + std::string((*insert.row.begin()).bytes));
    }
    EXPECT_FALSE(transaction->Next().value()) << "and nothing after its end";
    return taken;
  }

  const std::string folder_ = testing::TempDir() + "streamed-" + SystemRandom().Hex(8);
};

TEST_F(StreamedTransactionsTest, TakeTurnsAndKeepTheirOrder) {
  StreamedTransactions streamed({folder_});
  Block(streamed, 7, {InsertOf(7, "a"), InsertOf(8, "b")}, true);
  Block(streamed, 9, {InsertOf(9, "x")}, true);
  Block(streamed, 7, {InsertOf(7, "c")});
  EXPECT_EQ(streamed.size(), 2u);
  EXPECT_THAT(Taken(streamed, 7), ElementsAre("7 a", "8 b", "7 c"));
  EXPECT_THAT(Taken(streamed, 9), ElementsAre("9 x"));
  EXPECT_EQ(streamed.bytes(), 0u);
  EXPECT_EQ(streamed.Take(9).error().code, "postgres.stream");
}

TEST_F(StreamedTransactionsTest, WhatIsRolledBackIsLeftOut) {
  StreamedTransactions streamed({folder_});
  Block(streamed, 7, {InsertOf(7, "a"), InsertOf(8, "no"), InsertOf(9, "b"), InsertOf(8, "no")},
        true);
  streamed.Abort({7, 8, {}});
  Block(streamed, 7, {InsertOf(10, "no"), InsertOf(7, "c")});
  streamed.Abort({7, 10, {}});
  streamed.Abort({7, 5, {}});
  Block(streamed, 20, {InsertOf(20, "no")}, true);
  streamed.Abort({20, 20, {}});
  streamed.Abort({21, 21, {}});
  EXPECT_EQ(streamed.size(), 1u);
  EXPECT_THAT(Taken(streamed, 7), ElementsAre("7 a", "9 b", "7 c"));
  // One that never ended, and another of its number.
  Block(streamed, 30, {InsertOf(30, "no")}, true);
  Block(streamed, 30, {InsertOf(30, "a")}, true);
  EXPECT_THAT(Taken(streamed, 30), ElementsAre("30 a"));
  EXPECT_EQ(streamed.bytes(), 0u);
}

TEST_F(StreamedTransactionsTest, ManyAreInFilesThatHaveNoNames) {
  constexpr uint64_t kMemory = 100'000;
  StreamedTransactions streamed({folder_, kMemory});
  for (int block = 0; block < 60; ++block)
    for (const uint32_t xid : {7u, 8u, 9u}) {
      std::vector<std::string> messages;
      for (int i = 0; i < 100; ++i)
        messages.push_back(
            InsertOf(xid, std::to_string(block * 100 + i) + std::string(block + i, 'x')));
      Block(streamed, xid, messages, block == 0);
      EXPECT_LE(streamed.in_memory(), kMemory);
    }
  EXPECT_GT(streamed.bytes(), 10 * kMemory);
  EXPECT_THAT(os::ListDir(folder_).value(), SizeIs(0));
  streamed.Abort({8, 8, {}});
  for (const uint32_t xid : {9u, 7u}) {
    const auto rows = Taken(streamed, xid);
    ASSERT_THAT(rows, SizeIs(6000));
    for (int i = 0; i < 6000; ++i)
      ASSERT_EQ(rows[static_cast<size_t>(i)], std::to_string(xid) + " " + std::to_string(i) +
                                                  std::string(i / 100 + i % 100, 'x'));
  }
  EXPECT_EQ(streamed.bytes(), 0u);
  EXPECT_EQ(streamed.in_memory(), 0u);
}

// Memory that was in use once is kept for the open one only.
TEST_F(StreamedTransactionsTest, ManyTransactionsTakeNoMoreMemoryThanAFew) {
  constexpr uint64_t kMemory = 4'000'000;
  StreamedTransactions streamed({folder_, kMemory});
  for (int block = 0; block < 4; ++block)
    for (uint32_t xid = 100; xid < 140; ++xid)
      Block(streamed, xid, std::vector<std::string>(9, InsertOf(xid, std::string(100'000, 'x'))),
            block == 0);
  EXPECT_EQ(streamed.size(), 40u);
  EXPECT_LE(streamed.in_memory(), kMemory);
  EXPECT_LE(streamed.reserved(), 2 * kMemory);
}

TEST_F(StreamedTransactionsTest, ValuesThatAreLargerThanWhatIsReadAtOnce) {
  StreamedTransactions streamed({folder_, 1000});
  const std::string large(5'000'000, 'y');
  Block(streamed, 7, {InsertOf(7, "a"), InsertOf(7, large), InsertOf(7, "b"), InsertOf(7, large)},
        true);
  EXPECT_THAT(Taken(streamed, 7), ElementsAre("7 a", "7 " + large, "7 b", "7 " + large));
}

TEST_F(StreamedTransactionsTest, OnlyWhatTellsOfRowsIsKept) {
  StreamedTransactions streamed({folder_});
  Block(streamed, 7,
        {"Y" + Big(7) + Big(1) + std::string("s\0t\0", 4), "O" + std::string(8, '\0') + "here\0",
         "D" + Big(7) + Big(16384) + std::string("K\0\1n", 4)},
        true);
  const auto transaction = streamed.Take(7).value();
  EXPECT_TRUE(std::holds_alternative<Delete>(transaction->Next().value().value()));
  EXPECT_FALSE(transaction->Next().value());
}

TEST_F(StreamedTransactionsTest, AFileThatCantBeMadeIsAnError) {
  StreamedTransactions streamed({folder_ + "/nowhere", 10});
  streamed.Start({7, true});
  EXPECT_FALSE(streamed.Add(InsertOf(7, std::string(100, 'x'))).ok());
}

}  // namespace
}  // namespace caudal::capture::postgres
