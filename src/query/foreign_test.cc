// Tables as other engines leave them: evolved, with deletes of both kinds, without field ids.
#include <chrono>

#include "query/query_fixture.h"

namespace caudal::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ForeignTest : public QueryFixture {
 protected:
  static Field Optional(int32_t id, const std::string& name, Type type) {
    return Field{id, name, std::move(type), false, {}, {}, {}};
  }
  void MakePlain(const std::string& name) {
    MakeTable(name, {Optional(1, "id", Type(TypeKind::kInt)),
                     Optional(2, "name", Type(TypeKind::kString))});
  }
  lake::DataFile PositionDeletes(const std::string& select) {
    lake::DataFile file = WriteFile(select, "{file_path: 2147483546, pos: 2147483545}");
    file.content = lake::FileContent::kPositionDeletes;
    return file;
  }
  lake::DataFile EqualityDeletes(const std::string& select, const std::string& ids,
                                 std::vector<int32_t> equality_ids) {
    lake::DataFile file = WriteFile(select, ids);
    file.content = lake::FileContent::kEqualityDeletes;
    file.equality_ids = std::move(equality_ids);
    return file;
  }
};

TEST_F(ForeignTest, ReadsEvolvedColumnsByTheirIds) {
  MakePlain("t");
  Commit("t", {WriteFile("SELECT 1::INT AS id, 'a' AS name", "{id: 1, name: 2}")});
  // Widened and renamed, dropped, added with and without a default, and a name used again.
  SetSchema("t", R"json([{"id": 3, "name": "name", "type": "string", "required": false},
      {"id": 1, "name": "key", "type": "long", "required": false},
      {"id": 4, "name": "price", "type": "decimal(9, 2)", "required": false
}])json");
  EXPECT_THAT(Rows("FROM n.t"), ElementsAre("-|1|-"));
  EXPECT_THAT(columns_, ElementsAre("name VARCHAR", "key BIGINT", "price DECIMAL(9,2)"));
  Commit("t", {WriteFile("SELECT 1.5::DECIMAL(9,2) AS price, 'new' AS name, 5000000000 AS key",
                         "{price: 4, name: 3, key: 1}")});
  EXPECT_THAT(Rows("FROM n.t ORDER BY key"), ElementsAre("-|1|-", "new|5000000000|1.50"));
  EXPECT_THAT(Rows("SELECT name FROM n.t WHERE key = 1"), ElementsAre("-"));
  EXPECT_THAT(Rows("SELECT key FROM n.t WHERE price IS NULL"), ElementsAre("1"));
}

TEST_F(ForeignTest, ReadsFilesOfNarrowAndWideNumbersTogether) {
  MakeTable("t", {Optional(1, "id", Type(TypeKind::kInt)), Optional(2, "f", Type(TypeKind::kFloat)),
                  Optional(3, "d", Type::Decimal(9, 2))});
  const std::string ids = "{id: 1, f: 2, d: 3}";
  Commit("t", {WriteFile("SELECT 1::INT AS id, 0.5::FLOAT AS f, 1.5::DECIMAL(9,2) AS d", ids)});
  SetSchema("t", R"json([{"id": 1, "name": "id", "type": "long", "required": false},
      {"id": 2, "name": "f", "type": "double", "required": false},
      {"id": 3, "name": "d", "type": "decimal(18, 2)", "required": false}])json");
  Commit("t", {WriteFile("SELECT 5000000000 AS id, 0.1::DOUBLE AS f, "
                         "1234567890123456.78::DECIMAL(18,2) AS d",
                         ids)});
  EXPECT_THAT(Rows("FROM n.t ORDER BY id"),
              ElementsAre("1|0.5|1.50", "5000000000|0.1|1234567890123456.78"));
  EXPECT_THAT(Rows("SELECT id FROM n.t WHERE f = 0.1"), ElementsAre("5000000000"));
}

