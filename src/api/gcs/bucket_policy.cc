// IAM policies of buckets: kept and returned. Who may do what is decided by keys and tokens.
#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/json_body.h"
#include "api/gcs/parameters.h"
#include "data/digest.h"

namespace caudal::api::gcs {
namespace {

constexpr const char* kPolicyKey = "_iam";  // in BucketSettings::other; never shown with the bucket
constexpr size_t kPermissionsMax = 100;

// The stored members, and an ETag that changes with every change.
Json PolicyResource(const objects::Bucket& bucket) {
  const Json& other = bucket.settings.other;
  Json policy = {{"version", 1}, {"bindings", Json::array()}};
  std::string etag = EncodeBase64(std::string_view("\x08\x00", 2));
  if (other.is_object() && other.contains(kPolicyKey)) {
    policy.update(other[kPolicyKey]);
    etag = EncodeBase64(Sha256(DumpJson(other[kPolicyKey])).substr(0, 8));
  }
  policy["kind"] = "storage#policy";
  policy["resourceId"] = "projects/_/buckets/" + bucket.name;
  policy["etag"] = etag;
  return policy;
}

Result<Json> StoredPolicy(const Json& sent) {
  Json policy = Json::object();
  if (const auto bindings = sent.find("bindings"); bindings != sent.end()) {
    if (!bindings->is_array()) return InvalidValue("bindings", "a list");
    for (const Json& binding : *bindings) {
      if (!binding.is_object() || !binding.contains("role") || !binding["role"].is_string())
        return InvalidValue("bindings", "objects with a role and members");
    }
    policy["bindings"] = *bindings;
  }
  if (const auto version = sent.find("version"); version != sent.end()) {
    if (!version->is_number_integer()) return InvalidValue("version", "1, 2 or 3");
    policy["version"] = *version;
  }
  return policy;
}

}  // namespace

Result<Response> GetIamPolicy(const Context& context, Request& request) {
  const objects::Bucket bucket = TRY(context.store().GetBucket(request.Path("bucket")));
  return Answer(request, PolicyResource(bucket));
}

Result<Response> SetIamPolicy(const Context& context, Request& request) {
  const Json sent = TRY(ReadJsonObject(context, request));
  const Json stored = TRY(StoredPolicy(sent));
  const objects::Bucket now = TRY(context.store().GetBucket(request.Path("bucket")));
  if (const auto etag = sent.find("etag");
      etag != sent.end() && etag->is_string() && *etag != PolicyResource(now)["etag"])
    return MakeError(ErrorKind::kPrecondition,
                     "The policy was changed since it was read: read it again.",
                     "condition_not_met");
  objects::Preconditions unchanged;
  unchanged.metageneration_match = now.metageneration;
  const objects::Bucket bucket = TRY(context.store().UpdateBucket(
      now.name, unchanged, [&](objects::BucketSettings& settings) -> Result<void> {
        settings.other[kPolicyKey] = stored;
        return {};
      }));
  return Answer(request, PolicyResource(bucket));
}

Result<Response> TestIamPermissions(const Context& context, Request& request) {
  TRY(context.store().GetBucket(request.Path("bucket")));
  const std::vector<std::string_view> asked = request.query.All("permissions");
  if (asked.empty()) return Required("permissions");
  if (asked.size() > kPermissionsMax) return InvalidValue("permissions", "at most 100");
  // Who may call this at all may do everything: keys have no roles yet.
  Json granted = Json::array();
  for (const std::string_view permission : asked) granted.push_back(std::string(permission));
  return Answer(request, {{"kind", "storage#testIamPermissionsResponse"},
                          {"permissions", std::move(granted)}});
}

Result<Response> GetServiceAccount(const Context& context, Request& request) {
  return Answer(request, {{"kind", "storage#serviceAccount"},
                          {"email_address", context.options().service_account_email}});
}

}  // namespace caudal::api::gcs
