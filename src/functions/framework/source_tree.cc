#include "functions/framework/source_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "data/digest.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 20'000;
constexpr uint64_t kBytesMax = 512u << 20;

bool IsLeftByTools(const std::string& name, bool with_modules) {
  if (name == "node_modules") return !with_modules;
  return name == ".git" || name == "__pycache__" || name == ".venv" || name == "venv" ||
         name.ends_with(".pyc");
}

Error Wrong(ErrorKind kind, std::string message) {
  return MakeError(kind, std::move(message), "function.source");
}

}  // namespace

Result<std::vector<SourceFile>> ListSource(const std::string& folder, bool with_modules) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Wrong(ErrorKind::kNotFound, fmt::format("there is no folder {}", folder));
  std::vector<SourceFile> files;
  uint64_t bytes = 0;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    const fs::file_status status = it->status(ignored);
    if (IsLeftByTools(name, with_modules)) {
      it.disable_recursion_pending();
      continue;
    }
    if (fs::is_directory(status)) {
      if (it->is_symlink(ignored) && !with_modules)
        return Wrong(
            ErrorKind::kInvalid,
            fmt::format("{} is a link to a folder: copy it there instead", it->path().string()));
      continue;
    }
    if (!fs::is_regular_file(status)) continue;
    bytes += it->file_size(ignored);
    if (files.size() >= kFilesMax || bytes > kBytesMax)
      return Wrong(ErrorKind::kLimit,
                   fmt::format("{} has more than {} files or {} MiB: that isn't a function's "
                               "source; point `source` at a folder of its own",
                               folder, kFilesMax, kBytesMax >> 20));
    const std::string content = TRY(os::ReadFile(it->path().string(), kBytesMax));
    SourceFile file;
    file.name = it->path().lexically_relative(folder).generic_string();
    file.content_sha256 = Sha256(content);
    file.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    files.push_back(std::move(file));
  }
  if (error) return os::ErrnoError(error.value(), folder);
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return files;
}

Result<void> CopySource(const std::string& folder, const std::vector<SourceFile>& files,
                        const std::string& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (const SourceFile& file : files) {
    const fs::path target = fs::path(to) / file.name;
    if (!error) fs::create_directories(target.parent_path(), error);
    if (!error)
      fs::copy_file(fs::path(folder) / file.name, target, fs::copy_options::overwrite_existing,
                    error);
    if (error) return os::ErrnoError(error.value(), target.string());
  }
  return {};
}

std::string DigestOf(const std::vector<SourceFile>& files, const std::vector<std::string>& also) {
  std::string all;
  const auto add = [&](std::string_view text) { all += fmt::format("{}:{}", text.size(), text); };
  for (const std::string& one : also) add(one);
  for (const SourceFile& file : files) {
    add(file.name);
    add(file.content_sha256);
    add(file.executable ? "x" : "-");
  }
  return EncodeHex(Sha256(all)).substr(0, 16);
}

}  // namespace caudal::functions
