#include "lake/keys/key_index.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/random.h"
#include "data/digest.h"
#include "os/file.h"

namespace caudal::lake {
namespace {

using Hit = KeyIndex::Hit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr KeyLayout kNumbers{8, true, 1};
constexpr KeyLayout kTexts{0, false, 2};
constexpr KeyLayout kTriples{3, false, 3};

IndexedFile FileOf(const KeyLayout& layout) { return {"gs://b/t/data/1.parquet", 4711, layout}; }

EncodedKeys Numbers(const std::vector<int64_t>& values) {
  EncodedKeys keys(kNumbers);
  for (const int64_t value : values)
    keys.Append({reinterpret_cast<const char*>(&value), sizeof value});
  return keys;
}

EncodedKeys Texts(const std::vector<std::string>& values, const KeyLayout& layout = kTexts) {
  EncodedKeys keys(layout);
  for (const std::string& value : values) keys.Append(value);
  return keys;
}

KeyIndex IndexOf(const EncodedKeys& keys) {
  KeyIndexBuilder builder(FileOf(keys.layout()));
  EXPECT_TRUE(builder.Add(keys).ok());
  return std::move(builder).Finish();
}

std::vector<Hit> Find(const KeyIndex& index, const EncodedKeys& keys) {
  std::vector<Hit> hits;
  const auto found = index.Find(keys, hits);
  EXPECT_TRUE(found.ok()) << found.error().message;
  return hits;
}

class KeyIndexTest : public testing::Test {
 protected:
  std::string dir_ = testing::TempDir() + "/keys-" + SystemRandom().Hex(6);
  std::string path_ = dir_ + "/1.keys";
  void SetUp() override { ASSERT_TRUE(os::MakeDirs(dir_).ok()); }
  void TearDown() override { EXPECT_TRUE(os::RemoveTree(dir_).ok()); }

