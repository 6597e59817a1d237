#include "sched/runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/failpoint.h"
#include "base/random.h"
#include "os/file.h"

namespace caudal::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/runs-" + SystemRandom().Hex(6);
    ASSERT_TRUE(os::MakeDirs(folder_).ok());
    options_.log_folder = folder_ + "/logs";
    Reopen();
  }
  void TearDown() override {
    DisarmFailpoints();
    Close();
    std::filesystem::remove_all(folder_);
  }
  void Close() {
    runs_.reset();
    database_.reset();
  }
  void Reopen() {
    Close();
    meta::DatabaseOptions database;
    database.path = folder_ + "/meta.db";
    database_ = meta::Database::Open(database, Runs::Migrations()).value();
    runs_ = Runs::Open(options_, *database_, clock_).value();
  }

  RunRecord Start(const std::string& job, const std::string& key = "") {
    RunRecord run;
    run.kind = "function";
    run.job = job;
    run.trigger = "event";
    run.input = "gs://b/" + key;
    run.key = key;
    run = runs_->Start(run);
    // What is written after it is durable after it.
    EXPECT_TRUE(database_->Write([](meta::Tx&) -> Result<void> { return {}; }).ok());
    return run;
  }
  RunRecord End(RunRecord run, RunStatus status) {
    run.status = status;
    EXPECT_TRUE(runs_->Finish(run).ok());
    return run;
  }
  std::vector<int64_t> Ids(const RunQuery& query) {
    std::vector<int64_t> ids;
    for (const RunRecord& run : runs_->List(query).value()) ids.push_back(run.id);
    return ids;
  }

  std::string folder_;
  RunsOptions options_;
  ManualClock clock_{1'700'000'000'000'000};
  std::unique_ptr<meta::Database> database_;
  std::unique_ptr<Runs> runs_;
};

TEST_F(RunsTest, KeepsAllThatIsSaid) {
  RunRecord run = Start("payments", "e1");
  run.status = RunStatus::kFailed;
  run.attempt = 3;
  run.sequence = 17;
  run.rows_in = 10;
  run.rows_accepted = 8;
  run.rows_quarantined = 2;
  run.outputs = {{"gs://b/out.csv", 5, 123, 8}, {"gs://b/other", 6, 0, std::nullopt}};
  run.report = {{"rules", {{"a", 1}}}};
  run.error_kind = ErrorKind::kInvalid;
  run.error = "line 3: " + std::string(10'000, 'x');
  clock_.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(runs_->Finish(run).ok());
  Reopen();
  const RunRecord kept = runs_->Get(run.id).value();
  EXPECT_EQ(kept.kind, "function");
  EXPECT_EQ(kept.job, "payments");
  EXPECT_EQ(kept.trigger, "event");
  EXPECT_EQ(kept.input, "gs://b/e1");
  EXPECT_EQ(kept.key, "e1");
  EXPECT_EQ(kept.sequence, 17);
  EXPECT_EQ(kept.attempt, 3);
  EXPECT_EQ(kept.status, RunStatus::kFailed);
  EXPECT_EQ(kept.ended - kept.started, 2'000'000);
  EXPECT_EQ(kept.rows_in, 10);
  EXPECT_EQ(kept.rows_quarantined, 2);
  ASSERT_EQ(kept.outputs.size(), 2u);
  EXPECT_EQ(kept.outputs[0].generation, 5);
  EXPECT_EQ(kept.outputs[0].rows, 8);
  EXPECT_FALSE(kept.outputs[1].rows);
  EXPECT_EQ(kept.report, run.report);
  EXPECT_EQ(kept.error_kind, ErrorKind::kInvalid);
  EXPECT_THAT(kept.error, StartsWith("line 3: xxx"));
  EXPECT_LT(kept.error.size(), 5000u);
  EXPECT_EQ(runs_->Get(99).error().code, "run.not_found");
}

TEST_F(RunsTest, ASuccessIsFoundByItsKey) {
  End(Start("a", "e1"), RunStatus::kFailed);
  EXPECT_FALSE(runs_->FindSucceeded("function", "a", "e1").value());
  const RunRecord done = End(Start("a", "e1"), RunStatus::kSucceeded);
  EXPECT_EQ(runs_->FindSucceeded("function", "a", "e1").value()->id, done.id);
  EXPECT_FALSE(runs_->FindSucceeded("function", "b", "e1").value());
  EXPECT_FALSE(runs_->FindSucceeded("model", "a", "e1").value());
  EXPECT_FALSE(runs_->FindSucceeded("function", "a", "e2").value());
  const auto again = [&](meta::Tx& tx) { return runs_->AllowAgain(tx, "function", "a", "e1"); };
  ASSERT_TRUE(database_->Write(again).ok());
  EXPECT_FALSE(runs_->FindSucceeded("function", "a", "e1").value());
  EXPECT_EQ(runs_->Get(done.id).value().status, RunStatus::kSucceeded);
  const RunRecord second = End(Start("a", "e1"), RunStatus::kSucceeded);
  EXPECT_EQ(runs_->FindSucceeded("function", "a", "e1").value()->id, second.id);
}

TEST_F(RunsTest, ListsByJobStatusAndKey) {
  const RunRecord a1 = End(Start("a", "x"), RunStatus::kSucceeded);
  const RunRecord b1 = End(Start("b", "x"), RunStatus::kFailed);
  const RunRecord a2 = End(Start("a", "y"), RunStatus::kFailed);
  const RunRecord a3 = Start("a", "z");
  EXPECT_THAT(Ids({}), ElementsAre(a3.id, a2.id, b1.id, a1.id));
  EXPECT_THAT(Ids({.kind = "function", .job = "a"}), ElementsAre(a3.id, a2.id, a1.id));
  EXPECT_THAT(Ids({.job = "a", .status = RunStatus::kFailed}), ElementsAre(a2.id));
  EXPECT_THAT(Ids({.status = RunStatus::kRunning}), ElementsAre(a3.id));
  EXPECT_THAT(Ids({.key = "x"}), ElementsAre(b1.id, a1.id));
  EXPECT_THAT(Ids({.before = a2.id, .limit = 1}), ElementsAre(b1.id));
  EXPECT_THAT(Ids({.kind = "model"}), ElementsAre());
  const std::vector<JobCounts> counts = runs_->Counts("function").value();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].job, "a");
  EXPECT_EQ(counts[0].last_run, a3.id);
  EXPECT_EQ(counts[0].Of(RunStatus::kSucceeded), 1);
  EXPECT_EQ(counts[0].Of(RunStatus::kFailed), 1);
  EXPECT_EQ(counts[0].Of(RunStatus::kRunning), 1);
}

