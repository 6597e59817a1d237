#include "app/config/load.h"

#include <cstdlib>
#include <filesystem>

#include "app/config/sections.h"
#include "os/file.h"

namespace caudal::app {
namespace {

constexpr uint64_t kConfigBytesMax = 4u << 20;

}  // namespace

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return std::string(value);
}

Result<LoadedConfig> LoadConfig(const std::string& file, const Environment& environment) {
  std::error_code ignored;
  const std::filesystem::path path = std::filesystem::absolute(file, ignored).lexically_normal();
  Result<std::string> text = os::ReadFile(path.string(), kConfigBytesMax);
  if (!text.ok()) {
    if (text.error().Is(ErrorKind::kNotFound))
      return MakeError(ErrorKind::kNotFound,
                       "there is no configuration " + path.string() +
                           "; make one with `caudal init DIR`, or name it with --config",
                       "config.not_found");
    return std::move(text).error().Within("can't read the configuration");
  }
  LoadedConfig loaded;
  loaded.config.file = path.string();
  Reading reading{path.parent_path().string(), environment, {}};
  try {
    Node root{YAML::Load(*text), ""};
    RootSection().Read(reading, root, loaded.config);
  } catch (const YAML::Exception& e) {
    const Place place = e.mark.is_null() ? Place{} : Place{e.mark.line + 1, e.mark.column + 1};
    reading.problems.Add(place, "not valid YAML: " + e.msg + ".");
  }
  loaded.problems = reading.problems.Sorted();
  return loaded;
}

Result<Config> LoadValidConfig(const std::string& file) {
  LoadedConfig loaded = TRY(LoadConfig(file));
  if (loaded.problems.empty()) return std::move(loaded.config);
  std::string text = FormatProblems(file, loaded.problems);
  text.pop_back();
  return MakeError(ErrorKind::kInvalid, std::move(text), "config.invalid");
}

std::vector<KeyDoc> DescribeConfig() {
  std::vector<KeyDoc> docs;
  RootSection().Describe("", Config{}, docs);
  return docs;
}

std::string ConfigReference() {
  std::string text =
      "| key | type | default | a reload applies it | meaning |\n|---|---|---|---|---|\n";
  const auto cell = [](std::string value) {
    for (size_t at = 0; (at = value.find('|', at)) != std::string::npos; at += 2)
      value.insert(at, "\\");
    return value;
  };
  for (const KeyDoc& doc : DescribeConfig()) {
    const bool section = doc.type == "mapping" || doc.type == "mapping of names to mapping";
    std::string fallback = doc.required ? "required" : doc.fallback;
    if (!fallback.empty() && !doc.required) fallback = "`" + fallback + "`";
    text += "| `" + doc.path + "` | " + cell(doc.type) + " | " + fallback + " | " +
            (section                       ? ""
             : doc.change == Change::kLive ? "yes"
                                           : "no") +
            " | " + cell(doc.text) + " |\n";
  }
  return text;
}

std::vector<ChangedKey> CompareConfigs(const Config& before, const Config& after) {
  std::vector<ChangedKey> changed;
  RootSection().Compare("", before, after, changed);
  return changed;
}

}  // namespace caudal::app
