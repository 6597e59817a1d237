// The pool of workers: how many there are, and what becomes of them.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Statement kEndless =
    Sql("SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE hash(i + j) = 42");

// The workers' process ids: children of this process that run in a folder of the engine's.
std::vector<pid_t> WorkersOf(const std::string& folder) {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code failure;
    const fs::path cwd = fs::read_symlink(entry.path() / "cwd", failure);
    if (!failure && cwd.string().starts_with(folder))
      pids.push_back(std::stoi(entry.path().filename().string()));
  }
  return pids;
}

template <class Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

TEST(Supervision, NoMoreWorkersThanAllowed) {
  TestEngine engine(2);
  engine.options().open_wait = seconds(5);
  engine.Start();
  auto first = engine.Open();
  auto second = engine.Open();
  const Error error = engine->Open({}).error();
  EXPECT_TRUE(error.Is(ErrorKind::kLimit));
  EXPECT_THAT(error.message, testing::HasSubstr("`workers_max`"));
  second.reset();
  EXPECT_TRUE(engine->Open({}).ok());
  EXPECT_EQ(engine->stats().workers, 2);
}

TEST(Supervision, CallersWaitForAWorker) {
  TestEngine engine(1);
  auto first = engine.Open();
  std::thread waiter([&] { EXPECT_TRUE(engine.Open()->Execute(Sql("SELECT 1")).ok()); });
  EXPECT_TRUE(Eventually([&] { return engine->stats().waiting == 1; }));
  first.reset();
  waiter.join();
}

TEST(Supervision, NotTooManyCallersWait) {
  TestEngine engine(1);
  engine.options().waiting_max = 1;
  engine.Start();
  auto first = engine.Open();
  std::thread waiter([&] { (void)engine->Open({}).ok(); });
  EXPECT_TRUE(Eventually([&] { return engine->stats().waiting == 1; }));
  EXPECT_TRUE(engine->Open({}).error().Is(ErrorKind::kLimit));
  first.reset();
  waiter.join();
}

TEST(Supervision, WarmWorkersAreKeptReady) {
  TestEngine engine(3);
  engine.options().warm_min = 2;
  engine.Start();
  EXPECT_EQ(engine->stats().idle, 2);
  const auto session = engine.Open();
  EXPECT_TRUE(Eventually([&] { return engine->stats().idle == 2; }));
  EXPECT_EQ(engine->stats().workers, 3);
}

TEST(Supervision, AWorkerThatIsKilledOnItsWayUpDoesNotStopTheEngine) {
  TestEngine engine(1);
  engine.options().worker_command = {
      "/bin/sh", "-c", "[ -e died ] || { : > died; kill -9 $$; }; exec \"$0\" engine-worker",
      os::OwnProgram().value()};
  engine.Start();
  EXPECT_TRUE(engine.Open()->Execute(Sql("SELECT 1")).ok());
}

TEST(Supervision, IdleWorkerThatDiedIsReplaced) {
  TestEngine engine(2);
  const std::vector<pid_t> workers = WorkersOf(engine.folder());
  ASSERT_EQ(workers.size(), 1u);
  ASSERT_EQ(::kill(workers[0], SIGKILL), 0);
  EXPECT_TRUE(engine.Open()->Execute(Sql("SELECT 1")).ok());
}

TEST(Supervision, WorkerKilledByAnotherHandIsACrash) {
  TestEngine engine(1);
  const auto session = engine.Open();
  const auto rows = session->Run(Sql("FROM range(1000000000)")).value();
  ASSERT_EQ(::kill(WorkersOf(engine.folder()).at(0), SIGKILL), 0);
  Result<std::optional<Batch>> next = rows->Next();
  while (next.ok() && next.value()) next = rows->Next();
  EXPECT_TRUE(next.error().Is(ErrorKind::kUnavailable));
  EXPECT_THAT(next.error().message, testing::HasSubstr("SIGKILL"));
}

TEST(Supervision, LeftoversAreRemovedAtTheStart) {
  TestEngine engine(1);
  const std::string run = engine.folder() + "/run";
  engine.Write("run/0/in/left", "x");
  fs::create_directories(run + "/17/out");
  engine.Start();
  EXPECT_FALSE(fs::exists(run + "/0/in/left"));
  EXPECT_FALSE(fs::exists(run + "/17"));
}

TEST(Supervision, AWorkerThatDoesntStartIsAnError) {
  TestEngine engine(1);
  EngineOptions options = engine.options();
  options.folder += "2";
  options.worker_command = {"/bin/false"};
  const Error error = Engine::Make(options).error();
  EXPECT_TRUE(error.Is(ErrorKind::kUnavailable));
  EXPECT_THAT(error.message, testing::HasSubstr("exit status 1"));
  options.worker_command = {"/no/such/program"};
  EXPECT_TRUE(Engine::Make(options).error().Is(ErrorKind::kNotFound));
}

TEST(Supervision, ShutdownEndsWhatRuns) {
  TestEngine engine(1);
  const auto session = engine.Open();
  std::thread stopper([&] { engine->Shutdown(); });
  EXPECT_EQ(session->Execute(kEndless).error().code, "engine.closed");
  stopper.join();
  EXPECT_EQ(engine->Open({}).error().code, "engine.closed");
}

TEST(Supervision, ConcurrentSessions) {
  TestEngine engine(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&engine, i] {
      for (int k = 0; k < 5; ++k) {
        const auto session = engine.Open();
        Statement statement = Sql("SELECT sum(i)::BIGINT + $more FROM range(100000) t(i)");
        statement.parameters = {{"more", int64_t{i}}};
        const auto rows = session->Run(statement).value();
        EXPECT_EQ(ReadAll(*rows, 10)->rows[0][0], std::to_string(4'999'950'000 + i));
        if (k == 3) session->Cancel();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(engine->stats().started, 4u);
  EXPECT_EQ(engine->stats().sessions, 30u);
}

// Run by the test below: a server that dies while a statement runs.
TEST(ServerInTheMiddle, DISABLED_Dies) {
  TestEngine engine(2);
  std::ofstream("/proc/self/fd/3") << engine.folder() << std::endl;
  const auto session = engine.Open();
  std::thread runner([&] { (void)session->Execute(kEndless).ok(); });
  std::string line;
  ASSERT_TRUE(Eventually([&] { return WorkersOf(engine.folder()).size() == 2; }));
  ::raise(SIGKILL);
  runner.join();
}

TEST(Supervision, WorkersDieWithTheServer) {
  os::Pipe pipe = os::MakePipe().value();
  os::ProcessOptions options;
  options.argv = {os::OwnProgram().value(), "--gtest_also_run_disabled_tests",
                  "--gtest_filter=ServerInTheMiddle.*"};
  options.fds = {{pipe.write.fd(), 3}};
  options.environment = {"TEST_TMPDIR=" + testing::TempDir()};
  const auto server = os::Process::Start(options).value();
  pipe.write.Close();
  char buffer[4096];
  const size_t n = os::ReadSome(pipe.read, buffer, sizeof buffer, seconds(60)).value();
  ASSERT_GT(n, 1u);
  const std::string folder(buffer, n - 1);
  EXPECT_EQ(server->Wait(seconds(120))->signal, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return WorkersOf(folder).empty(); }));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace caudal::engine
