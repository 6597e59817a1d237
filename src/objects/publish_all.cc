#include "objects/publish_all.h"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "objects/publish.h"
#include "objects/writing.h"

namespace caudal::objects {
namespace {

constexpr size_t kFilesMax = 1000;  // each is several rows in one transaction
constexpr size_t kDeletesMax = 500;

Result<void> CheckRequests(Core& core, const std::vector<FileToPublish>& files) {
  if (files.size() > kFilesMax)
    return MakeError(ErrorKind::kLimit,
                     fmt::format("{} files can't be published at once; the limit is {}",
                                 files.size(), kFilesMax));
  std::set<std::pair<std::string, std::string>> names;
  for (const FileToPublish& file : files) {
    if (!names.emplace(file.request.bucket, file.request.name).second)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("gs://{}/{} would be written twice at once", file.request.bucket,
                                   file.request.name),
                       "publish.twice");
    TRY(CheckEarly(core, file.request));
  }
  return {};
}

Result<void> Join(meta::Tx& tx, const JoinPublication& also, const std::vector<Object>& objects) {
  FAILPOINT("objects.publish_all.join");
  if (also) TRY(also(tx, objects));
  return {};
}

}  // namespace

Result<std::vector<Object>> PublishFiles(Core& core, const std::vector<FileToPublish>& files,
                                         const JoinPublication& also) {
  TRY(CheckRequests(core, files));
  std::vector<std::unique_ptr<Intake>> intakes;
  for (const FileToPublish& file : files) {
    intakes.push_back(std::make_unique<Intake>(core));
    if (file.bytes) {
      if (!file.path.empty()) intakes.back()->Offer(file.path);
      TRY(intakes.back()->Append(*file.bytes));
    } else {
      TRY(intakes.back()->Adopt(file.path));
    }
  }
  // Only now, so that the disk has written most of it by then.
  std::vector<Prepared> prepared;
  for (size_t i = 0; i < files.size(); ++i) {
    const Prepared one = TRY(intakes[i]->Finish(files[i].request, true));
    prepared.push_back(one);
  }
  std::vector<Object> objects =
      TRY(core.database.Write([&](meta::Tx& tx) -> Result<std::vector<Object>> {
        std::vector<Object> published;
        for (size_t i = 0; i < files.size(); ++i) {
          Object object = TRY(Publish(core, tx, files[i].request, prepared[i]));
          published.push_back(std::move(object));
          TRY(intakes[i]->Secure(tx));
        }
        TRY(Join(tx, also, published));
        return published;
      }));
  for (const std::unique_ptr<Intake>& intake : intakes) intake->Published();
  return objects;
}

Result<int64_t> DeleteAll(Core& core, const std::vector<ObjectRef>& refs) {
  if (refs.size() > kDeletesMax)
    return MakeError(ErrorKind::kLimit,
                     fmt::format("{} objects can't be deleted at once; the limit is {}",
                                 refs.size(), kDeletesMax));
  return core.database.Write([&](meta::Tx& tx) -> Result<int64_t> {
    int64_t deleted = 0;
    for (const ObjectRef& ref : refs) {
      FAILPOINT("objects.delete_all.one");
      // These two come before anything has changed.
      Result<void> done = Delete(core, tx, ref, {});
      if (done.ok()) {
        ++deleted;
      } else if (!done.error().Is(ErrorKind::kNotFound) && !done.error().Is(ErrorKind::kConflict)) {
        return std::move(done).error();
      }
    }
    return deleted;
  });
}

}  // namespace caudal::objects
