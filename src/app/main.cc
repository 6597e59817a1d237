#include "app/cli.h"

int main(int argc, char** argv) { return caudal::app::RunCli(argc, argv); }
