// A store, its events, run records and functions with runners that do as a test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/failpoint.h"
#include "base/mutex.h"
#include "base/random.h"
#include "functions/functions.h"
#include "objects/store.h"
#include "os/file.h"

namespace caudal::functions {

// Runs what the test gives it.
class TestRunner final : public Runner {
 public:
  using Body = std::function<Result<RunResult>(const RunContext&)>;
  struct Shared {
    Mutex mutex;
    CondVar changed;
    std::map<std::string, Body> bodies GUARDED_BY(mutex);
    std::vector<std::string> objects GUARDED_BY(mutex);  // run for, in order
    RunnerStatus status GUARDED_BY(mutex);
    int alive GUARDED_BY(mutex) = 0;
  };

  TestRunner(std::string name, std::shared_ptr<Shared> shared)
      : name_(std::move(name)), shared_(std::move(shared)) {
    MutexLock lock(shared_->mutex);
    ++shared_->alive;
  }
  ~TestRunner() override {
    MutexLock lock(shared_->mutex);
    --shared_->alive;
  }
  Result<RunResult> Run(const RunContext& context) override {
    Body body;
    {
      MutexLock lock(shared_->mutex);
      shared_->objects.push_back(context.event.object);
      body = shared_->bodies[name_];
      shared_->changed.NotifyAll();
    }
    if (!body) return RunResult();
    return body(context);
  }
  RunnerStatus status() const override {
    MutexLock lock(shared_->mutex);
    return shared_->status;
  }

 private:
  const std::string name_;
  const std::shared_ptr<Shared> shared_;
};

class FunctionsFixture : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "functions-" + SystemRandom().Hex(6);
    ASSERT_TRUE(os::MakeDirs(folder_).ok());
    Open();
    ASSERT_TRUE(store_->CreateBucket("in-bucket", {}).ok());
    ASSERT_TRUE(store_->CreateBucket("out-bucket", {}).ok());
  }
  void TearDown() override {
    DisarmFailpoints();
    Close();
    std::filesystem::remove_all(folder_);
  }

  void Open() {
    std::vector<meta::Migration> migrations;
    for (auto part :
         {objects::Store::Migrations(), events::Outbox::Migrations(), sched::Runs::Migrations()})
      migrations.insert(migrations.end(), part.begin(), part.end());
    meta::DatabaseOptions database;
    database.path = folder_ + "/meta.db";
    database_ = meta::Database::Open(database, migrations).value();
    outbox_ = events::Outbox::Open(*database_, clock_, {}).value();
    dispatcher_ = events::Dispatcher::Make(*database_, *outbox_, clock_, SystemRandom(), {});
    sched::RunsOptions runs;
    runs.log_folder = folder_ + "/logs";
    runs_ = sched::Runs::Open(runs, *database_, clock_).value();
    functions_ = Functions::Make({}, *dispatcher_, *runs_, clock_);
    objects::StoreOptions store;
    store.folder = folder_ + "/objects";
    store.disk_reserve_bytes = 0;
    store_ = objects::Store::Open(store, *database_, *outbox_, clock_, SystemRandom()).value();
  }
  void Close() {
    if (dispatcher_ && functions_) {
      functions_->Stop(std::chrono::milliseconds(0));
      dispatcher_->Stop(std::chrono::milliseconds(5000));
    }
    functions_.reset();
    store_.reset();
    dispatcher_.reset();
    runs_.reset();
    outbox_.reset();
    database_.reset();
  }

  FunctionSpec Spec(const std::string& name) {
    FunctionSpec spec;
    spec.name = name;
    spec.trigger.bucket = "in-bucket";
    spec.trigger.types = {events::EventType::kFinalized};
    spec.retry = {std::chrono::milliseconds(10), std::chrono::milliseconds(20),
                  std::chrono::hours(1)};
    spec.part = HttpPart{"http://127.0.0.1:1/", ""};
    return spec;
  }
  RunnerFactory Factory() {
    return [this](const FunctionSpec& spec,
                  std::function<void()> changed) -> Result<std::unique_ptr<Runner>> {
      changed_ = std::move(changed);
      return std::unique_ptr<Runner>(std::make_unique<TestRunner>(spec.name, runners_));
    };
  }
  void Start(std::vector<FunctionSpec> specs) {
    const Result<void> configured = functions_->Configure(std::move(specs));
    ASSERT_TRUE(configured.ok()) << configured.error().message;
    ASSERT_TRUE(dispatcher_->Start().ok());
    ASSERT_TRUE(functions_->Start(Factory()).ok());
  }
  void SetBody(const std::string& function, TestRunner::Body body) {
    MutexLock lock(runners_->mutex);
    runners_->bodies[function] = std::move(body);
  }
  std::vector<std::string> Ran() {
    MutexLock lock(runners_->mutex);
    return runners_->objects;
  }
  objects::WriteRequest To(const std::string& bucket, const std::string& name) {
    objects::WriteRequest request;
    request.bucket = bucket;
    request.name = name;
    return request;
  }
  void Put(const std::string& name) {
    ASSERT_TRUE(store_->Put(To("in-bucket", name), "bytes").ok());
  }
  std::vector<sched::RunRecord> Runs(const std::string& function = "") {
    sched::RunQuery query;
    query.job = function;
    return runs_->List(query).value();
  }
  size_t Pending() { return dispatcher_->ListDeliveries(false, "", 1000).value().size(); }
  size_t Dead() { return dispatcher_->ListDeliveries(true, "", 1000).value().size(); }
  static void WaitUntil(const std::function<bool()>& condition) {
    for (int i = 0; i < 4000 && !condition(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(condition());
  }

  std::string folder_;
  Clock& clock_ = SystemClock();
  std::shared_ptr<TestRunner::Shared> runners_ = std::make_shared<TestRunner::Shared>();
  std::function<void()> changed_;
  std::unique_ptr<meta::Database> database_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<events::Dispatcher> dispatcher_;
  std::unique_ptr<sched::Runs> runs_;
  std::unique_ptr<Functions> functions_;
  std::unique_ptr<objects::Store> store_;
};

}  // namespace caudal::functions
