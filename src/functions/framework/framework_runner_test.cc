#include "functions/framework/framework_runner.h"

#include "functions/framework/fake_framework.h"
#include "functions/framework/install.h"
#include "functions/functions_fixture.h"
#include "os/process_watch.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using State = RunnerStatus::State;

class FrameworkTest : public FunctionsFixture {
 protected:
  void SetUp() override {
    FunctionsFixture::SetUp();
    ASSERT_TRUE(os::MakeDirs(folder_ + "/source").ok());
    ASSERT_TRUE(os::ReplaceFile(folder_ + "/source/main.py", "def f(event): pass\n").ok());
    ASSERT_TRUE(os::ReplaceFile(folder_ + "/python", kFakeFramework, 0755).ok());
    places_.folder = folder_ + "/functions";
    places_.run_folder = folder_ + "/run";
    places_.mark_prefix = SystemRandom().Hex(8);
    places_.project = "shop";
    places_.url = [] { return "http://127.0.0.1:8080"; };
  }
  void TearDown() override {
    FunctionsFixture::TearDown();
    // Nothing is left, whatever was started.
    os::ProcessWatch watch(kMarkVariable);
    EXPECT_TRUE(
        watch.MarksThatBegin(std::string(kMarkVariable) + "=" + places_.mark_prefix).empty());
  }

  FunctionSpec PythonSpec() {
    FunctionSpec spec = Spec("py");
    spec.timeout = seconds(60);
    FrameworkPart part;
    part.source = folder_ + "/source";
    part.target = "f";
    part.interpreter = folder_ + "/python";
    part.install = false;
    spec.part = part;
    spec.environment = {{"COLOUR", "blue"}};
    return spec;
  }
  void StartFunction(const FunctionSpec& spec) {
    ASSERT_TRUE(PreparePlaces(places_, {spec}, SystemRandom()).ok());
    if (!with_groups_) places_.groups.reset();
    ASSERT_TRUE(functions_->Configure({spec}).ok());
    ASSERT_TRUE(dispatcher_->Start().ok());
    ASSERT_TRUE(
        functions_
            ->Start([this](const FunctionSpec& s,
                           std::function<void()> changed) -> Result<std::unique_ptr<Runner>> {
              return MakeFrameworkRunner(s, places_, clock_, std::move(changed));
            })
            .ok());
  }
  RunnerStatus Status() { return functions_->Get("py").value().status; }
  Json Workers() { return Status().facts["workers"]; }
  // The log of the newest run.
  std::string Log() { return runs_->ReadLog(Runs()[0].id, 1 << 20).value(); }
  void PutAndWait(const std::string& name) {
    Put(name);
    WaitUntil([&] { return Pending() == 0; });
  }

  bool with_groups_ = true;
  FrameworkPlaces places_;
};

TEST_F(FrameworkTest, ServesEventsFromAWarmProcess) {
  StartFunction(PythonSpec());
  PutAndWait("one");
  PutAndWait("two");
  ASSERT_EQ(Runs().size(), 2u);
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
  EXPECT_EQ(Runs()[0].report["http_status"], 200);
  const Json workers = Workers();
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0]["state"], "idle");
  EXPECT_EQ(workers[0]["calls"], 2);
  EXPECT_THAT(Log(), HasSubstr("called for two by " + workers[0]["pid"].dump()));
  EXPECT_THAT(functions_->DeployLog("py", 0, 10'000).value(),
              AllOf(HasSubstr("deploying py"), HasSubstr("serving from"), HasSubstr("ready")));
}

TEST_F(FrameworkTest, GivesItACleanEnvironmentAndACloudEvent) {
  ::setenv("CAUDAL_TEST_SECRET", "of the server", 1);
  StartFunction(PythonSpec());
  PutAndWait("environment");
  std::string log = Log();
  const Json environment = Json::parse(log.substr(log.find('{')));
  EXPECT_EQ(environment["COLOUR"], "blue");
  EXPECT_EQ(environment["STORAGE_EMULATOR_HOST"], "http://127.0.0.1:8080");
  EXPECT_EQ(environment["FUNCTION_TARGET"], "f");
  EXPECT_EQ(environment["FUNCTION_SIGNATURE_TYPE"], "cloudevent");
  EXPECT_EQ(environment["K_SERVICE"], "py");
  EXPECT_EQ(environment["GOOGLE_CLOUD_PROJECT"], "shop");
  EXPECT_EQ(environment["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"], "false");
  EXPECT_FALSE(environment.contains("CAUDAL_TEST_SECRET"));
  EXPECT_THAT(environment["cwd"].get<std::string>(), HasSubstr(places_.folder + "/py/"));
  PutAndWait("headers/ñ");
  log = Log();
  const Json headers = Json::parse(log.substr(log.find('{')));
  EXPECT_EQ(headers["ce-type"], "google.cloud.storage.object.v1.finalized");
  EXPECT_EQ(headers["ce-source"], "//storage.googleapis.com/projects/_/buckets/in-bucket");
  EXPECT_EQ(headers["ce-subject"], "objects/headers/%C3%B1");
  EXPECT_EQ(headers["function-execution-id"], std::to_string(Runs()[0].id));
}