TEST_F(ForeignTest, ReadsEvolvedPartsOfNestedColumns) {
  MakeTable("t", {Optional(1, "id", Type(TypeKind::kLong))});
  SetSchema("t", R"([{"id": 1, "name": "id", "type": "long", "required": false},
      {"id": 2, "name": "s", "required": false, "type": {"type": "struct", "fields": [
        {"id": 3, "name": "a", "type": "int", "required": false},
        {"id": 4, "name": "b", "type": "string", "required": false}]}},
      {"id": 5, "name": "l", "required": false, "type": {"type": "list", "element-id": 6,
        "element-required": false, "element": {"type": "struct", "fields": [
          {"id": 7, "name": "x", "type": "int", "required": false}]}}},
      {"id": 8, "name": "m", "required": false, "type": {"type": "map", "key-id": 9,
        "key": "string", "value-id": 10, "value-required": false, "value": "int"}}])");
  Commit("t", {WriteFile("SELECT * FROM (VALUES (1::BIGINT, {'a': 1::INT, 'b': 'x'}, "
                         "[{'x': 7::INT}, NULL], MAP {'k': 9::INT}), (2, NULL, NULL, NULL)) "
                         "v(id, s, l, m)",
                         "{id: 1, s: {__duckdb_field_id: 2, a: 3, b: 4}, "
                         "l: {__duckdb_field_id: 5, element: {__duckdb_field_id: 6, x: 7}}, "
                         "m: {__duckdb_field_id: 8, key: 9, value: 10}}")});
  EXPECT_THAT(Rows("FROM n.t ORDER BY id"),
              ElementsAre("1|{'a': 1, 'b': x}|[{'x': 7}, NULL]|{k=9}", "2|-|-|-"));
  SetSchema("t", R"([{"id": 1, "name": "id", "type": "long", "required": false},
      {"id": 2, "name": "s", "required": false, "type": {"type": "struct", "fields": [
        {"id": 4, "name": "bb", "type": "string", "required": false},
        {"id": 11, "name": "c", "type": "date", "required": false},
        {"id": 3, "name": "a", "type": "long", "required": false}]}},
      {"id": 5, "name": "l", "required": false, "type": {"type": "list", "element-id": 6,
        "element-required": false, "element": {"type": "struct", "fields": [
          {"id": 7, "name": "y", "type": "long", "required": false}]}}},
      {"id": 8, "name": "m", "required": false, "type": {"type": "map", "key-id": 9,
        "key": "string", "value-id": 10, "value-required": false, "value": "long"}}])");
  EXPECT_THAT(Rows("FROM n.t ORDER BY id"),
              ElementsAre("1|{'bb': x, 'c': NULL, 'a': 1}|[{'y': 7}, NULL]|{k=9}", "2|-|-|-"));
}

TEST_F(ForeignTest, AppliesPositionDeletes) {
  MakePlain("t");
  const lake::DataFile first =
      WriteFile("SELECT i::INT AS id, 'a' || i AS name FROM range(5000) r(i)", "{id: 1, name: 2}");
  const lake::DataFile second = WriteFile(
      "SELECT (10000 + i)::INT AS id, 'b' AS name FROM range(10) r(i)", "{id: 1, name: 2}");
  Commit("t", {first, second});
  // One file of deletes for both, one for one; the third names a file that isn't there.
  Commit("t",
         {PositionDeletes("SELECT * FROM (VALUES ('" + first.path + "', 0::BIGINT), ('" +
                          first.path + "', 4999), ('" + second.path + "', 3)) v(file_path, pos)"),
          PositionDeletes("SELECT '" + first.path + "' AS file_path, 2500::BIGINT AS pos"),
          PositionDeletes("SELECT 'gs://lake/x' AS file_path, 1::BIGINT AS pos")});
  EXPECT_THAT(Rows("SELECT count(*), min(id), sum(id = 2500) FROM n.t WHERE id < 10000"),
              ElementsAre("4997|1|0"));
  EXPECT_THAT(Rows("SELECT count(*), sum(id) FROM n.t WHERE id >= 10000"), ElementsAre("9|90042"));
  EXPECT_THAT(Rows("SELECT name FROM n.t WHERE id = 4998"), ElementsAre("a4998"));
}

TEST_F(ForeignTest, AppliesEqualityDeletesToWhatIsOlder) {
  MakePlain("t");
  const std::string ids = "{id: 1, name: 2}";
  const std::string rows =
      "SELECT * FROM (VALUES (1::INT, 'a'), (2, 'b'), (NULL, 'c'), (3, NULL))"
      " v(id, name)";
  const lake::DataFile old = WriteFile(rows, ids);
  Commit("t", {old});
  Commit("t", {EqualityDeletes("SELECT * FROM (VALUES (1::INT), (NULL)) v(id)", "{id: 1}", {1}),
               EqualityDeletes("SELECT 3::INT AS id, NULL::VARCHAR AS name", ids, {1, 2}),
               WriteFile("SELECT 1::INT AS id, 'again' AS name", ids)});
  EXPECT_THAT(Rows("FROM n.t ORDER BY id"), ElementsAre("1|again", "2|b"));
  Commit("t", {PositionDeletes("SELECT '" + old.path + "' AS file_path, 1::BIGINT AS pos"),
               EqualityDeletes("SELECT 'again' AS name", "{name: 2}", {2})});
  EXPECT_THAT(Rows("FROM n.t"), IsEmpty());
  // By a column under its older name and type, that has gone meanwhile.
  Commit("t", {WriteFile(rows, ids)});
  SetSchema("t", R"([{"id": 2, "name": "title", "type": "string", "required": false}])");
  Commit("t", {EqualityDeletes("SELECT 2::INT AS id", "{id: 1}", {1})});
  EXPECT_THAT(Rows("FROM n.t ORDER BY title"), ElementsAre("a", "c", "-"));
}

