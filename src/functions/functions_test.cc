#include "functions/functions.h"

#include "functions/functions_fixture.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

using FunctionsTest = FunctionsFixture;

Error Failure(ErrorKind kind) { return MakeError(kind, "told to fail"); }

TEST_F(FunctionsTest, RunsForEachEventThatMatches) {
  FunctionSpec spec = Spec("load");
  spec.trigger.glob = "raw/*.csv";
  SetBody("load", [](const RunContext& context) -> Result<RunResult> {
    context.log.Write("hello\n");
    RunResult result;
    result.rows_in = 3;
    result.rows_accepted = 2;
    result.rows_quarantined = 1;
    result.report = {{"attempt", context.attempt}};
    return result;
  });
  Start({spec});
  Put("raw/a.csv");
  Put("raw/b.txt");
  Put("raw/c.csv");
  WaitUntil([&] { return Pending() == 0 && Ran().size() == 2; });
  EXPECT_THAT(Ran(), UnorderedElementsAre("raw/a.csv", "raw/c.csv"));
  const std::vector<sched::RunRecord> runs = Runs("load");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].status, sched::RunStatus::kSucceeded);
  EXPECT_EQ(runs[0].trigger, "event");
  EXPECT_THAT(runs[1].input, HasSubstr("gs://in-bucket/raw/a.csv#"));
  EXPECT_EQ(runs[0].rows_in, 3);
  EXPECT_EQ(runs[0].rows_quarantined, 1);
  EXPECT_EQ(runs[0].report["attempt"], 1);
  EXPECT_EQ(runs_->ReadLog(runs[0].id, 100).value(), "hello\n");
  const FunctionInfo info = functions_->Get("load").value();
  EXPECT_EQ(info.succeeded, 2u);
  EXPECT_EQ(info.running, 0);
  EXPECT_GE(info.run_p99_us, info.run_p50_us);
  EXPECT_EQ(functions_->Get("other").error().code, "function.not_found");
}

TEST_F(FunctionsTest, EveryAttemptIsARunAndTheErrorDecides) {
  int attempts = 0;
  SetBody("flaky", [&](const RunContext& context) -> Result<RunResult> {
    if (context.event.object == "bad") return Failure(ErrorKind::kInvalid);
    if (++attempts < 3) return Failure(ErrorKind::kUnavailable);
    return RunResult();
  });
  Start({Spec("flaky")});
  Put("passing");
  WaitUntil([&] { return Pending() == 0; });
  std::vector<sched::RunRecord> runs = Runs();
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].status, sched::RunStatus::kSucceeded);
  EXPECT_EQ(runs[0].attempt, 3);
  EXPECT_EQ(runs[2].status, sched::RunStatus::kFailed);
  EXPECT_EQ(runs[2].error, "told to fail");
  EXPECT_EQ(runs[2].key, runs[0].key);
  EXPECT_THAT(runs_->ReadLog(runs[2].id, 100).value(), HasSubstr("caudal: told to fail"));
  Put("bad");
  WaitUntil([&] { return Dead() == 1; });
  runs = Runs();
  ASSERT_EQ(runs.size(), 4u);  // one attempt
  EXPECT_EQ(runs[0].error_kind, ErrorKind::kInvalid);
  EXPECT_EQ(functions_->Get("flaky").value().failed, 3u);
}

TEST_F(FunctionsTest, ASuccessIsNotRepeated) {
  Start({Spec("once")});
  Put("a");
  WaitUntil([&] { return Pending() == 0 && Ran().size() == 1; });
  const sched::RunRecord run = Runs()[0];
  // As if the outcome of the delivery had been lost.
  ASSERT_TRUE(dispatcher_->Redeliver(SubscriberOf("once"), run.sequence, {}).ok());
  WaitUntil([&] { return functions_->Get("once").value().skipped == 1; });
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs().size(), 1u);
  // Unless somebody asks.
  ASSERT_TRUE(functions_->ReplayRun(run.id).ok());
  WaitUntil([&] { return Pending() == 0 && Runs().size() == 2; });
  EXPECT_EQ(Runs()[0].trigger, "replay");
  ASSERT_TRUE(functions_->Replay("once", run.sequence).ok());
  WaitUntil([&] { return Pending() == 0 && Runs().size() == 3; });
  EXPECT_EQ(functions_->Replay("other", run.sequence).error().code, "function.not_found");
  EXPECT_EQ(functions_->Replay("once", 999).error().code, "event.not_found");
  EXPECT_EQ(functions_->ReplayRun(999).error().code, "run.not_found");
}

