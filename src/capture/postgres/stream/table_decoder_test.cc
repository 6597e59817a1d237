// What a real server says of changes, as batches of the history.
#include "capture/postgres/stream/table_decoder.h"

#include <gmock/gmock.h>

#include <map>

#include "capture/postgres/test_database.h"
#include "data/digest.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::MessageParser;
using testing::ElementsAre;

class TableDecoderTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    options_.tables = {TablePattern::Parse("public.*").value()};
    Run("CREATE PUBLICATION p FOR ALL TABLES");
    Run("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'pgoutput')");
  }

  // The changes of the table since the last call, as "op|columns…|before…|caudal".
  std::vector<std::string> Changes(const std::string& table) {
    const auto catalog = ReadCatalog(*connection_, options_).value();
    const auto found = std::ranges::find(catalog.tables, table, &SourceTable::name);
    auto columns = CapturedColumnsOf(*found, options_).value();
    shape_ = ShapeOf(ChangeColumnsOf(columns)).value();
    NameAsIn(shape_.history, columns);
    const Rows messages =
        connection_
            ->Query("SELECT encode(data, 'hex') FROM pg_logical_slot_get_binary_changes('" + slot_ +
                    "', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')")
            .value();
    std::optional<TableDecoder> decoder;
    MessageParser parser;
    uint64_t ordinal = 0;
    for (int i = 0; i < messages.size(); ++i) {
      const std::string bytes = DecodeHex(messages.Text(i, 0)).value();
      const auto message = parser.Parse(bytes).value();
      const ChangeEnd end{{}, {1, 2, ordinal++}, 3};
      Result<void> added;
      if (const auto* relation = std::get_if<caudal::postgres::Relation>(&message)) {
        SentColumns sent = SentColumnsOf(*relation, columns);
        // TRUNCATE has the table described again.
        if (decoder) continue;
        decoder =
            TableDecoder::Make(shape_.history, {table, columns, std::move(sent), shape_.key_text})
                .value();
      } else if (const auto* insert = std::get_if<caudal::postgres::Insert>(&message)) {
        added = decoder->Add(*insert, end);
      } else if (const auto* update = std::get_if<caudal::postgres::Update>(&message)) {
        added = decoder->Add(*update, end);
      } else if (const auto* removed = std::get_if<caudal::postgres::Delete>(&message)) {
        added = decoder->Add(*removed, end);
      } else if (std::get_if<caudal::postgres::Truncate>(&message) != nullptr) {
        decoder->AddTruncate(end);
      }
      if (!added.ok()) return {added.error().message};
    }
    if (!decoder) return {};
    const Batch batch = decoder->Finish().value();
    EXPECT_TRUE(batch.Check(shape_.history).ok());
    return Show(batch);
  }

  static std::string Text(const Array& array, int64_t row) {
    if (array.IsNull(row)) return "-";
    switch (array.type().kind()) {
      case TypeKind::kLong:
      case TypeKind::kTimestampTz:
        return std::to_string(array.values<int64_t>()[row]);
      case TypeKind::kInt:
        return std::to_string(array.values<int32_t>()[row]);
      case TypeKind::kDecimal:
        return std::to_string(static_cast<int64_t>(array.values<Int128>()[row]));
      case TypeKind::kDouble:
        return std::to_string(array.values<double>()[row]);
      case TypeKind::kStruct: {
        std::string text;
        for (const Array& child : array.children())
          text += (text.empty() ? "(" : ",") + Text(child, row);
        return text + ")";
      }
      case TypeKind::kList: {
        std::string text;
        for (int32_t i = array.offsets()[row]; i < array.offsets()[row + 1]; ++i)
          text += Text(array.children()[0], i);
        return "[" + text + "]";
      }
      default:
        return std::string(array.bytes(row).substr(0, 12));
    }
  }
  // Without position and time; lists that are empty are left out.
  std::vector<std::string> Show(const Batch& batch) const {
    std::vector<std::string> lines;
    for (int64_t row = 0; row < batch.rows(); ++row) {
      std::string line;
      for (size_t i = 0; i + 1 < batch.columns().size(); ++i)
        line += (i == 0 ? "" : "|") + Text(batch.column(i), row);
      const std::vector<Array>& own = batch.columns().back().children();
      for (size_t i = 2; i < own.size(); ++i) {
        const std::string text = Text(own[i], row);
        if (text != "[]" && text != "-")
          line += " " + batch.columns().back().type().fields()[i].name + text;
      }
      lines.push_back(line);
    }
    return lines;
  }

  const std::string slot_ = "s" + database_;
  SourceOptions options_;
  ChangeShape shape_;
};

TEST_F(TableDecoderTest, ChangesByKey) {
  Run("CREATE TABLE t (id int PRIMARY KEY, name text, n numeric(9, 2))");
  Run("INSERT INTO t VALUES (1, 'a', 1.5), (2, NULL, 'NaN')");
  Run("UPDATE t SET name = 'b' WHERE id = 1");
  Run("UPDATE t SET id = 3 WHERE id = 1");
  Run("DELETE FROM t WHERE id = 2");
  Run("TRUNCATE t");
  EXPECT_THAT(Changes("t"),
              ElementsAre("1|a|150|c|-", "2|-|-|c|- unrepresentable[(n,NaN)]", "1|b|150|u|-",
                          "3|b|150|u|(1,-,-)", "2|-|-|d|-", "-|-|-|t|-"));
}

