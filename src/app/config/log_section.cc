#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

const std::vector<Key<LogConfig>>& Keys() {
  using C = LogConfig;
  using Format = LogOptions::Format;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("level", &C::level,
            Choice<LogLevel>{{{"debug", LogLevel::kDebug},
                              {"info", LogLevel::kInfo},
                              {"warning", LogLevel::kWarning},
                              {"error", LogLevel::kError}}},
            Change::kLive, "The least serious lines that are written."),
      Field("format", &C::format,
            Choice<Format>{
                {{"auto", Format::kAuto}, {"text", Format::kText}, {"json", Format::kJson}}},
            kRestart, "On standard error. `auto`: text on a terminal, else JSON lines."),
      Field("file", &C::file, Path{}, kRestart,
            "Also written here, as JSON lines. Without it, logs/caudal.log in the data folder."),
      Field("file_bytes_max", &C::file_bytes_max, Size{64 << 10, 16ull << 30}, kRestart,
            "The file is rotated at this size."),
      Field("files_max", &C::files_max, Whole{1, 1000}, kRestart, "Rotated files that are kept."),
  };
  return keys;
}

}  // namespace

const Section<LogConfig>& LogSection() {
  static const Section<LogConfig> section{&Keys};
  return section;
}

}  // namespace caudal::app
