#include "query/query_plan.h"

#include <ctime>

#include "query/query_fixture.h"

namespace caudal::query {
namespace {

class QueryPlanTest : public QueryFixture {
 protected:
  Analysis Parsed(const SqlText& text) {
    const auto session = files_->Open();
    const auto rows =
        session->Run({"SELECT json_serialize_sql($sql::VARCHAR)", {{"sql", text.sql}}, true})
            .value();
    return Analyze(text, *engine::ReadAll(*rows, 1).value().rows[0][0]).value();
  }
};

TEST_F(QueryPlanTest, PlansThreeHundredFilesQuickly) {
  MakeTable("t",
            {Field{1, "id", Type(TypeKind::kLong)}, Field{2, "name", Type(TypeKind::kString)}});
  lake::DataFile file = WriteFile("SELECT 1::BIGINT AS id, 'a' AS name", "{id: 1, name: 2}");
  const std::string bytes =
      os::ReadFile(store_->Open({"lake", lake::PlaceOf(file.path).value().name, {}}).value().path,
                   1 << 20)
          .value();
  std::vector<lake::DataFile> files;
  for (int64_t i = 0; i < 300; ++i) {
    file.path = "gs://lake/data/many-" + std::to_string(i) + ".parquet";
    const std::string bound(reinterpret_cast<const char*>(&i), sizeof i);
    file.lower_bounds = file.upper_bounds = {{1, bound}};
    PutObject(file.path, bytes);
    files.push_back(file);
  }
  Commit("t", files);
  const SqlText text =
      PrepareText("SELECT count(*) FROM n.t WHERE id >= 0 AND id < 1000 AND name <> 'b'").value();
  const Analysis analysis = Parsed(text);
  const QueryRequest request;
  FileColumnsCache columns;
  double best_ms = 1e9;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    auto tables = catalog_->LoadAll({{"n.t", {Name("t")}}}).value();
    const ChosenSnapshot chosen = CurrentSnapshot(*tables[0].metadata);
    ScanFiles scanned(*store_, columns, writer_->deletes());
    const QueryPlan plan =
        MakePlan(text, analysis, {{tables[0], chosen}}, request, *manifests_, scanned).value();
    best_ms =
        std::min(best_ms, 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    EXPECT_EQ(plan.tables.at(0).files, 300u);
    EXPECT_EQ(scanned.Inputs().size(), 300u);
  }
  std::printf("planning 300 files: %.2f ms of processor time\n", best_ms);
  EXPECT_LT(best_ms, engine::kSanitized ? 500 : 50);
}

}  // namespace
}  // namespace caudal::query
