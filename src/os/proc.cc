#include "os/proc.h"

#include <dirent.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "os/file.h"

namespace caudal::os {
namespace {

constexpr size_t kEnvironmentBytesMax = 128u << 10;

}  // namespace

std::string ReadProc(const std::string& id, const char* what, size_t bytes_max) {
  const Result<File> file = File::Open("/proc/" + id + "/" + what, File::Mode::kRead);
  if (!file.ok()) return {};
  std::string text(bytes_max, '\0');
  const Result<size_t> length = file->ReadAt(0, text.data(), text.size());
  text.resize(length.ok() ? *length : 0);
  return text;
}

std::vector<int> ProcessNumbers() {
  std::vector<int> ids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) return ids;
  while (const dirent* entry = ::readdir(proc.get())) {
    int id = 0;
    const std::string_view name(entry->d_name);
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error == std::errc() && end == name.data() + name.size()) ids.push_back(id);
  }
  return ids;
}

std::string MarkOf(int id, std::string_view name) {
  const std::string text = ReadProc(std::to_string(id), "environ", kEnvironmentBytesMax);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('\0'));
    if (one.starts_with(name)) return std::string(one);
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return {};
}

}  // namespace caudal::os
