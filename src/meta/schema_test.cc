#include "meta/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::HasSubstr;

constexpr Migration kA1 = {"a", 1, "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT"};
constexpr Migration kA2 = {"a", 2,
                           "ALTER TABLE a ADD COLUMN x INTEGER; INSERT INTO a VALUES (1,2)"};
constexpr Migration kB1 = {"b", 1, "CREATE TABLE b (a INTEGER REFERENCES a(id)) STRICT"};

class SchemaTest : public DatabaseFixture {
 protected:
  Result<std::string> OpenWith(std::vector<Migration> migrations) {
    db_.reset();
    db_ = TRY(Database::Open(options_, migrations));
    return db_->schema_version();
  }
  Result<int64_t> Query(std::string_view sql) {
    ReadTx tx = TRY(db_->Read());
    Statement q = TRY(tx.Prepare(sql));
    return TRY(q.Step()) ? q.Int(0) : -1;
  }
};

TEST_F(SchemaTest, AppliesWhatIsMissing) {
  EXPECT_EQ(OpenWith({kA1}).value(), "a 1");
  EXPECT_EQ(OpenWith({kA1, kB1, kA2}).value(), "a 2, b 1");
  EXPECT_EQ(Query("SELECT x FROM a").value(), 2);
  EXPECT_EQ(OpenWith({kA1, kB1, kA2}).value(), "a 2, b 1");
  EXPECT_EQ(Query("SELECT count(*) FROM a").value(), 1);  // not applied again
  EXPECT_EQ(Query("PRAGMA application_id").value(), kApplicationId);
  EXPECT_EQ(Query("PRAGMA page_size").value(), 4096);
}

TEST_F(SchemaTest, RefusesNewer) {
  ASSERT_TRUE(OpenWith({kA1, kA2, kB1}).ok());
  for (const auto& older : {std::vector<Migration>{kA1, kB1}, std::vector<Migration>{kA1, kA2}}) {
    const Error error = OpenWith(older).error();
    EXPECT_EQ(error.kind, ErrorKind::kUnsupported);
    EXPECT_THAT(error.message, HasSubstr("newer Caudal"));
    EXPECT_THAT(error.message, HasSubstr(options_.path));
  }
  EXPECT_TRUE(OpenWith({kA1, kA2, kB1}).ok());
}

TEST_F(SchemaTest, AllOrNothing) {
  ASSERT_TRUE(OpenWith({kA1}).ok());
  const Error error = OpenWith({kA1, kA2, {"b", 1, "CREATE TABLE oops ("}}).error();
  EXPECT_EQ(error.kind, ErrorKind::kInternal);
  EXPECT_THAT(error.message, HasSubstr("migration 1 of b"));
  EXPECT_EQ(OpenWith({kA1, {"b", 1, "COMMIT"}}).error().kind, ErrorKind::kInternal);
  ASSERT_EQ(OpenWith({kA1}).value(), "a 1");
  EXPECT_EQ(Query("SELECT count(*) FROM pragma_table_info('a')").value(), 1);
}

TEST_F(SchemaTest, HolesAreDefects) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)OpenWith({kA2}).ok(), "migration 2 of module a follows 0");
}

}  // namespace
}  // namespace caudal::meta
