#include "meta/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::HasSubstr;
using testing::Not;

class StatementTest : public DatabaseFixture {
 protected:
  void SetUp() override {
    DatabaseFixture::SetUp();
    Open();
  }
  // Runs `fn` in a transaction of its own.
  template <class Fn>
  Result<void> InTx(Fn fn) {
    return db_->Write([&](Tx& tx) -> Result<void> { return fn(tx); });
  }
};

TEST_F(StatementTest, BindsAndReadsEveryType) {
  const std::string body("a\0b", 3);
  const Result<void> done = InTx([&](Tx& tx) -> Result<void> {
    const std::string name = "näme";
    TRY(tx.Run("INSERT INTO items(name, size, note, body) VALUES (?, ?, ?, ?)", name,
               int64_t{1} << 62, std::optional<std::string>(), Blob{body}));
    Statement q = TRY(tx.Prepare("SELECT name, size, note, body, 1.5, ?, ?, ? FROM items"));
    q.BindAll(2.25, true, std::string_view());
    EXPECT_TRUE(TRY(q.Step()));
    EXPECT_EQ(q.Text(0), name);
    EXPECT_EQ(q.Int(1), int64_t{1} << 62);
    EXPECT_TRUE(q.IsNull(2));
    EXPECT_EQ(q.Text(2), "");
    EXPECT_EQ(q.BlobAt(3), body);
    EXPECT_EQ(q.Double(4), 1.5);
    EXPECT_EQ(q.Double(5), 2.25);
    EXPECT_EQ(q.Int(6), 1);
    EXPECT_FALSE(q.IsNull(7));  // an empty view is an empty text, not NULL
    EXPECT_FALSE(TRY(q.Step()));
    return {};
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(StatementTest, ResetKeepsBindingsAndReuseClearsThem) {
  const Result<void> done = InTx([](Tx& tx) -> Result<void> {
    constexpr std::string_view kSql = "SELECT ?";
    {
      Statement q = TRY(tx.Prepare(kSql));
      q.Bind(1, 5);
      EXPECT_TRUE(TRY(q.Step()));
      q.Reset();
      EXPECT_TRUE(TRY(q.Step()));
      EXPECT_EQ(q.Int(0), 5);
    }
    Statement q = TRY(tx.Prepare(kSql));
    EXPECT_TRUE(TRY(q.Step()));
    EXPECT_TRUE(q.IsNull(0));
    return {};
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(StatementTest, SameTextTwiceAtOnce) {
  const Result<void> done = InTx([](Tx& tx) -> Result<void> {
    for (const char* name : {"a", "b"}) TRY(Insert(tx, name));
    constexpr std::string_view kSql = "SELECT name FROM items ORDER BY id";
    Statement outer = TRY(tx.Prepare(kSql));
    int pairs = 0;
    while (TRY(outer.Step())) {
      Statement inner = TRY(tx.Prepare(kSql));
      while (TRY(inner.Step())) ++pairs;
    }
    EXPECT_EQ(pairs, 4);
    return {};
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(StatementTest, TextAtTheSameAddressMayChange) {
  const Result<void> done = InTx([](Tx& tx) -> Result<void> {
    std::string sql = "SELECT 1";
    for (int i = 0; i < 1000; ++i) {  // more texts than the cache holds
      sql.replace(7, std::string::npos, std::to_string(i));
      Statement q = TRY(tx.Prepare(sql));
      EXPECT_TRUE(TRY(q.Step()));
      EXPECT_EQ(q.Int(0), i);
    }
    return {};
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(StatementTest, ErrorsNameTheRuleAndNotTheValue) {
  ASSERT_TRUE(InTx([](Tx& tx) { return Insert(tx, "s3cret"); }).ok());
  const Error unique = InTx([](Tx& tx) { return Insert(tx, "s3cret"); }).error();
  EXPECT_EQ(unique.kind, ErrorKind::kAlreadyExists);
  EXPECT_THAT(unique.message, HasSubstr("items.name"));
  EXPECT_THAT(unique.message, Not(HasSubstr("s3cret")));
  const auto run = [&](std::string_view sql) {
    return InTx([&](Tx& tx) -> Result<void> {
             TRY(tx.Run(sql));
             return {};
           })
        .error()
        .kind;
  };
  EXPECT_EQ(run("INSERT INTO items(name, size) VALUES ('x', -1)"), ErrorKind::kConflict);
  EXPECT_EQ(run("INSERT INTO items(name) VALUES (NULL)"), ErrorKind::kConflict);
  EXPECT_EQ(run("INSERT INTO items(id, name) VALUES (1, 'y')"), ErrorKind::kAlreadyExists);
  EXPECT_EQ(run("SELEC 1"), ErrorKind::kInternal);
  EXPECT_EQ(run("SELECT 1; SELECT 2"), ErrorKind::kInternal);
  EXPECT_EQ(run(""), ErrorKind::kInternal);
}

TEST_F(StatementTest, RunCountsChangedRows) {
  const Result<void> done = InTx([](Tx& tx) -> Result<void> {
    for (const char* name : {"a", "b", "c"}) TRY(Insert(tx, name));
    EXPECT_EQ(TRY(tx.Run("UPDATE items SET size = 1 WHERE name < ?", "c")), 2);
    EXPECT_EQ(TRY(tx.Run("SELECT * FROM items")), 0);
    EXPECT_EQ(TRY(tx.Run("DELETE FROM items WHERE name = 'z'")), 0);
    return {};
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(StatementTest, DefectsEndTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ReadTx tx = db_->Read().value();
  EXPECT_DEATH(tx.Prepare("SELECT ?").value().Bind(2, 1), "parameter 2");
}

}  // namespace
}  // namespace caudal::meta