TEST_F(FunctionsTest, ADeadLetterRunsAgainWhenReplayed) {
  SetBody("f", [](const RunContext&) -> Result<RunResult> { return Failure(ErrorKind::kCorrupt); });
  Start({Spec("f")});
  Put("a");
  WaitUntil([&] { return Dead() == 1; });
  SetBody("f", nullptr);
  ASSERT_TRUE(functions_->ReplayRun(Runs()[0].id).ok());
  WaitUntil([&] { return Dead() == 0 && Pending() == 0; });
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
}

TEST_F(FunctionsTest, OutputsAndSuccessAreOneCommit) {
  const auto publish = [&](const RunContext& context, bool fail) -> Result<RunResult> {
    const std::string local = folder_ + "/local" + std::to_string(context.run);
    TRY(os::ReplaceFile(local, context.event.object));
    RunResult result;
    TRY(store_->PublishAll(
        {{To("out-bucket", "result"), local}},
        [&](meta::Tx& tx, std::span<const objects::Object> objects) -> Result<void> {
          for (const objects::Object& o : objects)
            result.outputs.push_back({"gs://out-bucket/result", o.generation, o.size, 1});
          TRY(context.succeed(tx, result));
          if (fail) return Failure(ErrorKind::kUnavailable);
          return {};
        }));
    return result;
  };
  std::atomic<bool> fail{true};
  SetBody("f", [&](const RunContext& context) -> Result<RunResult> {
    if (fail) {
      EXPECT_FALSE(store_->Stat({"out-bucket", "result", std::nullopt}).ok());
    }
    return publish(context, fail.exchange(false));
  });
  Start({Spec("f")});
  Put("a");
  WaitUntil([&] { return Pending() == 0 && Ran().size() == 2; });
  const std::vector<sched::RunRecord> runs = Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].status, sched::RunStatus::kFailed);
  EXPECT_TRUE(runs[1].outputs.empty());
  EXPECT_EQ(runs[0].status, sched::RunStatus::kSucceeded);
  ASSERT_EQ(runs[0].outputs.size(), 1u);
  EXPECT_EQ(runs[0].outputs[0].generation,
            store_->Stat({"out-bucket", "result", std::nullopt}).value().generation);
  // What goes wrong after the commit doesn't undo it.
  SetBody("f", [&](const RunContext& context) -> Result<RunResult> {
    TRY(publish(context, false));
    return Failure(ErrorKind::kUnavailable);
  });
  Put("b");
  WaitUntil([&] { return Pending() == 0 && Ran().size() == 3; });
  EXPECT_EQ(Runs().size(), 3u);
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
}

TEST_F(FunctionsTest, EventsWaitWhileAFunctionIsNotReady) {
  {
    MutexLock lock(runners_->mutex);
    runners_->status.state = RunnerStatus::State::kDeploying;
    runners_->status.detail = "installing";
  }
  Start({Spec("slow-to-start")});
  Put("a");
  EXPECT_EQ(functions_->Get("slow-to-start").value().status.detail, "installing");
  EXPECT_EQ(Pending(), 1u);
  EXPECT_TRUE(Ran().empty());
  {
    MutexLock lock(runners_->mutex);
    runners_->status = {};
  }
  changed_();
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs().size(), 1u);
}

