#include "functions/sql/sql_runner.h"

#include <fmt/format.h>

#include <utility>

#include "functions/sql/sql_run.h"

namespace caudal::functions {
namespace {

class SqlRunner final : public Runner {
 public:
  SqlRunner(const FunctionSpec& spec, SqlRunnerOptions options, engine::Engine& engine,
            objects::Store& store)
      : part_(std::get<SqlPart>(spec.part)),
        options_(std::move(options)),
        engine_(engine),
        store_(store) {}

  Result<RunResult> Run(const RunContext& context) override {
    const std::string work =
        fmt::format("{}/{}-{}", options_.work_folder, context.function.name, context.run);
    return SqlRun(part_, context, engine_, store_, work).Run();
  }

 private:
  const SqlPart part_;
  const SqlRunnerOptions options_;
  engine::Engine& engine_;
  objects::Store& store_;
};

}  // namespace

std::unique_ptr<Runner> MakeSqlRunner(const FunctionSpec& spec, SqlRunnerOptions options,
                                      engine::Engine& engine, objects::Store& store) {
  return std::make_unique<SqlRunner>(spec, std::move(options), engine, store);
}

}  // namespace caudal::functions
