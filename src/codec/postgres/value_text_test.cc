#include <random>

#include "codec/postgres/test_values.h"
#include "data/batch.h"

namespace caudal::postgres {
namespace {

struct Case {
  const char* text;
  const char* shown;
};

void Expect(const PgType& type, std::initializer_list<Case> cases,
            const FormOptions& options = {}) {
  const ValueForm form = ValueForm::Of(type, options);
  for (const Case& c : cases) EXPECT_EQ(ShowText(form, c.text), c.shown) << "'" << c.text << "'";
}

constexpr const char* kUnrepresentable = "unrepresentable";
constexpr const char* kMalformed = "malformed";

TEST(PgText, Booleans) {
  Expect(
      BaseType(oid::kBool),
      {{"t", "true"}, {"f", "false"}, {"true", kMalformed}, {"", kMalformed}, {"T", kMalformed}});
}

TEST(PgText, Integers) {
  Expect(BaseType(oid::kInt2),
         {{"32767", "32767"}, {"-32768", "-32768"}, {"32768", kMalformed}, {"-32769", kMalformed}});
  Expect(BaseType(oid::kInt4), {{"2147483647", "2147483647"},
                                {"-2147483648", "-2147483648"},
                                {"2147483648", kMalformed},
                                {"-0", "0"},
                                {"", kMalformed},
                                {"-", kMalformed},
                                {"+1", kMalformed},
                                {"1 ", kMalformed},
                                {"1x", kMalformed},
                                {"--1", kMalformed}});
  Expect(BaseType(oid::kInt8), {{"9223372036854775807", "9223372036854775807"},
                                {"-9223372036854775808", "-9223372036854775808"},
                                {"9223372036854775808", kMalformed},
                                {"-9223372036854775809", kMalformed},
                                {"99999999999999999999", kMalformed},
                                {"00000000000000000000000007", "7"}});
  Expect(BaseType(oid::kOid), {{"4000000000", "4000000000"},
                               {"4294967295", "4294967295"},
                               {"4294967296", kMalformed},
                               {"-1", kMalformed}});
  Expect(BaseType(oid::kXid8), {{"9223372036854775807", "9223372036854775807"},
                                {"9223372036854775808", kUnrepresentable},
                                {"18446744073709551615", kUnrepresentable},
                                {"18446744073709551616", kMalformed}});
}

TEST(PgText, Floats) {
  Expect(BaseType(oid::kFloat4), {{"NaN", "nan"},
                                  {"Infinity", "inf"},
                                  {"-Infinity", "-inf"},
                                  {"-0", "-0"},
                                  {"1.17549e-38", "1.17549e-38"},
                                  {"3.4028235e+38", "3.4028235e+38"},
                                  {"1e-45", "1e-45"},
                                  {"0.1", "0.1"},
                                  {"1e39", kMalformed}});
  Expect(BaseType(oid::kFloat8), {{"NaN", "nan"},
                                  {"Infinity", "inf"},
                                  {"-Infinity", "-inf"},
                                  {"-0", "-0"},
                                  {"5e-324", "5e-324"},
                                  {"1.7976931348623157e+308", "1.7976931348623157e+308"},
                                  {"1e400", kMalformed},
                                  {"", kMalformed},
                                  {"-", kMalformed},
                                  {"inf", kMalformed},
                                  {"nan", kMalformed},
                                  {"-NaN", kMalformed},
                                  {".5", kMalformed},
                                  {"0x10", kMalformed},
                                  {"1.5 ", kMalformed}});
}

TEST(PgText, Numerics) {
  Expect(Numeric(3, 2), {{"1.10", "1.10"},
                         {"1.1", "1.10"},
                         {"-9.99", "-9.99"},
                         {"0.05", "0.05"},
                         {"10", kUnrepresentable},
                         {"10.00", kUnrepresentable},
                         {"0.001", kUnrepresentable},
                         {"0.010", "0.01"},
                         {"007.5", "7.50"},
                         {"NaN", kUnrepresentable},
                         {"Infinity", kUnrepresentable},
                         {"-Infinity", kUnrepresentable},
                         {"", kMalformed},
                         {"-", kMalformed},
                         {".5", kMalformed},
                         {"1.", kMalformed},
                         {"1.1.1", kMalformed},
                         {"1e2", kMalformed},
                         {"1.1e2", kMalformed},
                         {"-NaN", kMalformed},
                         {"1,1", kMalformed},
                         {"+1", kMalformed},
                         {"11111111111111111111111111x", kMalformed},
                         {"1.1111111111111111111111111x", kMalformed},
                         {"1.", kMalformed},
                         {"11111111111111111111111111.", kMalformed}});
  Expect(Numeric(4, 0), {{"10", "10"}, {"-9999", "-9999"}, {"10000", kUnrepresentable}});
  Expect(Numeric(2, 2), {{"0.99", "0.99"}, {"-0.01", "-0.01"}, {"1", kUnrepresentable}});
  Expect(Numeric(3, -2), {{"12300", "12300"}, {"-99900", "-99900"}});
  Expect(Numeric(3, 5), {{"0.00123", "0.00123"}});
  Expect(Numeric(18, 0), {{"999999999999999999", "999999999999999999"},
                          {"-999999999999999999", "-999999999999999999"}});
  Expect(Numeric(20, 2), {{"999999999999999999.99", "999999999999999999.99"},
                          {"99999999999999999", "99999999999999999.00"}});
  Expect(BaseType(oid::kNumeric),
         {{"10.1111", "10.111100000"},
          {"99999999999999999999999999999.999999999", "99999999999999999999999999999.999999999"},
          {"-99999999999999999999999999999.999999999", "-99999999999999999999999999999.999999999"},
          {"100000000000000000000000000000", kUnrepresentable},
          {"0.0000000001", kUnrepresentable},
          {"1.00000000000000000000000000", "1.000000000"}});
  std::string tiny = "0." + std::string(299, '0') + "1";
  const std::string huge(200, '9');
  const ValueForm decimal = ValueForm::Of(BaseType(oid::kNumeric));
  EXPECT_EQ(ShowText(decimal, tiny), kUnrepresentable);
  EXPECT_EQ(ShowText(decimal, huge), kUnrepresentable);
  EXPECT_EQ(ShowText(decimal, std::string(100'000, '0') + "1.5"), "1.500000000");
  const ValueForm text = ValueForm::Of(BaseType(oid::kNumeric), {.numeric = std::nullopt});
  for (const std::string& number : {tiny, huge, std::string("NaN"), std::string("-Infinity")})
    EXPECT_EQ(ShowText(text, number), "'" + number + "'");
}

// Against the reader of decimals that the rest of Caudal has.
TEST(PgText, RandomNumericsAreExact) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const int precision = 1 + static_cast<int>(random() % 38);
    const int scale = static_cast<int>(random() % static_cast<uint64_t>(precision + 1));
    std::string text = random() % 2 == 0 ? "-" : "";
    const auto digits = [&](uint64_t count) {
      while (count-- > 0) text += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
    };
    digits(1 + random() % static_cast<uint64_t>(precision + 1));
    if (random() % 2 == 0) {
      text += '.';
      digits(1 + random() % static_cast<uint64_t>(scale + 2));
    }
    const auto expected = ParseDecimalText(text, precision, scale);
    EXPECT_EQ(ShowText(ValueForm::Of(Numeric(precision, scale)), text),
              expected.ok() ? DecimalText(*expected, scale) : kUnrepresentable)
        << text << " as " << precision << ", " << scale;
  }
}

TEST(PgText, Strings) {
  for (const uint32_t oid : {oid::kText, oid::kVarchar, oid::kBpchar, oid::kName, oid::kChar,
                             oid::kJson, oid::kJsonb, 790u})
    Expect(BaseType(oid), {{"", "''"},
                           {"ab ", "'ab '"},
                           {"ñ, 漢, 🦦", "'ñ, 漢, 🦦'"},
                           {"{\"a\": 1,  \"a\":2}", "'{\"a\": 1,  \"a\":2}'"},
                           {"null", "'null'"},
                           {"long enough, and then \xff", kUnrepresentable},
                           {"\xc3", kUnrepresentable}});
}

TEST(PgText, Bytes) {
  Expect(BaseType(oid::kBytea), {{"\\x", ""},
                                 {"\\x00ff", "00ff"},
                                 {"\\x5C6e27", "5c6e27"},
                                 {"\\x0", kMalformed},
                                 {"\\x0g", kMalformed},
                                 {"", ""},
                                 {"a\\\\b\\000\\377", "615c6200ff"},
                                 {"\\", kMalformed},
                                 {"\\00", kMalformed},
                                 {"\\400", kMalformed},
                                 {"\\08a", kMalformed},
                                 {"a\\b", kMalformed}});
}

TEST(PgText, Dates) {
  Expect(BaseType(oid::kDate), {{"2024-02-29", "2024-02-29"},
                                {"0001-01-01", "0001-01-01"},
                                {"12345-06-07", "+12345-06-07"},
                                {"5874897-12-31", "+5874897-12-31"},
                                {"1900-02-29", kMalformed},
                                {"2000-02-29", "2000-02-29"},
                                {"0004-02-29 BC", kMalformed},
                                {"0005-02-29 BC", kUnrepresentable},
                                {"0001-12-31 BC", kUnrepresentable},
                                {"infinity", kUnrepresentable},
                                {"-infinity", kUnrepresentable},
                                {"9999999-12-31", kUnrepresentable},
                                {"", kMalformed},
                                {"2024-02", kMalformed},
                                {"2024-2-29", kMalformed},
                                {"2024-13-01", kMalformed},
                                {"2024-00-01", kMalformed},
                                {"2024-01-00", kMalformed},
                                {"2024-04-31", kMalformed},
                                {"0000-01-01", kMalformed},
                                {"024-01-01", kMalformed},
                                {"10000000-01-01", kMalformed},
                                {"01/02/2024", kMalformed},
                                {"2024-02-29 AD", kMalformed},
                                {"2024-02-29x", kMalformed},
                                {"Infinity", kMalformed}});
}

TEST(PgText, Times) {
  Expect(BaseType(oid::kTime), {{"00:00:00", "00:00:00.000000"},
                                {"08:09:10.12", "08:09:10.120000"},
                                {"23:59:59.999999", "23:59:59.999999"},
                                {"24:00:00", kUnrepresentable},
                                {"24:00:00.000001", kMalformed},
                                {"24:00:01", kMalformed},
                                {"25:00:00", kMalformed},
                                {"12:60:00", kMalformed},
                                {"12:00:60", kMalformed},
                                {"12:00", kMalformed},
                                {"12:00:00.", kMalformed},
                                {"12:00:00.1234567", kMalformed},
                                {"12:00:00+00", kMalformed},
                                {"1:00:00", kMalformed},
                                {"", kMalformed}});
  Expect(BaseType(1266), {{"24:00:00+05:30", "'24:00:00+05:30'"}});
}

TEST(PgText, Timestamps) {
  Expect(BaseType(oid::kTimestamp),
         {{"2026-11-28 12:00:00.5", "2026-11-28 12:00:00.500000"},
          {"1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"},
          {"0001-01-01 00:00:00", "0001-01-01 00:00:00.000000"},
          {"0001-12-31 23:59:59.999999 BC", kUnrepresentable},
          {"294246-12-31 23:59:59.999999", "+294246-12-31 23:59:59.999999"},
          {"294276-12-31 23:59:59.999999", kUnrepresentable},
          {"infinity", kUnrepresentable},
          {"-infinity", kUnrepresentable},
          {"2026-11-28", kMalformed},
          {"2026-11-28T12:00:00", kMalformed},
          {"2026-11-28 12:00:00+00", kMalformed},
          {"2026-11-28 24:00:00", kMalformed},
          {"2026-02-30 12:00:00", kMalformed},
          {"01/02/2024 15:30:00", kMalformed},
          {"", kMalformed}});
  Expect(BaseType(oid::kTimestampTz),
         {{"12345-06-07 08:09:10+00", "+12345-06-07 08:09:10.000000"},
          {"2026-11-28 12:00:00.5+05:30", "2026-11-28 06:30:00.500000"},
          {"2026-11-28 12:00:00-03", "2026-11-28 15:00:00.000000"},
          {"1890-01-01 00:00:00-00:01:15", "1890-01-01 00:01:15.000000"},
          {"0001-01-01 00:30:00+01", kUnrepresentable},
          {"0001-12-31 23:30:00-01 BC", "0001-01-01 00:30:00.000000"},
          {"4714-11-24 00:00:00+00 BC", kUnrepresentable},
          {"infinity", kUnrepresentable},
          {"2026-11-28 12:00:00", kMalformed},
          {"2026-11-28 12:00:00+", kMalformed},
          {"2026-11-28 12:00:00+0", kMalformed},
          {"2026-11-28 12:00:00+05:3", kMalformed},
          {"2026-11-28 12:00:00 UTC", kMalformed},
          {"01/02/2024 15:30:00 IST", kMalformed}});
}

TEST(PgText, Intervals) {
  Expect(BaseType(oid::kInterval),
         {{"10 mons 3 days -04:05:06.789", "{10,3,-14706789000}"},
          {"00:00:00", "{0,0,0}"},
          {"-1 years -1 mons", "{-13,0,0}"},
          {"1 year 2 mons", "{14,0,0}"},
          {"1 day", "{0,1,0}"},
          {"-1 days +01:00:00", "{0,-1,3600000000}"},
          {"1 mon -1 days", "{1,-1,0}"},
          {"-00:00:00.5", "{0,0,-500000}"},
          {"00:00:00.000001", "{0,0,1}"},
          {"2562047788:00:54.775807", "{0,0,9223372036854775807}"},
          {"-2562047788:00:54.775808", "{0,0,-9223372036854775808}"},
          {"2562047788:00:54.775808", kMalformed},
          {"178956970 years 7 mons", "{2147483647,0,0}"},
          {"178956970 years 8 mons", kMalformed},
          {"178956970 years 7 mons 2147483647 days 2562047788:00:54.775807", kUnrepresentable},
          {"infinity", kUnrepresentable},
          {"-infinity", kUnrepresentable},
          {"", kMalformed},
          {" 1 day", kMalformed},
          {"1 day ", kMalformed},
          {"1 day 1 mon", kMalformed},
          {"1 day 1 day", kMalformed},
          {"01:00:00 01:00:00", kMalformed},
          {"01:00", kMalformed},
          {"01:00:00.", kMalformed},
          {"01:00:00.1234567", kMalformed},
          {"1 week", kMalformed},
          {"@ 1 day", kMalformed},
          {"P1Y", kMalformed},
          {"99999999999 days", kMalformed}});
}

TEST(PgText, Uuids) {
  Expect(BaseType(oid::kUuid),
         {{"f79c3e09-677c-4bbd-a479-3f349cb785e7", "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
          {"F79C3E09-677C-4BBD-A479-3F349CB785E7", "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
          {"f79c3e09677c4bbda4793f349cb785e7", kMalformed},
          {"f79c3e09-677c-4bbd-a479-3f349cb785eg", kMalformed},
          {"", kMalformed}});
}

TEST(PgText, Arrays) {
  Expect(ArrayOf(BaseType(oid::kInt4)), {{"{1,-2,NULL,3}", "[1,-2,null,3]"},
                                         {"{}", "[]"},
                                         {"{NULL}", "[null]"},
                                         {"{{1,2},{NULL,4}}", kUnrepresentable},
                                         {"[0:1]={1,2}", kUnrepresentable},
                                         {"{1,x}", kMalformed},
                                         {"{1,2", kMalformed},
                                         {"{1,}", kMalformed},
                                         {"{,1}", kMalformed},
                                         {"{1 2}", kMalformed},
                                         {"{1}}", kMalformed},
                                         {"{\"1\"}", "[1]"},
                                         {"{null}", kMalformed},
                                         {"1", kMalformed},
                                         {"", kMalformed},
                                         {"{", kMalformed}});
  Expect(ArrayOf(BaseType(oid::kText)), {{R"~({a,"\"",",","{","NULL","","\\",NULL,"a b","\\\"x"})~",
                                          R"~(['a','"',',','{','NULL','','\',null,'a b','\"x'])~"},
                                         {R"~({"a)~", kMalformed},
                                         {R"~({"a\)~", kMalformed},
                                         {R"~({"a"b})~", kMalformed},
                                         {R"~({a\b})~", kMalformed},
                                         {"{a,\"\xff\"}", kUnrepresentable}});
  Expect(ArrayOf(BaseType(oid::kBytea)), {{R"~({"\\x00ff","\\x",NULL})~", "[00ff,,null]"}});
  Expect(ArrayOf(BaseType(oid::kBool)), {{"{t,f}", "[true,false]"}});
  Expect(ArrayOf(Numeric(12, 2)), {{"{1.50,NULL}", "[1.50,null]"}, {"{1,NaN}", kUnrepresentable}});
  Expect(ArrayOf(BaseType(oid::kTimestampTz)),
         {{R"~({"2026-11-28 12:00:00+00"})~", "[2026-11-28 12:00:00.000000]"},
          {R"~({infinity})~", kUnrepresentable}});
  Expect(ArrayOf(BaseType(603), ';'),
         {{"{(1,1),(0,0);(2,2),(1,1)}", "['(1,1),(0,0)','(2,2),(1,1)']"}});
  Expect(ArrayOf(DomainOver(ArrayOf(BaseType(oid::kInt4)))),
         {{R"~({"{1,2}","{}",NULL})~", "[[1,2],[],null]"}});
}

TEST(PgText, Composites) {
  const PgType type = CompositeOf({{"n", BaseType(oid::kInt4)},
                                   {"s", BaseType(oid::kText)},
                                   {"tags", ArrayOf(BaseType(oid::kText))}});
  Expect(type, {{"(1,a,\"{x,y}\")", "{1,'a',['x','y']}"},
                {"(,,)", "{null,null,null}"},
                {"(,\"\",{})", "{null,'',[]}"},
                {R"~((-5,"a ""b"" \\ c,d)","{""q\\""r"",NULL}"))~",
                 R"~({-5,'a "b" \ c,d)',['q"r',null]})~"},
                {"(1,(x),)", kMalformed},
                {"(1,a)", kMalformed},
                {"(1,a,{},)", kMalformed},
                {"(1,a,{}", kMalformed},
                {"(1,a,{})x", kMalformed},
                {"(x,a,{})", kMalformed},
                {"(1,\"a,{})", kMalformed},
                {"(1,\"a\"b,{})", kMalformed},
                {"(1,\xff,{})", kUnrepresentable},
                {"(1,a,{{b}})", kUnrepresentable},
                {"1,a,{}", kMalformed},
                {"", kMalformed}});
  Expect(ArrayOf(type), {{R"~({"(1,\"a \"\"b\"\"\",\"{x,\"\"y z\"\"}\")",NULL,"(,,)"})~",
                          R"~([{1,'a "b"',['x','y z']},null,{null,null,null}])~"},
                         {R"~({"(1,a,{})","(2,b,x)"})~", kMalformed}});
}

TEST(PgText, Hstores) {
  const PgType type = Other(PgType::Kind::kBase, "hstore", "hstore");
  Expect(type, {{R"~("a"=>"1", "b"=>NULL)~", "{'a','1','b',null}"},
                {"", "{}"},
                {R"~("\"\\"=>"NULL", ""=>"")~", R"~({'"\','NULL','',''})~"},
                {R"~("a"=>"1","b"=>NULL)~", kMalformed},
                {R"~("a"=>)~", kMalformed},
                {R"~("a")~", kMalformed},
                {R"~(a=>1)~", kMalformed},
                {R"~("a"=>"1", )~", kMalformed},
                {R"~("a"=>null)~", kMalformed},
                {"\"a\"=>\"\xff\"", kUnrepresentable},
                {"\"\xff\"=>NULL", kUnrepresentable}});
  Expect(ArrayOf(type), {{R"~({"\"a\"=>NULL",""})~", "[{'a',null},{}]"}});
}

TEST(PgText, RangesEnumsAndTheRestAreTexts) {
  for (const auto kind : {PgType::Kind::kRange, PgType::Kind::kMultirange, PgType::Kind::kEnum})
    Expect(Other(kind), {{"[5,6)", "'[5,6)'"}, {"empty", "'empty'"}, {"d\"e", "'d\"e'"}});
  Expect(BaseType(869), {{"10.0.0.1/8", "'10.0.0.1/8'"}});
  Expect(BaseType(1560), {{"1000000", "'1000000'"}});
  Expect(BaseType(3614), {{"'cat' 'fat':2B", "''cat' 'fat':2B'"}});
}

// A value that fails in its middle leaves nothing behind.
TEST(PgText, ColumnsStayWholeAfterFailures) {
  const PgType inner = CompositeOf({{"n", BaseType(oid::kInt4)}, {"s", BaseType(oid::kText)}});
  const PgType outer = CompositeOf({{"flags", ArrayOf(BaseType(oid::kBool))},
                                    {"parts", ArrayOf(inner)},
                                    {"last", Numeric(4, 2)}});
  const ValueForm form = ValueForm::Of(ArrayOf(outer));
  const char* const texts[] = {
      R"~({"(\"{t,f,NULL}\",\"{\"\"(1,a)\"\",NULL}\",1.50)"})~",
      R"~({"(\"{t,f}\",\"{\"\"(1,a)\"\"}\",1.50)","(\"{t}\",\"{\"\"(1,a)\"\",\"\"(x,b)\"\"}\",)"})~",
      R"~({"(\"{t}\",\"{\"\"(1,a)\"\"}\",NaN)"})~",
      R"~({NULL,"(\"{t,x}\",,)"})~",
      R"~({NULL})~",
      R"~({"(,,)"})~",
      R"~({)~",
  };
  const std::string expected[] = {"[{[true,false,null],[{1,'a'},null],1.50}]",
                                  "null",
                                  "null",
                                  "null",
                                  "[null]",
                                  "[{null,null,null}]",
                                  "null"};
  ColumnBuilder column(form.type());
  std::vector<size_t> order;
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    order.push_back(random() % std::size(texts));
    AppendText(column, form, texts[order.back()]);
  }
  const Array array = column.Finish();
  ASSERT_EQ(array.length(), 2000);
  for (size_t i = 0; i < order.size(); ++i)
    ASSERT_EQ(Show(array, static_cast<int64_t>(i)), expected[order[i]]) << i;
}

}  // namespace
}  // namespace caudal::postgres
