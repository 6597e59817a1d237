// One run of a SQL function.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "checks/checker.h"
#include "engine/engine.h"
#include "functions/runner.h"
#include "functions/sql/input.h"
#include "functions/sql/output.h"
#include "functions/sql/sql_part.h"
#include "objects/store.h"

namespace caudal::functions {

// Used once, by one thread. References must outlive it.
class SqlRun {
 public:
  // `work`: what the paths of its own files begin with.
  SqlRun(const SqlPart& part, const RunContext& context, engine::Engine& engine,
         objects::Store& store, const std::string& work);
  ~SqlRun();

  Result<RunResult> Run();

 private:
  Result<void> MayGoOn() const;
  Result<void> FindInputs();
  Result<void> OpenSession();
  Result<void> MakeTables();
  Result<void> RunSql();
  Result<void> ApplyRules();
  Result<void> WriteFiles();
  Result<void> CheckRowsWritten() const;
  Result<void> Publish();
  Result<RunResult> RunInSession();
  RunResult Superseded(const Error& error) const;
  void FillReport();
  void WarnOfTables();

  const SqlPart& part_;
  const RunContext& context_;
  engine::Engine& engine_;
  objects::Store& store_;
  const GoOn go_on_;
  WorkFiles work_;
  std::vector<RunInput> inputs_;
  std::unique_ptr<engine::Session> session_;
  std::map<std::string, int64_t> rows_known_;
  std::vector<checks::TableResult> checked_;
  std::vector<RunOutput> outputs_;
  std::vector<std::string> warnings_;
  RunResult result_;
};

}  // namespace caudal::functions
