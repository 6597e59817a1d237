#include "query/scan_files.h"

#include <fmt/format.h>

#include <utility>

namespace caudal::query {
namespace {

bool IsParquet(const std::string& format) {
  constexpr std::string_view kParquet = "PARQUET";
  if (format.size() != kParquet.size()) return false;
  for (size_t i = 0; i < format.size(); ++i)
    if ((format[i] & ~0x20) != kParquet[i]) return false;
  return true;
}

Result<void> CheckReadable(const lake::DataFile& file) {
  if (file.content_offset || file.format == "PUFFIN" || file.format == "puffin")
    return MakeError(
        ErrorKind::kUnsupported,
        fmt::format("deletion vectors of format version 3 aren't read yet ({})", file.path));
  if (!IsParquet(file.format))
    return MakeError(
        ErrorKind::kUnsupported,
        fmt::format("files of format {} aren't read, only Parquet ({})", file.format, file.path));
  if (file.key_metadata)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("encrypted files aren't read ({})", file.path));
  return {};
}

}  // namespace

Result<const ScanFiles::File*> ScanFiles::Open(const lake::DataFile& file) {
  const auto found = files_.find(file.path);
  if (found != files_.end()) return &found->second;
  TRY(CheckReadable(file));
  lake::LocalFile local = TRY(lake::OpenTableFile(store_, file));
  File kept{engine::Session::InputPath(fmt::format("f{}", order_.size())), std::move(local)};
  const auto added = files_.emplace(file.path, std::move(kept)).first;
  order_.push_back(&added->second);
  return &added->second;
}

Result<SharedColumns> ScanFiles::Columns(const lake::DataFile& file) {
  const File* opened = TRY(Open(file));
  return columns_.Read(file.path, opened->local.path);
}

std::vector<engine::Input> ScanFiles::Inputs() const {
  std::vector<engine::Input> inputs;
  inputs.reserve(order_.size());
  for (size_t i = 0; i < order_.size(); ++i)
    inputs.push_back({fmt::format("f{}", i), order_[i]->local.path});
  return inputs;
}

}  // namespace caudal::query
