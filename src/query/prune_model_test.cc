// Conditions by chance over values by chance: what files are left out changes no answer.
#include <cmath>
#include <limits>

#include "data/civil.h"
#include "query/query_fixture.h"

namespace caudal::query {
namespace {

class PruneModelTest : public QueryFixture {
 protected:
  int64_t Below(int64_t n) { return static_cast<int64_t>(chance_.Below(static_cast<uint64_t>(n))); }

  static std::vector<Field> Fields() {
    const auto field = [](int32_t id, const char* name, Type type) {
      return Field{id, name, std::move(type), false, {}, {}, {}};
    };
    return {
        field(1, "i", Type(TypeKind::kInt)),          field(2, "l", Type(TypeKind::kLong)),
        field(3, "f", Type(TypeKind::kFloat)),        field(4, "d", Type(TypeKind::kDouble)),
        field(5, "n", Type::Decimal(9, 2)),           field(6, "s", Type(TypeKind::kString)),
        field(7, "day", Type(TypeKind::kDate)),       field(8, "ts", Type(TypeKind::kTimestamp)),
        field(9, "tz", Type(TypeKind::kTimestampTz)), field(10, "b", Type(TypeKind::kBoolean))};
  }

  // Small numbers around `middle`, so that constants hit; sometimes what is special.
  double RealNear(int64_t middle) {
    switch (Below(20)) {
      case 0:
        return std::numeric_limits<double>::quiet_NaN();
      case 1:
        return -0.0;
      case 2:
        return Below(2) == 0 ? std::numeric_limits<double>::infinity()
                             : -std::numeric_limits<double>::infinity();
      default:
        return static_cast<double>(middle + Below(5)) / 10;
    }
  }
  std::string TextNear(int64_t middle) {
    static const std::string kLong = "a long beginning that bounds cut ";
    const std::string number = std::to_string(100 + middle + Below(5));
    switch (Below(6)) {
      case 0:
        return kLong + number;
      case 1:
        return "\xC3\xB1" + number;
      case 2:
        return "\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF" + number;
      default:
        return number;
    }
  }

