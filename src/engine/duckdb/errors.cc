#include "engine/duckdb/errors.h"

#include <algorithm>
#include <filesystem>
#include <string>

namespace caudal::engine {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string WithoutHostPaths(std::string_view message) {
  static const std::string folder = std::filesystem::current_path().string() + "/";
  std::string text(message);
  for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at))
    text.erase(at, folder.size());
  return text;
}

}  // namespace

Error DuckDbError(std::string_view message) {
  std::string text = WithoutHostPaths(message);
  if (message.starts_with("Out of Memory Error")) {
    // What follows speaks of settings that nobody can change here.
    text.resize(std::min(text.find('\n'), text.size()));
    if (Has(message, "max_temp_directory_size"))
      return MakeError(
          ErrorKind::kLimit,
          "the statement needs more temporary space than its limit; raise `temp`: " + text,
          "engine.temp");
    return MakeError(ErrorKind::kLimit,
                     "the statement needs more memory than its limit; raise `memory`: " + text,
                     "engine.memory");
  }
  if (Has(message, "No space left on device")) return MakeError(ErrorKind::kDiskFull, text);
  if (Has(message, "File too large"))
    return MakeError(ErrorKind::kLimit,
                     "the statement writes more than its limit; raise `output`: " + text,
                     "engine.output");
  if (message.starts_with("INTERRUPT Error"))
    return MakeError(ErrorKind::kCancelled, "the statement was interrupted");
  if (message.starts_with("INTERNAL Error") || message.starts_with("FATAL Error"))
    return MakeError(ErrorKind::kInternal, text, "engine.internal");
  if (message.starts_with("Not implemented Error")) return MakeError(ErrorKind::kUnsupported, text);
  return MakeError(ErrorKind::kInvalid, text);
}

}  // namespace caudal::engine
