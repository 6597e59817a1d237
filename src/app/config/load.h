// Reads caudal.yaml. Everything wrong with it is found in one pass.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/config/config.h"
#include "app/config/keys.h"
#include "app/config/problems.h"
#include "app/config/reading.h"

namespace caudal::app {

struct LoadedConfig {
  Config config;  // complete only when there are no problems
  std::vector<Problem> problems;
};

std::optional<std::string> ProcessEnvironment(const std::string& name);

// An error only when the file can't be read.
Result<LoadedConfig> LoadConfig(const std::string& file,
                                const Environment& environment = ProcessEnvironment);
// The same, with the problems as one error of kind kInvalid, a line for each.
Result<Config> LoadValidConfig(const std::string& file);

// Every key with its type, default and meaning, in the order of the tables.
std::vector<KeyDoc> DescribeConfig();
// The same as Markdown: the reference in docs/configuration.md.
std::string ConfigReference();
// The keys whose values differ.
std::vector<ChangedKey> CompareConfigs(const Config& before, const Config& after);

}  // namespace caudal::app
