#include "query/scan_files.h"

#include <fmt/format.h>

#include <algorithm>
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
  std::string name = NameOf(local.path);
  std::string sql_path = engine::Session::InputPath(name);
  File kept{std::move(name), std::move(sql_path), std::move(local)};
  const auto added = files_.emplace(file.path, std::move(kept)).first;
  order_.push_back(&added->second);
  return &added->second;
}

// By the number of the stored file, which never changes: a session's database remembers its footer
// for the next. Two files of tables may be one that is stored.
std::string ScanFiles::NameOf(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  name.erase(0, std::min(name.find_first_not_of('0'), name.size() - 1));
  name.insert(0, "f");
  const int uses = names_[name]++;
  return uses == 0 ? name : fmt::format("{}-{}", name, uses);
}

Result<SharedColumns> ScanFiles::Columns(const lake::DataFile& file) {
  const File* opened = TRY(Open(file));
  return columns_.Read(file.path, opened->local.path);
}

std::vector<engine::Input> ScanFiles::Inputs() const {
  std::vector<engine::Input> inputs;
  inputs.reserve(order_.size());
  for (const File* file : order_) inputs.push_back({file->name, file->local.path});
  return inputs;
}

Result<bool> ScanFiles::HideDeleted(const lake::ScanFile& scan) {
  lake::RowSet rows;
  for (const lake::SharedFile& deletes : scan.position_deletes) {
    TRY(CheckReadable(deletes->file));
    const std::vector<lake::FileRows> read = TRY(deletes_.Read(deletes->file, {scan.data}));
    for (const lake::FileRows& one : read)
      for (const int64_t row : one.rows) rows.Add(row);
  }
  if (rows.size() == 0) return false;
  const File* file = TRY(Open(scan.data->file));
  hidden_[file->name] = std::move(rows);
  return true;
}

std::vector<engine::HiddenRows> ScanFiles::Hidden() const {
  std::vector<engine::HiddenRows> hidden;
  hidden.reserve(hidden_.size());
  for (const auto& [name, rows] : hidden_) hidden.push_back({name, rows.words()});
  return hidden;
}

}  // namespace caudal::query