// With the kernel's control groups, where there are any, and without.
class ContainmentTest : public FrameworkTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(ControlGroups, ContainmentTest, testing::Bool());

TEST_P(ContainmentTest, ContainsWhatGoesWrong) {
  with_groups_ = GetParam();
  FunctionSpec spec = PythonSpec();
  spec.retry.window = milliseconds(0);  // one attempt each
  spec.memory_bytes = 100u << 20;
  spec.timeout = seconds(30);
  StartFunction(spec);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"fail", "answered HTTP 500: ValueError: no good"},
      {"crash", "process ended with exit status 3"},
      {"eat", "more than its memory of 100 MiB"},
      {"fork", "processes; 64 are allowed"}};
  size_t dead = 0;
  for (const auto& [name, error] : cases) {
    SCOPED_TRACE(name);
    Put(name);
    WaitUntil([&] { return Dead() == dead + 1; });
    ++dead;
    EXPECT_THAT(Runs()[0].error, HasSubstr(error));
    EXPECT_EQ(Runs()[0].status, sched::RunStatus::kFailed);
    PutAndWait("good-after-" + name);
    EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
  }
  EXPECT_THAT(runs_->ReadLog(Runs().back().id, 10'000).value(), HasSubstr("went wrong"));
}

TEST_F(FrameworkTest, EndsWhatHangs) {
  FunctionSpec spec = PythonSpec();
  spec.retry.window = milliseconds(0);
  spec.timeout = milliseconds(1500);
  StartFunction(spec);
  WaitUntil([&] { return Status().state == State::kReady; });
  Put("hang");
  WaitUntil([&] { return Dead() == 1; });
  EXPECT_EQ(Runs()[0].error_kind, ErrorKind::kTimeout);
  EXPECT_THAT(Runs()[0].error, HasSubstr("longer than its timeout of 1.5 s"));
  PutAndWait("good");
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
}

TEST_F(FrameworkTest, LongOutputIsBounded) {
  StartFunction(PythonSpec());
  PutAndWait("print");
  EXPECT_THAT(Log(), HasSubstr(std::string(1000, 'x')));
}

TEST_F(FrameworkTest, ReplacesAProcessThatHasDoneItsCallsOrDied) {
  FunctionSpec spec = PythonSpec();
  std::get<FrameworkPart>(spec.part).calls_max = 2;
  StartFunction(spec);
  for (const char* name : {"a", "b", "c"}) PutAndWait(name);
  WaitUntil([&] {
    const Json workers = Workers();
    return workers.size() == 1 && workers[0]["state"] == "idle" && workers[0]["calls"] < 2;
  });
  os::ProcessWatch watch(kMarkVariable);
  const std::string prefix = std::string(kMarkVariable) + "=" + places_.mark_prefix;
  for (const std::string& mark : watch.MarksThatBegin(prefix)) watch.Kill({0, mark});
  PutAndWait("d");
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kSucceeded);
}

TEST_F(FrameworkTest, RunsSeveralAtOnce) {
  FunctionSpec spec = PythonSpec();
  spec.concurrency = 3;
  StartFunction(spec);
  WaitUntil([&] { return Status().state == State::kReady; });
  for (int i = 0; i < 12; ++i) Put("many/" + std::to_string(i));
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs().size(), 12u);
  EXPECT_LE(Workers().size(), 3u);
}

