// The server's hold on one worker: its process, its socket, its folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/frames.h"
#include "engine/protocol.h"
#include "os/process.h"

namespace caudal::engine {

class WorkerProcess {
 public:
  // Starts one in `<options.folder>/<number>` and waits until it is ready.
  static Result<std::unique_ptr<WorkerProcess>> Start(const EngineOptions& options, int number);

  int number() const { return number_; }
  const std::string& folder() const { return folder_; }
  const ReadyMessage& ready() const { return ready_; }
  FrameSocket& socket() { return socket_; }
  os::Process& process() { return *process_; }

  // Whether it can begin another session like the last at once.
  bool ready_again() const { return ready_again_; }
  void set_ready_again(bool ready) { ready_again_ = ready; }

  // Links or copies it to in/<name>.
  Result<void> AddInput(const Input& input);
  // What the session wrote, all files of out/ together.
  uint64_t OutputBytes() const;
  // Makes the worker leave the session and empties its folder. False when it can't be used again.
  bool EndSession();
  // How it ended, for people, once it did; what it said last goes to the log.
  std::string DescribeEnd();

 private:
  bool SendEnd();  // and waits for the answer
  WorkerProcess(int number, std::string folder, std::unique_ptr<os::Process> process,
                os::File socket)
      : number_(number),
        folder_(std::move(folder)),
        process_(std::move(process)),
        socket_(std::move(socket)) {}

  const int number_;
  const std::string folder_;
  std::unique_ptr<os::Process> process_;
  FrameSocket socket_;
  ReadyMessage ready_;
  int sessions_ = 0;
  bool ready_again_ = false;
};

// Of inputs and outputs: kInvalid unless it is a plain name.
Result<void> CheckFileName(std::string_view name);
Result<void> EmptyDir(const std::string& path);

}  // namespace caudal::engine
