// Golden values of the text formats, over every type that DuckDB has.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "data/json.h"
#include "query/test_rows.h"

namespace caudal::query {
namespace {

class Results : public testing::Test {
 protected:
  std::string JsonLines(const std::string& sql) {
    return WriteAll(Format::kJsonLines, *session_, sql);
  }
  std::string Csv(const std::string& sql) { return WriteAll(Format::kCsv, *session_, sql); }
  // The only row of `SELECT <expression>`, without the array around it.
  std::string Value(const std::string& expression) {
    const std::string out = JsonLines("SELECT " + expression + " AS v");
    const size_t begin = out.find('\n') + 1;
    const size_t end = out.find('\n', begin);
    const std::string row = out.substr(begin, end - begin);
    EXPECT_TRUE(ParseJson(row, "row").ok()) << row;
    return row.substr(1, row.size() - 2);
  }

  engine::TestEngine engine_{1};
  std::unique_ptr<engine::Session> session_ = engine_.Open();
};

TEST_F(Results, JsonLinesHaveASchemaRowsAndAnEnd) {
  EXPECT_EQ(JsonLines("SELECT 1 AS a, 'x' AS \"b\"\"c\" UNION ALL SELECT 2, NULL ORDER BY 1"),
            "{\"schema\":[{\"name\":\"a\",\"type\":\"INTEGER\"},{\"name\":\"b\\\"c\",\"type\":"
            "\"VARCHAR\"}]}\n[1,\"x\"]\n[2,null]\n{\"rows\":2}\n");
  EXPECT_EQ(JsonLines("SELECT 1 AS a WHERE false"),
            "{\"schema\":[{\"name\":\"a\",\"type\":\"INTEGER\"}]}\n{\"rows\":0}\n");
}

TEST_F(Results, AnErrorIsTheLastLine) {
  const auto rows = session_->Run(engine::Sql("SELECT 1 AS a")).value();
  const auto writer = ResultWriter::Make(Format::kJsonLines, *rows).value();
  std::string out;
  EXPECT_TRUE(writer->Fail(MakeError(ErrorKind::kTimeout, "too \"long\"", "engine.time"), out));
  EXPECT_EQ(out, "{\"error\":{\"message\":\"too \\\"long\\\"\",\"reason\":\"engine.time\"}}\n");
  out.clear();
  EXPECT_TRUE(writer->Fail(MakeError(ErrorKind::kTimeout, "x"), out));
  EXPECT_EQ(out, "{\"error\":{\"message\":\"x\",\"reason\":\"timeout\"}}\n");
  const auto csv = ResultWriter::Make(Format::kCsv, *rows).value();
  EXPECT_FALSE(csv->Fail(MakeError(ErrorKind::kTimeout, "x"), out));
}

TEST_F(Results, Numbers) {
  EXPECT_EQ(Value("true"), "true");
  EXPECT_EQ(Value("'-128'::TINYINT"), "-128");
  EXPECT_EQ(Value("255::UTINYINT"), "255");
  EXPECT_EQ(Value("'-32768'::SMALLINT"), "-32768");
  EXPECT_EQ(Value("65535::USMALLINT"), "65535");
  EXPECT_EQ(Value("'-2147483648'::INTEGER"), "-2147483648");
  EXPECT_EQ(Value("4294967295::UINTEGER"), "4294967295");
  EXPECT_EQ(Value("'-9223372036854775808'::BIGINT"), "\"-9223372036854775808\"");
  EXPECT_EQ(Value("18446744073709551615::UBIGINT"), "\"18446744073709551615\"");
  EXPECT_EQ(Value("'-170141183460469231731687303715884105728'::HUGEINT"),
            "\"-170141183460469231731687303715884105728\"");
  EXPECT_EQ(Value("'340282366920938463463374607431768211455'::UHUGEINT"),
            "\"340282366920938463463374607431768211455\"");
  EXPECT_EQ(Value("'-123456789012345678901234567890123456789012'::BIGNUM"),
            "\"-123456789012345678901234567890123456789012\"");
  EXPECT_EQ(Value("10000000000000000000::UHUGEINT"), "\"10000000000000000000\"");
  EXPECT_EQ(Value("sum(7)"), "\"7\"");
}

TEST_F(Results, Decimals) {
  EXPECT_EQ(Value("0::DECIMAL(4,2)"), "\"0.00\"");
  EXPECT_EQ(Value("-0.05::DECIMAL(4,2)"), "\"-0.05\"");
  EXPECT_EQ(Value("12.5::DECIMAL(9,1)"), "\"12.5\"");
  EXPECT_EQ(Value("7::DECIMAL(5,0)"), "\"7\"");
  EXPECT_EQ(Value("1234567890123456.78::DECIMAL(18,2)"), "\"1234567890123456.78\"");
  EXPECT_EQ(Value("12345678901234567890123456789012345678::DECIMAL(38,0)"),
            "\"12345678901234567890123456789012345678\"");
  EXPECT_EQ(Value("'-0.00000000000000000000000000000000000001'::DECIMAL(38,38)"),
            "\"-0.00000000000000000000000000000000000001\"");
  EXPECT_EQ(Value("'99999999999999999999.999999999999999999'::DECIMAL(38,18)"),
            "\"99999999999999999999.999999999999999999\"");
}

TEST_F(Results, FloatingPointNumbers) {
  EXPECT_EQ(Value("1::DOUBLE"), "1.0");
  EXPECT_EQ(Value("'-0.0'::DOUBLE"), "-0.0");
  EXPECT_EQ(Value("0.1::DOUBLE"), "0.1");
  EXPECT_EQ(Value("0.1::FLOAT"), "0.1");
  EXPECT_EQ(Value("1e300::DOUBLE"), "1e+300");
  EXPECT_EQ(Value("5e-324::DOUBLE"), "5e-324");
  EXPECT_EQ(Value("9007199254740993::DOUBLE"), "9007199254740992.0");
  EXPECT_EQ(Value("'nan'::DOUBLE"), "\"NaN\"");
  EXPECT_EQ(Value("'inf'::FLOAT"), "\"Infinity\"");
  EXPECT_EQ(Value("'-inf'::DOUBLE"), "\"-Infinity\"");
}

TEST_F(Results, DatesAndTimes) {
  EXPECT_EQ(Value("DATE '2024-02-29'"), "\"2024-02-29\"");
  EXPECT_EQ(Value("DATE '0044-03-15 (BC)'"), "\"-0043-03-15\"");
  EXPECT_EQ(Value("DATE '12345-01-01'"), "\"+12345-01-01\"");
  EXPECT_EQ(Value("DATE '0001-01-01'"), "\"0001-01-01\"");
  EXPECT_EQ(Value("DATE 'infinity'"), "\"infinity\"");
  EXPECT_EQ(Value("TIME '01:02:03.5'"), "\"01:02:03.500000\"");
  EXPECT_EQ(Value("TIME '24:00:00'"), "\"24:00:00.000000\"");
  EXPECT_EQ(Value("'01:02:03.123456789'::TIME_NS"), "\"01:02:03.123456789\"");
  EXPECT_EQ(Value("'01:02:03.25+05:30'::TIMETZ"), "\"01:02:03.250000+05:30\"");
  EXPECT_EQ(Value("'23:59:59-15:59:59'::TIMETZ"), "\"23:59:59.000000-15:59:59\"");
  EXPECT_EQ(Value("TIMESTAMP '1969-12-31 23:59:59.9'"), "\"1969-12-31T23:59:59.900000\"");
  EXPECT_EQ(Value("TIMESTAMP '-infinity'"), "\"-infinity\"");
  EXPECT_EQ(Value("TIMESTAMP_S '2020-01-01 01:02:03'"), "\"2020-01-01T01:02:03\"");
  EXPECT_EQ(Value("TIMESTAMP_MS '2020-01-01 01:02:03.12'"), "\"2020-01-01T01:02:03.120\"");
  EXPECT_EQ(Value("TIMESTAMP_NS '2020-01-01 01:02:03.123456789'"),
            "\"2020-01-01T01:02:03.123456789\"");
  EXPECT_EQ(Value("TIMESTAMPTZ '2020-06-01 01:02:03.5+02'"), "\"2020-05-31T23:02:03.500000Z\"");
  EXPECT_EQ(Value("TIMESTAMP '290309-12-22 (BC) 00:00:00'"), "\"-290308-12-22T00:00:00.000000\"");
  EXPECT_EQ(Value("INTERVAL '14 months -3 days 4 hours'"),
            R"({"months":14,"days":-3,"micros":"14400000000"})");
}

TEST_F(Results, TextsAndBytes) {
  EXPECT_EQ(Value("''"), "\"\"");
  EXPECT_EQ(Value("'a\"b\\c' || chr(10) || chr(13) || chr(9) || chr(1) || 'é€😀' || chr(127)"),
            "\"a\\\"b\\\\c\\n\\r\\t\\u0001é€😀\x7F\"");
  EXPECT_EQ(Value("''::BLOB"), "\"\"");
  EXPECT_EQ(Value("'f'::BLOB"), "\"Zg==\"");
  EXPECT_EQ(Value("'fo'::BLOB"), "\"Zm8=\"");
  EXPECT_EQ(Value("'foo'::BLOB"), "\"Zm9v\"");
  EXPECT_EQ(Value("'\\xFF\\xFE\\x00\\x01'::BLOB"), "\"//4AAQ==\"");
  EXPECT_EQ(Value("'0123456789abcdef0123456789abcdef'::UUID"),
            "\"01234567-89ab-cdef-0123-456789abcdef\"");
  EXPECT_EQ(Value("'010111'::BIT"), "\"010111\"");
  EXPECT_EQ(Value("'b'::ENUM('a', 'b')"), "\"b\"");
  EXPECT_EQ(Value("'{\"a\": [1, \"x\"]}'::JSON"), "\"{\\\"a\\\": [1, \\\"x\\\"]}\"");
}

TEST_F(Results, NestedValues) {
  EXPECT_EQ(Value("NULL"), "null");
  EXPECT_EQ(Value("[1, NULL, 3]"), "[1,null,3]");
  EXPECT_EQ(Value("[[1::BIGINT], [], NULL]"), "[[\"1\"],[],null]");
  EXPECT_EQ(Value("[1, 2]::INTEGER[2]"), "[1,2]");
  EXPECT_EQ(Value("{'a': 1, 'b \"c': NULL, 'd': {'e': 0.5::DECIMAL(2,1)}}"),
            R"({"a":1,"b \"c":null,"d":{"e":"0.5"}})");
  EXPECT_EQ(Value("row(1, 'x')"), R"([1,"x"])");
  EXPECT_EQ(Value("MAP {'k': [1], 'l': NULL}"), R"([["k",[1]],["l",null]])");
  EXPECT_EQ(Value("MAP {}"), "[]");
  EXPECT_EQ(Value("union_value(u := 'x')"), R"({"u":"x"})");
  EXPECT_EQ(Value("NULL::STRUCT(a INTEGER)"), "null");
  EXPECT_EQ(Value("['a', NULL]::ENUM('a', 'b')[]"), R"(["a",null])");
}

TEST_F(Results, EveryTypeOfDuckDbIsValidJson) {
  const std::string out = JsonLines("SELECT * FROM test_all_types()");
  size_t begin = 0;
  int lines = 0;
  for (size_t end; (end = out.find('\n', begin)) != std::string::npos; begin = end + 1, ++lines)
    EXPECT_TRUE(ParseJson(std::string_view(out).substr(begin, end - begin), "line").ok());
  EXPECT_EQ(lines, 5);
  EXPECT_EQ(begin, out.size());
}

TEST_F(Results, CsvTellsNullFromEmpty) {
  EXPECT_EQ(Csv("SELECT NULL AS a, '' AS b, 'x' AS \"c,d\""), "a,b,\"c,d\"\r\n,\"\",x\r\n");
  EXPECT_EQ(Csv("SELECT ''::BLOB AS a, []::VARCHAR[] AS b"), "a,b\r\n\"\",[]\r\n");
}

TEST_F(Results, CsvQuotesWhatItMust) {
  EXPECT_EQ(Csv("SELECT 'a,b' AS a, 'say \"x\"' AS b, 'l' || chr(10) || 'm' AS c, ' ' AS d"),
            "a,b,c,d\r\n\"a,b\",\"say \"\"x\"\"\",\"l\nm\", \r\n");
  EXPECT_EQ(Csv("SELECT [1, 2] AS a, {'x': 'y'} AS b, 1::BIGINT AS c, 'nan'::DOUBLE AS d, "
                "TIMESTAMP '2020-01-01' AS e"),
            "a,b,c,d,e\r\n\"[1,2]\",\"{\"\"x\"\":\"\"y\"\"}\",1,NaN,2020-01-01T00:00:00.000000"
            "\r\n");
}

TEST_F(Results, SlicesShowTheirRowsOnly) {
  const std::string sql =
      "SELECT i::INTEGER AS a, CASE WHEN i % 3 = 0 THEN NULL ELSE 'text ' || i END AS b, [i, NULL] "
      "AS c, {'s': i % 2 = 0} AS d, [i, i]::INTEGER[2] AS e, MAP {i: i} AS f, "
      "(CASE WHEN i % 2 = 0 THEN 'x' ELSE 'y' END)::ENUM('x', 'y') AS g, "
      "CASE WHEN i % 2 = 0 THEN union_value(u := i::INTEGER) ELSE NULL END AS h "
      "FROM range(100) t(i)";
  for (const Format format : {Format::kJsonLines, Format::kCsv}) {
    const std::string expected = WriteAll(format, *session_, sql + " LIMIT 20 OFFSET 13");
    const auto rows = session_->Run(engine::Sql(sql)).value();
    SlicedRows sliced(*rows, 13, 20);
    EXPECT_EQ(WriteAll(format, sliced).value(), expected);
  }
}

TEST_F(Results, AreWrittenFast) {
  const auto rows =
      session_
          ->Run(engine::Sql("SELECT i AS a, i * 0.5::DOUBLE AS b, 'text ' || i AS c, "
                            "i::DECIMAL(18,2) AS d, TIMESTAMP '2020-01-01' + to_seconds(i) AS "
                            "e FROM range(200000) t(i)"))
          .value();
  std::vector<engine::Batch> batches;
  while (auto batch = rows->Next().value()) batches.push_back(*batch);
  for (const Format format : {Format::kJsonLines, Format::kCsv, Format::kArrow}) {
    const auto writer = ResultWriter::Make(format, *rows).value();
    std::string out;
    const std::clock_t start = std::clock();  // the machine may be busy
    for (const engine::Batch& batch : batches) {
      out.clear();
      ASSERT_TRUE(writer->Add(batch, out).ok());
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const double millions = 1.0 / std::max(seconds, 1e-6);
    printf("%s: %.1f million values/s\n", std::string(NameOf(format)).c_str(), millions);
    if (!engine::kSanitized) {
      EXPECT_GT(millions, 2.0);
    }
  }
}

}  // namespace
}  // namespace caudal::query