TEST_F(RunsTest, WhatWasRunningIsInterrupted) {
  const RunRecord cut = Start("a", "x");
  const RunRecord done = End(Start("a", "y"), RunStatus::kSucceeded);
  clock_.Advance(std::chrono::seconds(5));
  Reopen();
  const RunRecord kept = runs_->Get(cut.id).value();
  EXPECT_EQ(kept.status, RunStatus::kInterrupted);
  EXPECT_EQ(kept.ended, clock_.Now());
  EXPECT_THAT(kept.error, HasSubstr("the server ended"));
  EXPECT_EQ(runs_->Get(done.id).value().status, RunStatus::kSucceeded);
  EXPECT_GT(Start("a").id, done.id);
}

TEST_F(RunsTest, AFinishJoinsItsTransaction) {
  RunRecord run = Start("a", "x");
  run.status = RunStatus::kSucceeded;
  const Result<void> undone = database_->Write([&](meta::Tx& tx) -> Result<void> {
    TRY(runs_->Finish(tx, run));
    return MakeError(ErrorKind::kConflict, "the outputs can't be published");
  });
  EXPECT_FALSE(undone.ok());
  EXPECT_EQ(runs_->Get(run.id).value().status, RunStatus::kRunning);
  ASSERT_TRUE(database_->Write([&](meta::Tx& tx) { return runs_->Finish(tx, run); }).ok());
  EXPECT_EQ(runs_->Get(run.id).value().status, RunStatus::kSucceeded);
}

