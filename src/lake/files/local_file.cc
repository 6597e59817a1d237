#include "lake/files/local_file.h"

#include <fmt/format.h>

#include <utility>

#include "lake/catalog/locations.h"

namespace caudal::lake {

Result<LocalFile> OpenTableFile(objects::Store& store, const DataFile& file) {
  const ObjectPlace place = TRY(PlaceOf(file.path));
  Result<objects::OpenedObject> opened = store.Open({place.bucket, place.name, {}});
  if (!opened.ok() && opened.error().Is(ErrorKind::kNotFound))
    return MakeError(ErrorKind::kCorrupt, "the file " + file.path + " is gone");
  if (!opened.ok()) return std::move(opened).error().Within(file.path);
  if (opened->object.size != static_cast<uint64_t>(file.file_size_bytes))
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("the file {} has {} bytes, but its manifest says {}", file.path,
                                 opened->object.size, file.file_size_bytes));
  return LocalFile{std::move(opened->path), std::move(opened->guard)};
}

}  // namespace caudal::lake