TEST_F(FunctionsTest, FunctionsComeGoAndChangeWhileRunning) {
  Start({Spec("one")});
  Put("a");
  WaitUntil([&] { return Pending() == 0; });
  FunctionSpec changed = Spec("one");
  changed.trigger.prefix = "x/";
  ASSERT_TRUE(functions_->Configure({changed, Spec("two")}).ok());
  Put("b");
  Put("x/c");
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs("one").size(), 2u);
  EXPECT_EQ(Runs("two").size(), 2u);
  FunctionSpec wrong = Spec("two");
  wrong.trigger.glob = "{";
  EXPECT_EQ(functions_->Configure({wrong}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(functions_->List().size(), 2u);
  ASSERT_TRUE(functions_->Configure({Spec("two")}).ok());
  Put("x/d");
  WaitUntil([&] { return Pending() == 0 && Runs("two").size() == 3; });
  EXPECT_EQ(Runs("one").size(), 2u);
  MutexLock lock(runners_->mutex);
  EXPECT_EQ(runners_->alive, 1);
}

TEST_F(FunctionsTest, AStopLetsRunsEndAndCutsThoseThatDont) {
  std::atomic<bool> go{false};
  std::atomic<int> running{0};
  SetBody("quick", [&](const RunContext&) -> Result<RunResult> {
    ++running;
    while (!go) std::this_thread::sleep_for(milliseconds(1));
    return RunResult();
  });
  SetBody("stuck", [&](const RunContext& context) -> Result<RunResult> {
    ++running;
    while (!context.cancel.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    return MakeError(ErrorKind::kUnavailable, "killed");
  });
  FunctionSpec quick = Spec("quick");
  quick.trigger.prefix = "q";
  FunctionSpec stuck = Spec("stuck");
  stuck.trigger.prefix = "s";
  Start({quick, stuck});
  Put("q1");
  Put("s1");
  Put("s1");  // waits behind the first
  WaitUntil([&] { return running == 2; });
  std::thread stopper([&] { dispatcher_->Stop(std::chrono::seconds(20)); });
  go = true;
  functions_->Stop(milliseconds(300));
  stopper.join();
  EXPECT_EQ(Runs("quick")[0].status, sched::RunStatus::kSucceeded);
  ASSERT_EQ(Runs("stuck").size(), 1u);
  EXPECT_EQ(Runs("stuck")[0].status, sched::RunStatus::kInterrupted);
  // Cut short isn't failed: they're due at once after a restart.
  const auto left = dispatcher_->ListDeliveries(false, "", 10).value();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].attempts, 0);
  Close();
  Open();
  SetBody("stuck", nullptr);
  Start({quick, stuck});
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs("stuck")[0].status, sched::RunStatus::kSucceeded);
  EXPECT_EQ(Runs("quick").size(), 1u);
}

TEST_F(FunctionsTest, ASlowFunctionLeavesRoomForOthers) {
  std::atomic<bool> go{false};
  SetBody("slow", [&](const RunContext&) -> Result<RunResult> {
    while (!go) std::this_thread::sleep_for(milliseconds(1));
    return RunResult();
  });
  FunctionSpec slow = Spec("slow");
  slow.trigger.prefix = "s";
  slow.concurrency = 100;
  FunctionSpec fast = Spec("fast");
  fast.trigger.prefix = "f";
  Start({slow, fast});
  for (int i = 0; i < 40; ++i) Put("s" + std::to_string(i));
  WaitUntil([&] { return functions_->Get("slow").value().running >= 10; });
  for (int i = 0; i < 3; ++i) Put("f" + std::to_string(i));
  WaitUntil([&] { return functions_->Get("fast").value().succeeded == 3; });
  EXPECT_LE(functions_->Get("slow").value().running, 15);
  go = true;
  WaitUntil([&] { return Pending() == 0; });
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(FunctionsTest, WhatFailsBeforeARunIsTriedAgain) {
  ASSERT_TRUE(ArmFailpoints("functions.run.before=error").ok());
  Start({Spec("f")});
  Put("a");
  WaitUntil([&] { return functions_->Get("f").value().failed >= 2; });
  EXPECT_TRUE(Runs().empty());
  DisarmFailpoints();
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs().size(), 1u);
  ASSERT_TRUE(ArmFailpoints("sched.run.finish=error").ok());
  Put("b");
  WaitUntil([&] { return Ran().size() >= 3; });
  DisarmFailpoints();
  WaitUntil([&] { return Pending() == 0; });
}
#endif

}  // namespace
}  // namespace caudal::functions
