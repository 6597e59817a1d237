// An engine in a folder of its own, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/worker.h"
#include "os/file.h"
#include "os/process.h"

namespace caudal::engine {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // memory and exit codes are the sanitizer's
#else
constexpr bool kSanitized = false;
#endif

class TestEngine {
 public:
  explicit TestEngine(int workers_max = 2) {
    std::string name = testing::TempDir() + "engine-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    options_.worker_command = {os::OwnProgram().value(), kWorkerCommand};
    options_.folder = folder_ + "/run";
    options_.workers_max = workers_max;
    Start();
  }
  ~TestEngine() {
    engine_.reset();
    (void)os::RemoveTree(folder_).ok();
  }

  void Start() {
    engine_.reset();
    engine_ = Engine::Make(options_).value();
  }

  Engine& engine() { return *engine_; }
  Engine* operator->() { return engine_.get(); }
  EngineOptions& options() { return options_; }
  const std::string& folder() const { return folder_; }

  // A file outside the engine's folder.
  std::string Write(const std::string& name, std::string_view bytes) {
    EXPECT_TRUE(os::ReplaceFile(folder_ + "/" + name, bytes).ok());
    return folder_ + "/" + name;
  }

  std::unique_ptr<Session> Open(SessionRequest request = {}) {
    return engine_->Open(request).value();
  }

 private:
  std::string folder_;
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

inline Statement Sql(std::string sql) { return {std::move(sql), {}, false}; }
inline Statement Trusted(std::string sql) { return {std::move(sql), {}, true}; }

}  // namespace caudal::engine