TEST_F(ForeignTest, NeedsANameMappingWhereThereAreNoIds) {
  MakePlain("t");
  Commit("t", {WriteFile("SELECT 7::INT AS \"ID\", 'a' AS label, 1 AS more", "")});
  const Error error = Fails("FROM n.t");
  EXPECT_TRUE(error.Is(ErrorKind::kUnsupported));
  EXPECT_THAT(error.message, HasSubstr("schema.name-mapping.default"));
  Update("t", Json::array({{{"action", "set-properties"},
                            {"updates",
                             {{"schema.name-mapping.default",
                               R"([{"field-id": 1, "names": ["id", "ID"]},
                                   {"field-id": 2, "names": ["name", "label"]}])"}}}}}));
  EXPECT_THAT(Rows("FROM n.t"), ElementsAre("7|a"));
}

TEST_F(ForeignTest, TellsNamesApartThatDifferByCase) {
  MakeTable("t", {Optional(1, "a", Type(TypeKind::kInt)), Optional(2, "A", Type(TypeKind::kInt))});
  Commit("t", {WriteFile("SELECT 1::INT AS a, 2::INT AS b", "{a: 1, b: 2}")});
  EXPECT_THAT(Rows("SELECT a, A_1 FROM n.t"), ElementsAre("1|2"));
}

TEST_F(ForeignTest, ReadsEveryType) {
  MakeTable("t",
            {Optional(1, "b", Type(TypeKind::kBoolean)), Optional(2, "f", Type(TypeKind::kFloat)),
             Optional(3, "d", Type(TypeKind::kDate)), Optional(4, "t", Type(TypeKind::kTime)),
             Optional(5, "ts", Type(TypeKind::kTimestamp)),
             Optional(6, "tz", Type(TypeKind::kTimestampTz)),
             Optional(7, "u", Type(TypeKind::kUuid)), Optional(8, "x", Type(TypeKind::kBinary)),
             Optional(9, "n", Type::Decimal(38, 10)), Optional(10, "y", Type::Fixed(2))});
  EXPECT_THAT(Rows("FROM n.t"), IsEmpty());
  const std::vector<std::string> types = columns_;
  Commit("t", {WriteFile("SELECT true AS b, 1.5::FLOAT AS f, DATE '2020-01-02' AS d, "
                         "TIME '01:02:03.5' AS t, TIMESTAMP '2020-01-02 03:04:05' AS ts, "
                         "TIMESTAMPTZ '2020-01-02 03:04:05Z' AS tz, "
                         "'5f1e5e5c-0000-4000-8000-000000000001'::UUID AS u, '\\xFF'::BLOB AS x, "
                         "12345678901234567890.5::DECIMAL(38,10) AS n, 'ab'::BLOB AS y",
                         "{b: 1, f: 2, d: 3, t: 4, ts: 5, tz: 6, u: 7, x: 8, n: 9, y: 10}")});
  EXPECT_THAT(Rows("FROM n.t"),
              ElementsAre("true|1.5|2020-01-02|01:02:03.5|2020-01-02 03:04:05|2020-01-02 "
                          "03:04:05+00|5f1e5e5c-0000-4000-8000-000000000001|\\xFF|"
                          "12345678901234567890.5000000000|ab"));
  EXPECT_EQ(columns_, types);
}

TEST_F(ForeignTest, SaysWhatItCantRead) {
  MakePlain("t");
  lake::DataFile orc = WriteFile("SELECT 1::INT AS id", "{id: 1}");
  orc.format = "ORC";
  Commit("t", {orc});
  EXPECT_THAT(Fails("FROM n.t").message, HasSubstr("ORC"));
  MakePlain("u");
  lake::DataFile broken = WriteFile("SELECT 1::INT AS id", "{id: 1}");
  broken.path = "gs://lake/data/broken.parquet";
  broken.file_size_bytes = 5;
  PutObject(broken.path, "PAR1?");
  Commit("u", {broken});
  const Error error = Fails("FROM n.u");
  EXPECT_TRUE(error.Is(ErrorKind::kCorrupt));
  EXPECT_THAT(error.message, HasSubstr("broken.parquet"));
}

}  // namespace
}  // namespace caudal::query
