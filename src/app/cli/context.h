// What every command shares: the global options, the language, and how it speaks.
#pragma once

#include <string>

#include "app/config/config.h"
#include "app/messages.h"
#include "base/result.h"
#include "data/json.h"

namespace caudal::app::cli {

// docs/cli.md lists them.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,       // wrong usage, or wrong configuration
  kNotRunning = 3,  // no server, or it doesn't answer
  kFindings = 4     // check or fsck found something
};

struct Context {
  std::string config_file;  // empty: $CAUDAL_CONFIG, else caudal.yaml
  bool json = false;
  std::string url;    // of a server elsewhere
  std::string token;  // for it
  Language language = Language::kEnglish;

  std::string ConfigFile() const;
  // A line for a person, on standard output.
  template <class... Args>
  void Print(Text text, const Args&... args) const {
    PrintLine(Say(language, text, args...));
  }
  void PrintLine(const std::string& line) const;
  void PrintJson(const Json& json) const;
  // Says the error on standard error (as JSON with --json) and returns the exit code it means.
  int Fail(const Error& error) const;
};

// "-" for null or absent, text without quotes, numbers as they are.
std::string Cell(const Json& object, const char* name);

}  // namespace caudal::app::cli