  KeyIndex Reopened(const KeyIndex& index, const KeyLayout& layout) {
    EXPECT_TRUE(index.Write(path_).ok());
    KeyIndex opened = KeyIndex::Open(path_, FileOf(layout)).value();
    EXPECT_TRUE(opened.mapped());
    EXPECT_EQ(opened.bytes(), os::SizeOf(path_));
    EXPECT_EQ(opened.bytes(), index.bytes());
    EXPECT_TRUE(opened.Verify().ok());
    EXPECT_EQ(os::ListDir(dir_).value().size(), 1u);
    return opened;
  }
};

TEST_F(KeyIndexTest, FindsRows) {
  const KeyIndex index = IndexOf(Numbers({50, -3, 7, 1000}));
  EXPECT_EQ(index.rows(), 4u);
  EXPECT_FALSE(index.mapped());
  for (const KeyIndex& each : {index, Reopened(index, kNumbers)}) {
    const EncodedKeys keys = Numbers({7, 8, -4, 1001, 1000, 50, 7});
    EXPECT_THAT(Find(each, keys), ElementsAre(Hit{0, 2}, Hit{4, 3}, Hit{5, 0}, Hit{6, 2}));
    // At chosen places; hits are added to those before.
    std::vector<Hit> hits = {{9, 9}};
    ASSERT_TRUE(each.Find(keys, std::vector<uint32_t>{5, 1, 0}, hits).ok());
    EXPECT_THAT(hits, ElementsAre(Hit{9, 9}, Hit{5, 0}, Hit{0, 2}));
    EXPECT_THAT(Find(each, EncodedKeys()), IsEmpty());
  }
}

TEST_F(KeyIndexTest, HasNoRows) {
  for (const KeyLayout& layout : {kNumbers, kTexts, kTriples}) {
    const KeyIndex index = IndexOf(EncodedKeys(layout));
    EncodedKeys keys(layout);
    keys.Append(layout.width == 8 ? "12345678" : "123");
    EXPECT_THAT(Find(index, keys), IsEmpty());
    EXPECT_THAT(Find(Reopened(index, layout), keys), IsEmpty());
  }
}

TEST_F(KeyIndexTest, KeysVary) {
  const KeyIndex index = IndexOf(Texts({"", "a", std::string("a\0", 2), std::string(1000, 'x')}));
  const EncodedKeys keys = Texts({"b", std::string(1000, 'x'), "a", "", std::string(999, 'x')});
  EXPECT_THAT(Find(index, keys), ElementsAre(Hit{1, 3}, Hit{2, 1}, Hit{3, 0}));
  EXPECT_THAT(Find(Reopened(index, kTexts), keys), ElementsAre(Hit{1, 3}, Hit{2, 1}, Hit{3, 0}));
}

TEST_F(KeyIndexTest, GivesAllRowsOfAKey) {
  const KeyIndex index = IndexOf(Texts({"abc", "xyz", "abc", "mno", "xyz", "abc"}, kTriples));
  const EncodedKeys keys = Texts({"xyz", "abc", "mno", "pqr"}, kTriples);
  for (const KeyIndex& each : {index, Reopened(index, kTriples)})
    EXPECT_THAT(Find(each, keys),
                ElementsAre(Hit{0, 1}, Hit{0, 4}, Hit{1, 0}, Hit{1, 2}, Hit{1, 5}, Hit{2, 3}));
}

// Time that grows with the square would take minutes here.
TEST_F(KeyIndexTest, TakesAFileOfOneKey) {
  const KeyIndex index = IndexOf(Numbers(std::vector<int64_t>(500000, 42)));
  const std::vector<Hit> hits = Find(index, Numbers({42}));
  ASSERT_EQ(hits.size(), 500000u);
  for (uint32_t row = 0; row < hits.size(); ++row) ASSERT_EQ(hits[row].row, row);
}

TEST_F(KeyIndexTest, ComparesWholeKeysWhenHashesCollide) {
  for (const uint64_t mask :
       {uint64_t{0}, uint64_t{0x3}, uint64_t{0x3} << 32, uint64_t{0xff} << 30})
    for (const bool varies : {false, true}) {
      SeededRandom random(mask);
      EncodedKeys keys(varies ? kTexts : kTriples);
      std::map<std::string, std::vector<uint32_t>> rows;
      for (uint32_t row = 0; row < 1500; ++row) {
        std::string key = random.Hex(3).substr(0, varies ? 1 + random.Below(4) : 3);
        keys.Append(key);
        rows[std::move(key)].push_back(row);
      }
      keys.MaskHashesForTest(mask);
      const KeyIndex index = IndexOf(keys);
      EncodedKeys sought(keys.layout());
      std::vector<Hit> expected;
      for (const auto& [key, at] : rows) {
        for (const uint32_t row : at)
          expected.push_back({static_cast<uint32_t>(sought.size()), row});
        sought.Append(key);
        sought.Append(varies ? key + "?" : "?" + key.substr(1));  // isn't there
      }
      sought.MaskHashesForTest(mask);
      EXPECT_EQ(Find(index, sought), expected) << mask;
      EXPECT_EQ(Find(Reopened(index, keys.layout()), sought), expected) << mask;
    }
}

TEST_F(KeyIndexTest, AgreesWithAHashMap) {
  SeededRandom random(7);
  KeyIndexBuilder builder(FileOf(kNumbers));
  std::unordered_map<int64_t, uint32_t> rows;
  uint32_t row = 0;
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<int64_t> values;
    while (values.size() < 10000) {
      const auto value = static_cast<int64_t>(random.Below(1u << 22));
      if (rows.emplace(value, row).second) {
        values.push_back(value);
        ++row;
      }
    }
    ASSERT_TRUE(builder.Add(Numbers(values)).ok());
  }
  const KeyIndex index = Reopened(std::move(builder).Finish(), kNumbers);
  EXPECT_EQ(index.rows(), 1000000u);
  std::vector<int64_t> sought(1u << 22);
  std::iota(sought.begin(), sought.end(), int64_t{0});
  std::vector<Hit> hits = Find(index, Numbers(sought));
  ASSERT_EQ(hits.size(), rows.size());
  for (const Hit& hit : hits) ASSERT_EQ(rows.at(hit.key), hit.row);
}

TEST_F(KeyIndexTest, IsOfOneFileAndItsKeyColumns) {
  ASSERT_TRUE(IndexOf(Numbers({1, 2, 3})).Write(path_).ok());
  const IndexedFile file = FileOf(kNumbers);
  const auto refused = [&](const IndexedFile& other) {
    const auto index = KeyIndex::Open(path_, other);
    return !index.ok() && index.error().Is(ErrorKind::kPrecondition) &&
           index.error().message.find(path_) != std::string::npos;
  };
  EXPECT_TRUE(KeyIndex::Open(path_, file).ok());
  EXPECT_TRUE(refused({"gs://b/t/data/2.parquet", file.bytes, file.layout}));
  EXPECT_TRUE(refused({file.uri, file.bytes + 1, file.layout}));
  EXPECT_TRUE(refused({file.uri, file.bytes, {8, true, 5}}));
  EXPECT_TRUE(KeyIndex::Open(dir_ + "/2.keys", file).error().Is(ErrorKind::kNotFound));
  // Written over by another index.
  ASSERT_TRUE(IndexOf(Texts({"x"})).Write(path_).ok());
  EXPECT_TRUE(refused(file));
  EXPECT_EQ(Find(KeyIndex::Open(path_, FileOf(kTexts)).value(), Texts({"x"})).size(), 1u);
}

TEST_F(KeyIndexTest, SurvivesAWriteThatFailed) {
  ASSERT_TRUE(os::MakeDirs(path_ + "/is a folder").ok());
  EXPECT_FALSE(IndexOf(Numbers({1})).Write(path_).ok());
  EXPECT_FALSE(os::Exists(path_ + ".new"));
  EXPECT_FALSE(IndexOf(Numbers({1})).Write(dir_ + "/none/1.keys").ok());
  // What a killed process left behind.
  ASSERT_TRUE(os::ReplaceFile(dir_ + "/2.keys.new", "half").ok());
  EXPECT_TRUE(IndexOf(Numbers({1})).Write(dir_ + "/2.keys").ok());
  EXPECT_FALSE(os::Exists(dir_ + "/2.keys.new"));
}

// An index in memory, damaged by `damage`; with checksums that say it isn't, when `sealed`.
Result<KeyIndex> Damaged(const std::string& path, const KeyLayout& layout, bool sealed,
                         const std::function<void(std::string&)>& damage) {
  auto bytes = std::make_shared<std::string>(os::ReadFile(path, 1 << 20).value());
  damage(*bytes);
  if (sealed) {
    const uint32_t crc = Crc32c(std::string_view(*bytes).substr(0, 124));
    bytes->replace(124, 4, reinterpret_cast<const char*>(&crc), 4);
  }
  return KeyIndex::Read(*bytes, bytes, "damaged.keys", FileOf(layout));
}

TEST_F(KeyIndexTest, TellsEveryChangeAndCut) {
  const EncodedKeys keys = Texts({"a", "bc", "a", "def"});
  ASSERT_TRUE(IndexOf(keys).Write(path_).ok());
  const size_t size = os::SizeOf(path_);
  for (size_t at = 0; at < size; ++at)
    for (const char flip : {'\x01', '\x80'}) {
      const auto index =
          Damaged(path_, kTexts, false, [&](std::string& bytes) { bytes[at] ^= flip; });
      ASSERT_EQ(index.ok(), at >= 128) << at;
      const Result<void> state = index.ok() ? index->Verify() : Result<void>(index.error());
      ASSERT_TRUE(state.error().Is(ErrorKind::kCorrupt)) << at;
      ASSERT_THAT(state.error().message, HasSubstr("damaged.keys"));
      std::vector<Hit> hits;
      if (index.ok()) (void)index->Find(keys, hits).ok();
    }
  for (size_t length = 0; length < size; ++length)
    ASSERT_TRUE(Damaged(path_, kTexts, false, [&](std::string& bytes) { bytes.resize(length); })
                    .error()
                    .Is(ErrorKind::kCorrupt));
  EXPECT_FALSE(Damaged(path_, kTexts, false, [](std::string& bytes) { bytes += 'x'; }).ok());
}

TEST_F(KeyIndexTest, ContradictionsAreErrors) {
  const EncodedKeys keys = Texts({"a", "bc", "a", "def"});
  ASSERT_TRUE(IndexOf(keys).Write(path_).ok());
  SeededRandom random(3);
  int refused = 0, failed = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto index = Damaged(path_, kTexts, true, [&](std::string& bytes) {
      for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
        // Not the magic, nor what the index is of.
        const size_t at = 12 + random.Below(bytes.size() - 12);
        if (at < 40 || at >= 56) bytes[at] = static_cast<char>(random.Below(4) == 0 ? 0xff : round);
      }
    });
    std::vector<Hit> hits;
    const auto found = index.ok() ? index->Find(keys, hits) : Result<void>(index.error());
    refused += !index.ok();
    failed += index.ok() && !found.ok();
    if (!found.ok()) {
      ASSERT_TRUE(found.error().Is(ErrorKind::kCorrupt)) << found.error().message;
    }
    for (const Hit& hit : hits) ASSERT_TRUE(hit.key < 4 && hit.row < 4);
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(failed, 100);
  // A newer version's.
  EXPECT_TRUE(Damaged(path_, kTexts, true, [](std::string& bytes) { bytes[8] = 2; })
                  .error()
                  .Is(ErrorKind::kUnsupported));
}

