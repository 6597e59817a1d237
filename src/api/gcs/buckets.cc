#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/json_body.h"
#include "api/gcs/parameters.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

constexpr int kPageMax = 1000;

Result<void> RefuseSoftDeleted(const Request& request) {
  if (TRY(BoolParameter(request, "softDeleted")))
    return Unsupported("softDeleted: soft delete covers objects, not buckets, here.");
  return {};
}

Result<Response> Change(const Context& context, Request& request, bool patch) {
  TRY(CheckAclParameters(request));
  const Json resource = TRY(ReadJsonObject(context, request));
  const objects::Preconditions conditions = TRY(BucketPreconditionsOf(request));
  const objects::Bucket bucket = TRY(context.store().UpdateBucket(
      request.Path("bucket"), conditions, [&](objects::BucketSettings& settings) -> Result<void> {
        const std::string location = settings.location;
        TRY(objects::ApplyBucketResource(resource, patch, settings));
        if (settings.location != location)
          return InvalidValue("location",
                              "the bucket's location, " + location + ", which can't be changed");
        return {};
      }));
  return AnswerBucket(request, bucket);
}

}  // namespace

Result<Response> InsertBucket(const Context& context, Request& request) {
  TRY(CheckAclParameters(request));
  const Json resource = TRY(ReadJsonObject(context, request));
  const auto name = resource.find("name");
  if (name == resource.end()) return Required("name");
  if (!name->is_string()) return InvalidValue("name", "a string");
  objects::BucketSettings settings;
  settings.soft_delete_seconds = context.options().default_soft_delete_seconds;
  TRY(objects::ApplyBucketResource(resource, false, settings));
  settings.object_retention = TRY(BoolParameter(request, "enableObjectRetention"));
  return AnswerBucket(
      request, TRY(context.store().CreateBucket(name->get<std::string>(), std::move(settings))));
}

Result<Response> ListBuckets(const Context& context, Request& request) {
  TRY(RefuseSoftDeleted(request));
  const int max = TRY(PageSize(request, "maxResults", kPageMax));
  const objects::BucketPage page = TRY(context.store().ListBuckets(
      TextParameter(request, "prefix"), TextParameter(request, "pageToken"), max));
  Json json = {{"kind", "storage#buckets"}};
  if (!page.next_page_token.empty()) json["nextPageToken"] = page.next_page_token;
  Json items = Json::array();
  for (const objects::Bucket& bucket : page.items)
    items.push_back(objects::BucketResource(bucket, request.base_url));
  if (!items.empty()) json["items"] = std::move(items);
  return Answer(request, json);
}

Result<Response> GetBucket(const Context& context, Request& request) {
  TRY(RefuseSoftDeleted(request));
  const objects::Preconditions conditions = TRY(BucketPreconditionsOf(request));
  const objects::Bucket bucket = TRY(context.store().GetBucket(request.Path("bucket"), conditions));
  return AnswerBucket(request, bucket);
}

Result<Response> PatchBucket(const Context& context, Request& request) {
  return Change(context, request, true);
}

Result<Response> UpdateBucket(const Context& context, Request& request) {
  return Change(context, request, false);
}

Result<Response> DeleteBucket(const Context& context, Request& request) {
  const objects::Preconditions conditions = TRY(BucketPreconditionsOf(request));
  TRY(context.store().DeleteBucket(request.Path("bucket"), conditions));
  return Response::Empty(204);
}

Result<Response> LockRetentionPolicy(const Context& context, Request& request) {
  const std::optional<int64_t> match = TRY(IntegerParameter(request, "ifMetagenerationMatch"));
  if (!match) return Required("ifMetagenerationMatch");
  const objects::Bucket bucket = TRY(context.store().LockRetention(request.Path("bucket"), *match));
  return AnswerBucket(request, bucket);
}

Result<Response> GetStorageLayout(const Context& context, Request& request) {
  const objects::Bucket bucket = TRY(context.store().GetBucket(request.Path("bucket")));
  return Answer(request, {{"kind", "storage#storageLayout"},
                          {"bucket", bucket.name},
                          {"location", bucket.settings.location},
                          {"locationType", "region"},
                          {"hierarchicalNamespace", {{"enabled", false}}}});
}

}  // namespace caudal::api::gcs
