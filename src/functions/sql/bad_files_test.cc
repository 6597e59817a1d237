// Files that are no good: each a failed run that says what is wrong, a dead letter, no output.
#include "functions/sql/sql_fixture.h"
#include "functions/sql/test_gzip.h"

namespace caudal::functions {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BadFilesTest : public SqlFixture {
 protected:
  // The message without the input's name before it.
  std::string Wrong(const std::string& name, const std::string& bytes) {
    const size_t dead = Dead();
    const sched::RunRecord run = RunFor(name, bytes);
    EXPECT_EQ(run.status, sched::RunStatus::kFailed) << name;
    EXPECT_EQ(run.error_kind, ErrorKind::kInvalid) << run.error;
    EXPECT_EQ(run.attempt, 1);
    WaitUntil([&] { return Dead() == dead + 1; });
    EXPECT_EQ(Objects(), 0u) << name;
    const std::string before = "input 'raw' (gs://in-bucket/" + name + "): ";
    EXPECT_THAT(run.error, StartsWith(before));
    return run.error.substr(std::min(before.size(), run.error.size()));
  }
  std::string Right(const std::string& name, const std::string& bytes) {
    const sched::RunRecord run = RunFor(name, bytes);
    EXPECT_EQ(run.status, sched::RunStatus::kSucceeded) << run.error;
    return Object(name.substr(0, name.find('.')) + ".csv");
  }
  FunctionSpec Typed() {
    FunctionSpec spec = SqlSpec();
    PartOf(spec).inputs[0].columns = {{"id", "text"}, {"amount", "decimal(18,2)"}, {"day", "date"}};
    return spec;
  }
};

TEST_F(BadFilesTest, EmptyOnes) {
  StartSql(Typed());
  EXPECT_EQ(Wrong("a.csv", ""), "it is empty");
  EXPECT_EQ(Wrong("b.csv", "id,amount,day\n"), "it has no rows; set 'allow_empty' if that may be");
  EXPECT_EQ(Wrong("c.csv", "id,amount,day"), "it has no rows; set 'allow_empty' if that may be");
  EXPECT_EQ(Wrong("d.csv", "\n\n"), "it has empty lines only");
  EXPECT_EQ(Wrong("e.csv.gz", Gzip("")), "it is empty");
}

TEST_F(BadFilesTest, OthersThatAreNoCsv) {
  StartSql(Typed());
  EXPECT_EQ(Wrong("a.csv", std::string("\xff\xfei\0d\0,\0", 8)),
            "it is UTF-16; CSV files must be UTF-8");
  EXPECT_EQ(Wrong("b.csv", "id,amount,day\nx,1,2026-01-01\nM\xfcller,1,2026-01-01\n"),
            "line 3: it isn't UTF-8; CSV files must be UTF-8");
  EXPECT_EQ(Wrong("c.csv", std::string("\x7f"
                                       "ELF\x02\x01\x01\0\0",
                                       9) +
                               std::string(5000, '\x80')),
            "it isn't text: its first line has control characters");
  EXPECT_EQ(Wrong("d.csv", std::string(3 << 20, 'x')),
            "its first line doesn't end within 262144 bytes");
  EXPECT_EQ(Wrong("e.csv", "id,amount,day\n" + std::string(3 << 20, 'x') + ",1,2026-01-01\n"),
            "line 2: it is longer than 2097152 bytes, the limit; raise 'line_max' if such lines "
            "are meant");
}

// Where a rule counts what came of it, a plain file is read by us alone: others as ever.
TEST_F(BadFilesTest, OthersWhoseRowsARuleCounts) {
  FunctionSpec spec = SqlSpec();
  SqlExpectation complete = Expect("clean", checks::RuleKind::kComplete, "", checks::Action::kFail);
  complete.rule.of = "raw";
  PartOf(spec).expect = {complete};
  StartSql(spec);
  EXPECT_EQ(Wrong("a.csv", "a,b\n1,2\n3\n"), "line 3: there is 1 column instead of 2");
  EXPECT_EQ(Wrong("b.csv", "a,b\n1,2\nM\xfcller,1\n"),
            "line 3: it isn't UTF-8; CSV files must be UTF-8");
  EXPECT_EQ(Wrong("c.csv", "a,b\n"), "it has no rows; set 'allow_empty' if that may be");
  EXPECT_EQ(Right("d.csv", "a,b\n1,2\n\n3,Bücher\n"), "a,b\n1,2\n3,Bücher\n");
  EXPECT_EQ(Right("e.csv", "a,b\r\n1,\"x\ny\"\r\n"), "a,b\n1,\"x\ny\"\n");
}

TEST_F(BadFilesTest, OthersWithOtherColumns) {
  StartSql(Typed());
  EXPECT_EQ(Wrong("a.csv", "id,day\nx,2026-01-01\n"),
            "the column 'amount' is missing; the header has 'id', 'day'");
  EXPECT_EQ(Wrong("b.csv", "id,amount,day,more\nx,1,2026-01-01,1\n"),
            "the header has 'more', which isn't declared");
  EXPECT_EQ(Wrong("c.csv", "id,amount,day\nx,1,2026-01-01\ny,2\n"),
            "line 3: there are 2 columns instead of 3");
  EXPECT_EQ(Wrong("d.csv", "id,amount,day\nx,1,2026-01-01\ny,2,2026-01-01,z\n"),
            "line 3: there are 4 columns instead of 3");
  EXPECT_EQ(Wrong("e.csv", "id,amount,day\nx,1,2026-01-01\n\"y,2,2026-01-01\n"),
            "line 3: a quoted value doesn't end, or goes on after its quote");
  EXPECT_EQ(Right("f.csv", "day,id,amount\n2026-01-01,x,1\n"),
            "day,id,amount\n2026-01-01,x,1.00\n");
}

TEST_F(BadFilesTest, OthersWithOtherValues) {
  StartSql(Typed());
  EXPECT_EQ(Wrong("a.csv", "id,amount,day\nx,1,2026-01-01\n\ny,1.005,2026-01-01\nz,q,2026-01-01\n"),
            "row 2, column 'amount': '1.005' is no decimal(18,2) (2 such values in all)");
  EXPECT_EQ(Wrong("b.csv", "id,amount,day\nx,1,31/12/2026\n"),
            "row 1, column 'day': '31/12/2026' is no date");
  EXPECT_EQ(Right("c.csv", "id,amount,day\n,,\n"), "id,amount,day\n,,\n");
}

TEST_F(BadFilesTest, OthersWithOddLineEnds) {
  StartSql(SqlSpec());
  EXPECT_EQ(Right("a.csv", "a,b\r\r\n1,2\r\r\n3,\r\r\n"), "a,b\n1,2\n3,\n");
  EXPECT_EQ(Right("b.csv", "a,b\n1,2\r\n\"3\r\n\",4\n"), "a,b\n1,2\n\"3\r\n\",4\n");
  EXPECT_EQ(Right("c.csv", "a,b\r1,2\r"), "a,b\n1,2\n");
  EXPECT_EQ(Right("d.csv",
                  "\xef\xbb\xbf"
                  "a,b\r\n1,2"),
            "a,b\n1,2\n");
}

TEST_F(BadFilesTest, PackedOnes) {
  FunctionSpec spec = SqlSpec();
  PartOf(spec).inputs[0].unpacked_bytes_max = 1u << 20;
  StartSql(spec);
  EXPECT_THAT(Wrong("a.csv.gz", "a,b\n1,2\n"), HasSubstr("isn't gzip"));
  const std::string packed = Gzip("a,b\n1,2\n");
  EXPECT_EQ(Wrong("b.csv.gz", packed.substr(0, packed.size() - 2)), "it is cut short");
  EXPECT_THAT(Wrong("c.csv.gz", Gzip("a\n" + std::string(50u << 20, '1'))),
              HasSubstr("it unpacks to more than 1048576 bytes"));
  EXPECT_EQ(Right("d.csv.gz", packed), "a,b\n1,2\n");
  objects::WriteRequest encoded = To("in-bucket", "e.csv");
  encoded.metadata.content_encoding = "gzip";
  ASSERT_TRUE(store_->Put(encoded, packed).ok());
  WaitUntil([&] { return Object("e.csv") == "a,b\n1,2\n"; });
}

TEST_F(BadFilesTest, JsonOnes) {
  FunctionSpec spec = SqlSpec();
  PartOf(spec).inputs[0].format = std::nullopt;
  StartSql(spec);
  EXPECT_THAT(Wrong("a.json", "{\"a\": 1}\n{\"a\": \n"), HasSubstr("Malformed JSON"));
  EXPECT_THAT(Wrong("b.json", std::string("\x7f"
                                          "ELF\0\0",
                                          6)),
              HasSubstr("Malformed JSON"));
  EXPECT_THAT(Wrong("c.json", ""), HasSubstr("it has no rows"));
  EXPECT_THAT(Wrong("d.dat", "x"), HasSubstr("set 'format'"));
  EXPECT_EQ(Right("e.json", "[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2.5}]"), "a,b\n1.0,x\n2.5,\n");
  PartOf(spec).inputs[0].columns = {{"a", "integer"}};
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  ASSERT_TRUE(store_->Delete({"out-bucket", "e.csv", {}}).ok());
  EXPECT_EQ(Wrong("f.json", "{\"a\": 1}\n{\"a\": 2.5}\n"),
            "row 2, column 'a': '2.5' is no integer");
}

TEST_F(BadFilesTest, ParquetOnes) {
  FunctionSpec spec = SqlSpec();
  PartOf(spec).inputs[0].format = std::nullopt;
  StartSql(spec);
  EXPECT_THAT(Wrong("a.parquet", ""), HasSubstr("Parquet"));
  EXPECT_THAT(Wrong("b.parquet", std::string(5000, 'x')), HasSubstr("magic bytes"));
  EXPECT_THAT(Wrong("c.parquet.gz", Gzip("x")), HasSubstr("compressed inside"));
}

TEST_F(BadFilesTest, EmptyOnesThatMayBe) {
  FunctionSpec spec = Typed();
  PartOf(spec).inputs[0].allow_empty = true;
  StartSql(spec);
  EXPECT_EQ(Right("a.csv", "id,amount,day\n"), "id,amount,day\n");
  PartOf(spec).inputs[0].csv.header = false;
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  EXPECT_EQ(Right("b.csv", ""), "id,amount,day\n");
}

}  // namespace
}  // namespace caudal::functions
