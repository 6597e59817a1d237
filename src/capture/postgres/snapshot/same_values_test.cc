// A row of the snapshot and the same row of the stream are the same, whatever their types are.
#include <gmock/gmock.h>

#include <map>

#include "capture/postgres/slot.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "capture/postgres/test_landing.h"
#include "codec/postgres/copy_text.h"
#include "codec/postgres/test_values.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::CopyTextReader;
using caudal::postgres::ReadTestFile;
using caudal::postgres::Show;

struct Literal {
  std::string type;
  std::string text;
};

// What values.txt doesn't have.
std::vector<Literal> MoreLiterals() {
  return {
      {"money", "-$1,234.56"},
      {"\"char\"", "\\123"},
      {"bit(7)", "1000001"},
      {"varbit", ""},
      {"varbit", "1" + std::string(63, '0')},
      {"inet", "10.0.0.1/8"},
      {"inet", "2001:4f8:3:ba::/64"},
      {"cidr", "10.1.0.0/16"},
      {"macaddr", "08:00:2b:01:02:03"},
      {"macaddr8", "08:00:2b:01:02:03:04:05"},
      {"int4range", "[5,5]"},
      {"int4range", "empty"},
      {"int8range", "(,)"},
      {"numrange", "(1.50,infinity]"},
      {"tsrange", "[2026-01-01,infinity)"},
      {"tstzrange", "[2026-01-01 00:00+05:30,)"},
      {"daterange", "[2026-01-01,2026-01-31]"},
      {"int4multirange", "{[1,3],[7,9)}"},
      {"point", "(0.1,-0)"},
      {"line", "{1,2,3}"},
      {"lseg", "[(0,0),(1,1e300)]"},
      {"box", "(1,1),(0,0)"},
      {"path", "[(0,0),(1,1)]"},
      {"path", "((0,0),(1,1))"},
      {"polygon", "((0,0),(1,1),(2,0))"},
      {"circle", "<(0,0),0.1>"},
      {"tsvector", "fat:2B cat"},
      {"tsquery", "fat & (rat | !'odd one')"},
      {"txid_snapshot", "10:20:10,14"},
      {"pg_snapshot", "10:20:10,14"},
      {"pg_lsn", "16/B374D848"},
      {"xml", "<a b=\"c\">\n\t&lt;</a>"},
      {"jsonpath", "$.a[*] ? (@ > 1)"},
      {"regclass", "pg_class"},
      {"regtype", "integer"},
      {"regrole", "postgres"},
      {"oidvector", "1 2 4000000000"},
      {"int2vector", "1 -2"},
      {"tid", "(4294967294,65535)"},
      {"timetz", "24:00:00+05:30"},
      {"timetz", "08:09:10.5-12"},
      {"int[]", "{{1,2},{NULL,4}}"},
      {"int[]", "[5:6]={1,2}"},
      {"int[]", "{}"},
      {"int[]", "{NULL}"},
      {"text[]", R"({"a\"b","{","","NULL",NULL,"\\N","	"})"},
      {"bytea[]", R"({"\\x00ff",NULL})"},
      {"timetz[]", "{24:00:00+05:30}"},
      {"box[]", "{(1,1),(0,0);(2,2),(1,1)}"},
      {"mood", "d\"e"},
      {"mood[]", R"({"d\"e",NULL})"},
      {"price", "1.5"},
      {"price[]", "{1.5,NULL}"},
      {"cheap", "0.125"},
      {"document", R"({"b": 1, "a": null})"},
      {"pair", R"-((1,"a ""b"", c"))-"},
      {"pair", "(,)"},
      {"pair[]", R"-({"(1,x)",NULL,"(,\"\")"})-"},
      {"nest", R"-(("(1,x)","{1,2}",infinity))-"},
      {"citext", "MiXed"},
      {"hstore", "key1=>value1,key2=>NULL,\"a \\\"\"=>\"\""},
      {"hstore[]", R"({"a=>NULL"})"},
      {"ltree", "Top.Science"},
      {"xid8", "18446744073709551615"},
  };
}

class SameValuesTest : public LandedSourceTest {
 protected:
  void SetUp() override {
    LandedSourceTest::SetUp();
    Run("CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree");
    Run(R"(CREATE TYPE mood AS ENUM ('sad', 'd"e'); CREATE DOMAIN price AS numeric(8,3); )"
        "CREATE DOMAIN cheap AS price CHECK (VALUE < 1); CREATE DOMAIN document AS jsonb; "
        "CREATE "
        "TYPE pair AS (n int, t text); CREATE TYPE nest AS (p pair, a int[], d date)");
    const std::string file = ReadTestFile("values.txt");
    CopyTextReader reader(5);
    for (std::string_view rest = file; !rest.empty();) {
      const auto row = reader.Next(rest).value();
      literals_.push_back({std::string(row[0].bytes), std::string(row[3].bytes)});
    }
    const auto more = MoreLiterals();
    literals_.insert(literals_.end(), more.begin(), more.end());
    // Infinite numbers and some types are younger than the oldest servers.
    const auto all = literals_.size();
    std::erase_if(literals_, [&](const Literal& literal) {
      return !sql_->Query("SELECT " + QuoteText(literal.text) + "::" + literal.type).ok();
    });
    EXPECT_GE(literals_.size(), sql_->server_version() >= 150000 ? all : all - 20);
  }

