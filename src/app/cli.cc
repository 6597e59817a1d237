#include "app/cli.h"

namespace caudal::app {

int RunCli(int, char**) { return 0; }

}  // namespace caudal::app