  Batch RowsNear(int64_t middle, int count) {
    BatchBuilder rows = BatchBuilder::Make(Schema::Make(0, Fields()).value()).value();
    // In a file of three, a column has no value at all.
    const int64_t without = Below(30);
    for (int r = 0; r < count; ++r)
      for (size_t c = 0; c < 10; ++c) {
        ColumnBuilder& column = rows.column(c);
        const int64_t near = middle + Below(5);
        if (static_cast<int64_t>(c) == without || Below(10) == 0) {
          column.AppendNull();
          continue;
        }
        if (c == 0) column.AppendInt(static_cast<int32_t>(near));
        if (c == 1) column.AppendLong(near);
        if (c == 2) column.AppendFloat(static_cast<float>(RealNear(middle)));
        if (c == 3) column.AppendDouble(RealNear(middle));
        if (c == 4) column.AppendDecimal(Int128{near} * 50);
        if (c == 5) column.AppendBytes(TextNear(middle));
        if (c == 6) column.AppendInt(static_cast<int32_t>(near));
        if (c >= 7 && c <= 8) column.AppendLong(near * 43'200'000'000);
        if (c == 9) column.AppendBoolean(middle % 2 == 0);
      }
    return rows.Finish().value();
  }

  std::string Constant(size_t column) {
    const int64_t near = Below(60) - 10;
    const std::string number = std::to_string(near);
    const std::string date = "2020-01-01";
    switch (column) {
      case 0:
      case 1:
        return Below(4) == 0 ? number + ".5" : number;
      case 2:
      case 3:
        return Below(8) == 0 ? "'nan'::DOUBLE" : std::to_string(static_cast<double>(near) / 10);
      case 4:
        return std::to_string(static_cast<double>(near) / 2).substr(0, 4);
      case 5:
        return "'" + TextNear(near) + "'";
      case 6:
        return "'" + FormatDate(near) + "'";
      case 7:
        return "TIMESTAMP '" + FormatDate(near / 2) + (near % 2 == 0 ? "'" : " 12:00:00'");
      case 8:
        return "'" + FormatDate(near / 2) + " 12:00:00'";
      default:
        return Below(2) == 0 ? "TRUE" : "FALSE";
    }
  }
  std::string Simple() {
    static const std::vector<std::string> kNames = {"i", "l",   "f",  "d",  "n",
                                                    "s", "day", "ts", "tz", "b"};
    static const std::vector<std::string> kOperators = {"=", "<", "<=", ">", ">=", "<>"};
    const auto column = static_cast<size_t>(Below(10));
    const std::string& name = kNames[column];
    switch (Below(8)) {
      case 0:
        return name + (Below(2) == 0 ? " IS NULL" : " IS NOT NULL");
      case 1:
        return name + " IN (" + Constant(column) + ", " + Constant(column) + ")";
      case 2:
        return name + " BETWEEN " + Constant(column) + " AND " + Constant(column);
      case 3:
        return Constant(column) + " " + kOperators[static_cast<size_t>(Below(6))] + " " + name;
      default:
        return name + " " + kOperators[static_cast<size_t>(Below(6))] + " " + Constant(column);
    }
  }
  std::string AnyCondition(int depth) {
    if (depth == 0 || Below(3) == 0) return Simple();
    return "(" + AnyCondition(depth - 1) + (Below(2) == 0 ? " AND " : " OR ") +
           AnyCondition(depth - 1) + ")";
  }

  void Fill(const std::string& name, lake::PartitionSpec spec) {
    MakeTable(name, Fields(), std::move(spec));
    for (int64_t file = 0; file < 10; ++file)
      ASSERT_TRUE(Change(name, [&](lake::WriteTransaction& tx, const lake::TableName& table) {
                    return tx.Append(table, RowsNear(file * 5 - 10, 12));
                  }).ok());
  }
  void Compare(const std::string& table, int rounds) {
    size_t pruned = 0;
    for (int i = 0; i < rounds; ++i) {
      const std::string where = AnyCondition(2);
      // Nothing is left out for what stands under NOT.
      const std::vector<std::string> rows =
          Rows("SELECT count(*) FROM n." + table + " WHERE " + where);
      pruned += tables_.empty() ? 0 : tables_[0].files_pruned;
      const std::vector<std::string> all = Rows("SELECT count(*) FROM n." + table +
                                                " WHERE NOT coalesce(NOT (" + where + "), true)");
      ASSERT_EQ(tables_.at(0).files_pruned, 0u);
      ASSERT_EQ(rows, all) << where;
    }
    EXPECT_GT(pruned, static_cast<size_t>(rounds)) << "or this shows nothing";
  }
  static lake::PartitionField Part(int32_t source, const std::string& transform) {
    lake::PartitionField field;
    field.source_ids = {source};
    field.field_id = 1000 + source;
    field.name = "part_" + std::to_string(source);
    field.transform = lake::Transform::Parse(transform).value();
    return field;
  }

  SeededRandom chance_{42};
};

TEST_F(PruneModelTest, NoRowIsLostByBounds) {
  Fill("t", {});
  Compare("t", 80);
}

TEST_F(PruneModelTest, NoRowIsLostByPartitions) {
  lake::PartitionSpec spec;
  spec.fields = {Part(2, "bucket[4]"), Part(7, "month"), Part(8, "day"), Part(10, "identity")};
  Fill("t", spec);
  Compare("t", 30);
  lake::PartitionSpec more;
  more.fields = {Part(1, "truncate[7]"), Part(6, "truncate[2]"), Part(9, "year")};
  Fill("u", more);
  Compare("u", 30);
}

}  // namespace
}  // namespace caudal::query