  // By the first column, for operation `op`: the columns, and what of them couldn't be held.
  std::map<int, std::vector<std::string>> RowsOf(const std::string& op) {
    const BoundTable bound = BoundOf("t");
    const Schema& history = bound.landed.history;
    std::map<int, std::vector<std::string>> rows;
    for (const LandedBatch& batch : Batches())
      for (const LandedFile& file : batch.files)
        ForRows(file, history, [&](const Batch& read, int64_t row) {
          if (ColumnOf(read, history, "op").bytes(row) != op) return;
          std::vector<std::string>& shown = rows[read.column(0).values<int32_t>()[row]];
          for (size_t i = 0; i < bound.columns.size(); ++i) {
            shown.push_back(bound.columns[i].name + " " + read.column(i).type().Text() + " " +
                            Show(read.column(i), row));
          }
          // A file may lack them when there are none.
          const Array& unrepresentable = read.columns().back().children()[2];
          shown.push_back(unrepresentable.IsNull(row) ? "[]" : Show(unrepresentable, row));
        });
    return rows;
  }
  BoundTable BoundOf(const std::string& table) {
    const auto catalog = ReadCatalog(*sql_, source_).value();
    return Bound(*std::ranges::find(catalog.tables, table, &SourceTable::name));
  }

  std::vector<Literal> literals_;
};

TEST_F(SameValuesTest, OfEveryType) {
  // A column for each type, a row for each value.
  std::map<std::string, size_t> columns;
  std::string create = "CREATE TABLE t (id int PRIMARY KEY";
  for (const Literal& literal : literals_)
    if (columns.emplace(literal.type, columns.size()).second)
      create += ", c" + std::to_string(columns.size() - 1) + " " + literal.type;
  Run(create + ")");
  MakeSlot();
  OpenStream();
  // As a source may be set; what we read mustn't depend on it.
  Run("ALTER DATABASE " + name_ + " SET DateStyle = 'SQL, DMY'; ALTER DATABASE " + name_ +
      " SET IntervalStyle = postgres_verbose; ALTER DATABASE " + name_ +
      " SET TimeZone = 'Asia/Kolkata'; ALTER DATABASE " + name_ + " SET bytea_output = escape");
  std::string insert = "BEGIN;";
  for (size_t i = 0; i < literals_.size(); ++i)
    insert += "INSERT INTO t (id, c" + std::to_string(columns[literals_[i].type]) + ") VALUES (" +
              std::to_string(i) + ", " + QuoteText(literals_[i].text) + "::" + literals_[i].type +
              ");";
  ASSERT_NO_FATAL_FAILURE(Run(insert + "COMMIT"));

  ChangeCollector collector = Collector();
  const auto collected = Collect(collector, 1);
  ASSERT_TRUE(collected.ok()) << collected.error().message;
  ASSERT_TRUE(collector.Land().ok());

  const auto replication = Connection::Connect(source_.connection, Purpose::kReplication).value();
  const CreatedSlot slot = CreateSlot(*replication, name_ + "_s", true,
                                      std::chrono::steady_clock::now() + std::chrono::seconds(60))
                               .value();
  const SourceCatalog catalog = ReadCatalog(*sql_, source_).value();
  const auto plans = PlanChunksOf(*sql_, catalog.tables, source_.snapshot).value();
  CapturedTable captured;
  captured.folder = "public.t";
  const auto planned = database_->Write([&](meta::Tx& tx) -> Result<void> {
    TRY(Ledger::AddTable(tx, "shop", captured));
    return Ledger::PlanChunks(tx, "shop", captured.folder, 1, plans.at(0), 0);
  });
  ASSERT_TRUE(planned.ok());
  auto reader = SnapshotReader::Start(
      {source_}, {slot.snapshot, epoch_, slot.consistent_point}, *landing_, *ledger_,
      {{catalog.tables.at(0), BoundOf("t"), ledger_->ChunksOf("shop", "public.t").value()}});
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  const auto read = (*reader)->Run();
  ASSERT_TRUE(read.ok()) << read.error().message;

  const auto of_stream = RowsOf("c");
  const auto of_snapshot = RowsOf("r");
  ASSERT_EQ(of_stream.size(), literals_.size());
  ASSERT_EQ(of_snapshot.size(), literals_.size());
  for (size_t i = 0; i < literals_.size(); ++i)
    EXPECT_EQ(of_stream.at(static_cast<int>(i)), of_snapshot.at(static_cast<int>(i)))
        << literals_[i].type << " " << literals_[i].text;
}

}  // namespace
}  // namespace caudal::capture::postgres
