// A SQL function on an engine of its own.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "engine/test_engine.h"
#include "functions/functions_fixture.h"
#include "functions/sql/sql_runner.h"
#include "functions/sql/uri.h"

namespace caudal::functions {

class SqlFixture : public FunctionsFixture {
 protected:
  void SetUp() override {
    FunctionsFixture::SetUp();
    ASSERT_TRUE(os::MakeDirs(folder_ + "/work").ok());
  }

  // Reads the event's object as `raw`, and writes the table `clean` as CSV.
  FunctionSpec SqlSpec(const std::string& sql = "CREATE VIEW clean AS FROM raw") {
    FunctionSpec spec = Spec("sql");
    SqlPart part;
    part.inputs = {{"raw", "$event"}};
    part.inputs[0].format = FileFormat::kCsv;
    part.sql = sql;
    part.outputs = {{"clean", false, "gs://out-bucket/{stem}.csv"}};
    spec.part = part;
    return spec;
  }
  static SqlPart& PartOf(FunctionSpec& spec) { return std::get<SqlPart>(spec.part); }
  static SqlExpectation Expect(const std::string& table, checks::RuleKind kind,
                               const std::string& column, checks::Action action) {
    SqlExpectation expectation{table, {}};
    expectation.rule.kind = kind;
    expectation.rule.column = column;
    expectation.rule.action = action;
    return expectation;
  }

  void StartSql(FunctionSpec spec) {
    spec.writes = WritesOf(PartOf(spec));
    const Result<void> configured = functions_->Configure({spec});
    ASSERT_TRUE(configured.ok()) << configured.error().message;
    ASSERT_TRUE(dispatcher_->Start().ok());
    const auto factory = [this](const FunctionSpec& s, auto) -> Result<std::unique_ptr<Runner>> {
      return MakeSqlRunner(s, {folder_ + "/work"}, engine_.engine(), *store_);
    };
    ASSERT_TRUE(functions_->Start(factory).ok());
  }
  void PutFile(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(store_->Put(To("in-bucket", name), bytes).ok());
  }
  // Uploads it, and waits for the end of its run.
  sched::RunRecord RunFor(const std::string& name, const std::string& bytes) {
    const size_t before = Runs().size();
    PutFile(name, bytes);
    WaitUntil([&] {
      const auto runs = Runs();
      return runs.size() > before && runs[0].status != sched::RunStatus::kRunning;
    });
    return Runs()[0];
  }
  // Nothing when there is no such object.
  std::string Object(const std::string& name, const std::string& bucket = "out-bucket") {
    const auto opened = store_->Open({bucket, name, std::nullopt});
    return opened.ok() ? os::ReadFile(opened->path, 1u << 30).value() : "";
  }
  size_t Objects() {
    objects::ListQuery query;
    query.bucket = "out-bucket";
    return store_->List(query).value().items.size();
  }
  std::string Log(const sched::RunRecord& run) { return runs_->ReadLog(run.id, 1u << 20).value(); }
  // What a query gives in a session that has the file as in/f.
  std::string Query(const std::string& sql, const std::string& object) {
    const auto opened = store_->Open({"out-bucket", object, std::nullopt}).value();
    engine::SessionRequest request;
    request.inputs = {{"f", opened.path}};
    const auto session = engine_.Open(request);
    const auto rows = session->Run(engine::Trusted(sql)).value();
    std::string text;
    for (const auto& row : engine::ReadAll(*rows, 100).value().rows) {
      for (const auto& value : row) text += value.value_or("NULL") + "|";
      text.back() = '\n';
    }
    return text;
  }

  engine::TestEngine engine_{2};
};

}  // namespace caudal::functions