TEST_F(FrameworkTest, WhatDoesntComeUpIsBrokenUntilItIsDeployedAgain) {
  ASSERT_TRUE(os::ReplaceFile(folder_ + "/source/broken", "").ok());
  StartFunction(PythonSpec());
  Put("a");
  WaitUntil([&] { return Status().state == State::kBroken; });
  EXPECT_THAT(Status().detail, HasSubstr("exit status 3: ImportError: no module named broken"));
  EXPECT_EQ(Pending(), 1u);
  EXPECT_TRUE(Runs().empty());
  ASSERT_TRUE(os::Remove(folder_ + "/source/broken").ok());
  ASSERT_TRUE(functions_->Deploy("py").ok());
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs().size(), 1u);
  const std::string digest = Status().facts["digest"];
  // A deployment that fails changes nothing.
  ASSERT_TRUE(os::ReplaceFile(folder_ + "/source/broken", "").ok());
  ASSERT_TRUE(functions_->Deploy("py").ok());
  EXPECT_EQ(functions_->Deploy("py").error().code, "function.deploying");
  WaitUntil([&] { return Status().facts["deploying"] == false; });
  EXPECT_EQ(Status().state, State::kReady);
  EXPECT_EQ(Status().facts["digest"], digest);
  EXPECT_THAT(Status().detail, HasSubstr("ImportError"));
  PutAndWait("b");
  // One that is good takes over.
  ASSERT_TRUE(os::Remove(folder_ + "/source/broken").ok());
  ASSERT_TRUE(os::ReplaceFile(folder_ + "/source/main.py", "# changed\n").ok());
  ASSERT_TRUE(functions_->Deploy("py").ok());
  WaitUntil([&] { return Status().facts["deploying"] == false; });
  EXPECT_NE(Status().facts["digest"], digest);
  PutAndWait("c");
  EXPECT_EQ(Runs().size(), 3u);
  EXPECT_LE(os::ListDir(places_.folder + "/py").value().size(), 2u);
}

// Only what a person must put right ends the tries.
TEST_F(FrameworkTest, AProbeThatIsKilledIsTriedAgain) {
  FunctionSpec spec = PythonSpec();
  auto& part = std::get<FrameworkPart>(spec.part);
  part.runtime = FrameworkPart::Runtime::kNode;
  for (const bool killed : {true, false}) {
    ASSERT_TRUE(os::ReplaceFile(folder_ + "/node",
                                killed ? "#!/bin/sh\nkill -9 $$\n" : "#!/bin/sh\nexit 1\n", 0755)
                    .ok());
    part.interpreter = folder_ + "/node";
    const Result<Deployment> made =
        Install({spec, places_.folder, true}, clock_, {}, std::stop_token());
    EXPECT_EQ(RetryRuleOf(made.error().kind).retry, killed) << made.error().message;
  }
}

TEST_F(FrameworkTest, AMissingSourceSaysSo) {
  FunctionSpec spec = PythonSpec();
  std::get<FrameworkPart>(spec.part).source = folder_ + "/nowhere";
  StartFunction(spec);
  WaitUntil([&] { return Status().state == State::kBroken; });
  EXPECT_THAT(Status().detail, HasSubstr("there is no folder " + folder_ + "/nowhere"));
}

TEST_F(FrameworkTest, AStopDoesntWaitForWhatIsStuck) {
  StartFunction(PythonSpec());
  WaitUntil([&] { return Status().state == State::kReady; });
  Put("hang");
  WaitUntil([&] { return functions_->Get("py").value().running == 1; });
  const auto start = std::chrono::steady_clock::now();
  Close();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(15));
  Open();
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kInterrupted);
  // What is in place isn't made again.
  FunctionSpec spec = PythonSpec();
  spec.timeout = milliseconds(500);
  spec.retry.window = milliseconds(0);
  StartFunction(spec);
  WaitUntil([&] { return Dead() == 1; });
  EXPECT_THAT(functions_->DeployLog("py", 0, 10'000).value(), Not(HasSubstr("deploying")));
}

TEST_F(FrameworkTest, LeftoversOfAnEarlierServerAreEnded) {
  StartFunction(PythonSpec());
  PutAndWait("leave");
  const std::string prefix = std::string(kMarkVariable) + "=" + places_.mark_prefix;
  os::ProcessWatch watch(kMarkVariable);
  EXPECT_EQ(watch.MarksThatBegin(prefix).size(), 1u);
  ASSERT_TRUE(os::MakeDirs(places_.folder + "/gone/0123").ok());
  FrameworkPlaces again = places_;
  ASSERT_TRUE(PreparePlaces(again, {}, SystemRandom()).ok());
  EXPECT_TRUE(watch.MarksThatBegin(prefix).empty());
  EXPECT_TRUE(os::ListDir(places_.folder).value().empty());
}

TEST_F(FrameworkTest, ALongPathIsNoTrouble) {
  places_.run_folder = folder_ + "/" + std::string(100, 'x') + "/run";
  StartFunction(PythonSpec());
  EXPECT_THAT(places_.run_folder, HasSubstr("/tmp/caudal-"));
  PutAndWait("a");
  EXPECT_EQ(Runs().size(), 1u);
  Close();
  LeavePlaces(places_);
  EXPECT_FALSE(os::Exists(places_.run_folder));
  Open();
}

}  // namespace
}  // namespace caudal::functions
