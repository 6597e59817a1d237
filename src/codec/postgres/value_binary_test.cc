#include "codec/postgres/copy_text.h"
#include "codec/postgres/test_values.h"

namespace caudal::postgres {
namespace {

std::string Bytes(std::string_view hex) { return DecodeHex(hex).value(); }

struct Sent {
  std::string declared;
  ValueForm form;
  std::string text;
  std::string binary;
};

// What PostgreSQL 15 gave for the values of testdata/values.sql.
std::vector<Sent> SentValues() {
  std::vector<Sent> values;
  const std::string file = ReadTestFile("values.txt");
  std::string_view rest = file;
  CopyTextReader reader(5);
  while (!rest.empty()) {
    const auto row = reader.Next(rest).value();
    const auto number = [&](size_t i) { return std::stoll(std::string(row[i].bytes)); };
    values.push_back(
        {std::string(row[0].bytes),
         ValueForm::Of(BaseType(static_cast<uint32_t>(number(1)), static_cast<int32_t>(number(2)))),
         std::string(row[3].bytes), Bytes(row[4].bytes)});
  }
  EXPECT_EQ(values.size(), 119u);
  return values;
}

TEST(PgBinary, GivesWhatTheTextGives) {
  size_t unrepresentable = 0;
  for (const Sent& value : SentValues()) {
    EXPECT_TRUE(value.form.binary()) << value.declared;
    const std::string shown = ShowText(value.form, value.text);
    EXPECT_NE(shown, "malformed") << value.declared << " " << value.text;
    EXPECT_EQ(ShowBinary(value.form, value.binary), shown) << value.declared << " " << value.text;
    if (shown == "unrepresentable") ++unrepresentable;
  }
  EXPECT_EQ(unrepresentable, 23u);
}

TEST(PgBinary, OtherLengthsAreMalformed) {
  for (const Sent& value : SentValues()) {
    if (value.form.syntax() == Syntax::kText || value.form.syntax() == Syntax::kBytea ||
        value.form.syntax() == Syntax::kJsonb)
      continue;
    EXPECT_EQ(ShowBinary(value.form, ""), "malformed") << value.declared;
    EXPECT_EQ(ShowBinary(value.form, value.binary + '\0'), "malformed") << value.declared;
    EXPECT_EQ(ShowBinary(value.form, value.binary.substr(1)), "malformed") << value.declared;
  }
}

TEST(PgBinary, Numerics) {
  const ValueForm form = ValueForm::Of(Numeric(6, 3));
  EXPECT_EQ(ShowBinary(form, Bytes("0001000000000003"
                                   "007b")),
            "123.000");
  EXPECT_EQ(ShowBinary(form, Bytes("0002000040000003"
                                   "007b1356")),
            "-123.495");
  EXPECT_EQ(ShowBinary(form, Bytes("0003000000000003"
                                   "0000007b0000")),
            "unrepresentable");  // 0.0123
  EXPECT_EQ(ShowBinary(form, Bytes("0004000000000003"
                                   "0000000a00000000")),
            "0.001");
  EXPECT_EQ(ShowBinary(form, Bytes("0004000000000003"
                                   "0000000a00000001")),
            "unrepresentable");
  EXPECT_EQ(ShowBinary(form, Bytes("00010000000000000"
                                   "3e8")),
            "unrepresentable");  // 1000
  EXPECT_EQ(ShowBinary(form, Bytes("00017fff000000000001")), "unrepresentable");
  EXPECT_EQ(ShowBinary(form, Bytes("00018000000000000001")), "unrepresentable");
  EXPECT_EQ(ShowBinary(form, Bytes("00027fff0000000000000000")), "0.000");
  EXPECT_EQ(ShowBinary(form, Bytes("0000000040000000")), "0.000");
  EXPECT_EQ(ShowBinary(form, Bytes("0001000000000000"
                                   "2710")),
            "malformed");  // a group of 10000
  EXPECT_EQ(ShowBinary(form, Bytes("0001000012340000"
                                   "0001")),
            "malformed");  // no such sign
  EXPECT_EQ(ShowBinary(form, Bytes("0002000000000000"
                                   "0001")),
            "malformed");
}

TEST(PgBinary, OddBytesAreMalformed) {
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kBool)), Bytes("02")), "malformed");
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kTime)), Bytes("ffffffffffffffff")),
            "malformed");
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kTime)), Bytes("000000141dd76001")),
            "malformed");
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kJsonb)), Bytes("027b7d")), "malformed");
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kJsonb)), ""), "malformed");
  EXPECT_EQ(ShowBinary(ValueForm::Of(BaseType(oid::kText)), "\xff"), "unrepresentable");
}

TEST(PgBinary, EveryNaNIsTheSame) {
  ColumnBuilder column{Type(TypeKind::kDouble)};
  const ValueForm form = ValueForm::Of(BaseType(oid::kFloat8));
  AppendText(column, form, "NaN");
  AppendBinary(column, form, Bytes("fff8000000000001"));
  AppendBinary(column, form, Bytes("7ff0000000000001"));
  const Array array = column.Finish();
  const auto* bits = array.values<uint64_t>();
  EXPECT_EQ(bits[0], bits[1]);
  EXPECT_EQ(bits[0], bits[2]);
}

TEST(PgBinary, WhatHasNoneIsMalformed) {
  for (const PgType& type :
       {ArrayOf(BaseType(oid::kInt4)), CompositeOf({{"f", BaseType(oid::kInt4)}}),
        Other(PgType::Kind::kRange), Other(PgType::Kind::kBase, "hstore", "hstore")})
    EXPECT_EQ(ShowBinary(ValueForm::Of(type), "anything"), "malformed");
}

}  // namespace
}  // namespace caudal::postgres
