// Any pattern parses or is refused; one that parses matches any name without harm, and only names
// with its literal prefix.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/glob.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  const std::string_view pattern = input.substr(0, end);
  const std::string_view name = end == std::string_view::npos ? "" : input.substr(end + 1);
  const auto glob = caudal::Glob::Parse(pattern);
  if (!glob.ok()) return 0;
  if (glob->Matches(name.substr(0, 1024)) && !name.starts_with(glob->literal_prefix())) abort();
  return 0;
}