TEST_F(RunsTest, OldAndManyRunsArePrunedWithTheirLogs) {
  options_.runs_max = 3;
  options_.keep = std::chrono::hours(1);
  Reopen();
  std::vector<RunRecord> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(Start("a"));
    runs_->OpenLog(all.back())->Write("hello\n");
    End(all.back(), RunStatus::kSucceeded);
  }
  const RunRecord running = Start("a");
  EXPECT_EQ(runs_->ReadLog(all[0].id, 100).value(), "hello\n");
  EXPECT_EQ(runs_->Prune().value(), 3);
  EXPECT_THAT(Ids({}), ElementsAre(running.id, all[4].id, all[3].id));
  EXPECT_EQ(os::ListDir(options_.log_folder).value().size(), 2u);
  clock_.Advance(std::chrono::hours(2));
  // The next start does it by itself; what runs stays.
  const RunRecord last = Start("a");
  EXPECT_THAT(Ids({}), ElementsAre(last.id, running.id));
  EXPECT_TRUE(os::ListDir(options_.log_folder).value().empty());
  // The newest stays however old it is, so that its number isn't given out again.
  End(running, RunStatus::kSucceeded);
  End(last, RunStatus::kSucceeded);
  clock_.Advance(std::chrono::hours(2));
  EXPECT_EQ(runs_->Prune().value(), 1);
  Reopen();
  EXPECT_GT(Start("a").id, last.id);
}

TEST_F(RunsTest, ALogKeepsItsBeginningAndItsEnd) {
  options_.log_bytes_max = 100;
  Reopen();
  const RunRecord run = Start("a");
  EXPECT_EQ(runs_->ReadLog(run.id, 1000).value(), "");
  std::string printed;
  {
    const std::unique_ptr<RunLog> log = runs_->OpenLog(run);
    for (int i = 0; i < 100; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      printed += line;
      log->Write(line);
    }
    EXPECT_EQ(runs_->ReadLog(run.id, 1000).value(), printed.substr(0, 50));
    log->Close();
    log->Write("late");
  }
  const std::string kept = runs_->ReadLog(run.id, 1000).value();
  EXPECT_THAT(kept, StartsWith(printed.substr(0, 50)));
  EXPECT_THAT(kept, HasSubstr(std::to_string(printed.size() - 100) + " bytes are left out"));
  EXPECT_TRUE(kept.ends_with(printed.substr(printed.size() - 50)));
  EXPECT_EQ(runs_->ReadLog(run.id, 20).value(), "line 98\nline 99\n");
  const RunRecord large = Start("a");
  runs_->OpenLog(large)->Write(std::string(1000, 'a') + std::string(50, 'z'));
  EXPECT_TRUE(runs_->ReadLog(large.id, 1000).value().ends_with(std::string(50, 'z')));
}

TEST_F(RunsTest, LogsMaskSecrets) {
  const RunRecord run = Start("a");
  runs_->OpenLog(run)->Write("Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\n");
  EXPECT_THAT(runs_->ReadLog(run.id, 1000).value(), HasSubstr("***"));
}

TEST_F(RunsTest, LogsAreBoundedTogether) {
  options_.log_bytes_max = 1000;
  options_.logs_bytes_max = 5000;
  Reopen();
  RunRecord run;
  for (int i = 0; i < 20; ++i) {
    run = End(Start("a"), RunStatus::kSucceeded);
    runs_->OpenLog(run)->Write(std::string(900, 'x'));
    EXPECT_EQ(runs_->Prune().value(), 0);
    EXPECT_LE(os::ListDir(options_.log_folder).value().size(), 6u);
  }
  EXPECT_EQ(runs_->ReadLog(run.id, 1000).value().size(), 900u);
  EXPECT_EQ(runs_->ReadLog(1, 1000).value(), "");
  options_.logs_bytes_max = 1000;
  Reopen();
  EXPECT_EQ(os::ListDir(options_.log_folder).value().size(), 1u);
}

TEST_F(RunsTest, TheLogOfALostStartIsNotAnothersLog) {
  ASSERT_TRUE(os::ReplaceFile(options_.log_folder + "/1.log", "of a run that left no trace").ok());
  Reopen();
  EXPECT_EQ(runs_->ReadLog(Start("a").id, 1000).value(), "");
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(RunsTest, AFinishThatFailsChangesNothing) {
  RunRecord run = Start("a", "x");
  run.status = RunStatus::kSucceeded;
  ASSERT_TRUE(ArmFailpoints("sched.run.finish=error").ok());
  EXPECT_FALSE(runs_->Finish(run).ok());
  DisarmFailpoints();
  EXPECT_EQ(runs_->Get(run.id).value().status, RunStatus::kRunning);
  EXPECT_TRUE(runs_->Finish(run).ok());
}
#endif

}  // namespace
}  // namespace caudal::sched