TEST_F(TableDecoderTest, WholeRowsBefore) {
  Run("CREATE TABLE t (id int PRIMARY KEY, n numeric(9, 2), long text)");
  Run("ALTER TABLE t REPLICA IDENTITY FULL, ALTER long SET STORAGE EXTERNAL");
  Run("INSERT INTO t VALUES (1, 'NaN', repeat('x', 5000))");
  Run("UPDATE t SET n = 2");
  Run("DELETE FROM t");
  EXPECT_THAT(Changes("t"), ElementsAre("1|-|xxxxxxxxxxxx|c|- unrepresentable[(n,NaN)]",
                                        "1|200|xxxxxxxxxxxx|u|(1,-,xxxxxxxxxxxx) "
                                        "before_unrepresentable[(n,NaN)]",
                                        "1|-|-|d|(1,200,xxxxxxxxxxxx)"));
}

TEST_F(TableDecoderTest, ValuesThatWerentSent) {
  Run("CREATE TABLE t (id int PRIMARY KEY, n int, long text)");
  Run("ALTER TABLE t ALTER long SET STORAGE EXTERNAL");
  Run("INSERT INTO t VALUES (1, 1, repeat('x', 5000))");
  Run("UPDATE t SET n = 2");
  Run("UPDATE t SET long = NULL");
  EXPECT_THAT(Changes("t"),
              ElementsAre("1|1|xxxxxxxxxxxx|c|-", "1|2|-|u|- unchanged[long]", "1|2|-|u|-"));
}

TEST_F(TableDecoderTest, KeysThatAreTexts) {
  Run("CREATE TABLE t (a numeric(5, 1), b float8, v int, PRIMARY KEY (a, b))");
  Run("INSERT INTO t VALUES ('NaN', 'Infinity', 1), (1.5, 0.1, 2)");
  Run("UPDATE t SET b = 0.2 WHERE v = 2");
  Run("DELETE FROM t WHERE v = 1");
  EXPECT_THAT(Changes("t"), ElementsAre(R"(-|inf|1|["NaN","Infi|c|- unrepresentable[(a,NaN)])",
                                        R"(15|0.100000|2|["1.5","0.1"|c|-)",
                                        R"(15|0.200000|2|["1.5","0.2"|u|(15,0.100000,-) )"
                                        R"(before_key["1.5","0.1")",
                                        R"(-|inf|-|["NaN","Infi|d|- unrepresentable[(a,NaN)])"));
}

TEST_F(TableDecoderTest, TablesWithoutAKey) {
  Run("CREATE TABLE t (a int, b text)");
  Run("ALTER TABLE t REPLICA IDENTITY FULL");
  Run("INSERT INTO t VALUES (1, 'x'), (1, 'x')");
  Run("DELETE FROM t WHERE a = 1");
  EXPECT_THAT(Changes("t"), ElementsAre("1|x|c|-", "1|x|c|-", "1|x|d|(1,x)", "1|x|d|(1,x)"));
  EXPECT_TRUE(shape_.row_key);
}

TEST_F(TableDecoderTest, TheKeyIsTheReplicaIdentity) {
  Run("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, UNIQUE (code))");
  Run("ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key");
  Run("INSERT INTO t VALUES (1, 'x')");
  Run("DELETE FROM t");
  EXPECT_THAT(Changes("t"), ElementsAre("1|x|c|-", "-|x|d|-"));
  const auto key = shape_.replica.identifier_field_ids();
  ASSERT_EQ(key.size(), 1u);
  EXPECT_EQ(shape_.replica.FullNameOf(key[0]), "code");
}

TEST_F(TableDecoderTest, MaskedAndLeftOut) {
  Run("CREATE TABLE t (email text PRIMARY KEY, name text, phone text, born int, twice int "
      "GENERATED ALWAYS AS (born * 2) STORED)");
  const auto column = [](const char* text) { return ColumnPattern::Parse(text).value(); };
  options_.masks = {{column("public.t.email"), Mask::kHash, 0},
                    {column("public.t.name"), Mask::kTruncate, 2},
                    {column("public.t.born"), Mask::kNull, 0}};
  options_.columns_exclude = {column("public.t.phone")};
  Run("INSERT INTO t VALUES ('a@b.c', 'ñandú', '123', 1990)");
  EXPECT_THAT(Changes("t"), ElementsAre(EncodeHex(Sha256("a@b.c")).substr(0, 12) + "|ña|-|c|-"));
  options_.masks[0].mask = Mask::kNull;
  const auto catalog = ReadCatalog(*connection_, options_).value();
  EXPECT_THAT(CapturedColumnsOf(catalog.tables[0], options_).error().message,
              testing::HasSubstr("\"email\" is a part of the key"));
}

TEST_F(TableDecoderTest, ColumnsThatThisPartOfTheLogLacksAreUnchanged) {
  Run("CREATE TABLE t (id int PRIMARY KEY, a int)");
  Run("INSERT INTO t VALUES (1, 1)");
  Run("ALTER TABLE t ADD b int");
  EXPECT_THAT(Changes("t"), ElementsAre("1|1|-|c|- unchanged[b]"));
  Run("INSERT INTO t VALUES (2, 2, 2)");
  Run("ALTER TABLE t ALTER b TYPE bigint");
  EXPECT_THAT(Changes("t"), ElementsAre("2|2|-|c|- unchanged[b]"));
}

}  // namespace
}  // namespace caudal::capture::postgres
