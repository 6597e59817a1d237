// The test program is its own query worker.
#include <gmock/gmock.h>

#include <cstring>

#include "engine/worker.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], caudal::engine::kWorkerCommand) == 0)
    return caudal::engine::RunWorker();
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