// Printed, not judged.
TEST_F(KeyIndexTest, Timing) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  SeededRandom random(1);
  constexpr size_t kRows = 5'000'000, kLookups = 1'000'000;
  std::vector<int64_t> values(kRows);
  for (int64_t& value : values) value = static_cast<int64_t>(random.U64());
  const EncodedKeys keys = Numbers(values);
  auto start = Clock::now();
  const KeyIndex built = IndexOf(keys);
  const double build = since(start);
  start = Clock::now();
  ASSERT_TRUE(built.Write(path_).ok());
  const double write = since(start);
  start = Clock::now();
  const KeyIndex index = KeyIndex::Open(path_, FileOf(kNumbers)).value();
  const double open = since(start);
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < kLookups; ++i)
    chosen.push_back(i % 2 == 0 ? values[random.Below(kRows)] : static_cast<int64_t>(random.U64()));
  const EncodedKeys sought = Numbers(chosen);
  (void)Find(index, sought);  // the pages are in memory then
  for (const KeyIndex* each : {&built, &index}) {
    std::vector<Hit> hits;
    hits.reserve(kLookups);
    start = Clock::now();
    ASSERT_TRUE(each->Find(sought, hits).ok());
    std::printf("%s: %zu lookups, half of them hits, %.1f ms\n",
                each->mapped() ? "mapped" : "in memory", kLookups, since(start));
    EXPECT_EQ(hits.size(), kLookups / 2);
  }
  std::printf("%zu keys: %.0f ms to build, %.0f to write (%.0f MB), %.2f to open\n", kRows, build,
              write, static_cast<double>(index.bytes()) / 1e6, open);
}

}  // namespace
}  // namespace caudal::lake
