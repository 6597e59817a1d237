#include "api/gcs/checksums.h"
#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/json_body.h"
#include "api/gcs/media.h"
#include "api/gcs/parameters.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

constexpr int kPageMax = 1000;

Result<objects::ObjectRef> RefOf(const Request& request) {
  objects::ObjectRef ref{request.Path("bucket"), request.Path("object"), std::nullopt};
  ref.generation = TRY(IntegerParameter(request, "generation"));
  return ref;
}

Result<objects::ListQuery> ListQueryOf(const Request& request) {
  objects::ListQuery query;
  query.bucket = request.Path("bucket");
  query.prefix = TextParameter(request, "prefix");
  query.delimiter = TextParameter(request, "delimiter");
  query.start_offset = TextParameter(request, "startOffset");
  query.end_offset = TextParameter(request, "endOffset");
  query.match_glob = TextParameter(request, "matchGlob");
  query.page_token = TextParameter(request, "pageToken");
  query.versions = TRY(BoolParameter(request, "versions"));
  query.soft_deleted = TRY(BoolParameter(request, "softDeleted"));
  query.include_trailing_delimiter = TRY(BoolParameter(request, "includeTrailingDelimiter"));
  query.include_folders_as_prefixes = TRY(BoolParameter(request, "includeFoldersAsPrefixes"));
  query.max_results = TRY(PageSize(request, "maxResults", kPageMax));
  if (!TextParameter(request, "filter").empty())
    return Unsupported("filter: lists can't be filtered by object contexts; leave it out.");
  return query;
}

// Without a tree: most of a listing's time would go into building it.
std::string ListText(const objects::ListPage& page, const std::string& base_url) {
  std::string text = R"({"kind":"storage#objects")";
  if (!page.next_page_token.empty())
    text += ",\"nextPageToken\":" + DumpJson(Json(page.next_page_token));
  if (!page.prefixes.empty()) text += ",\"prefixes\":" + DumpJson(Json(page.prefixes));
  if (!page.items.empty()) {
    text += ",\"items\":[";
    for (const objects::Object& object : page.items) {
      objects::AppendObjectResource(text, object, base_url);
      text.push_back(',');
    }
    text.back() = ']';
  }
  text.push_back('}');
  return text;
}

Json ListTree(const objects::ListPage& page, const Fields& fields, const std::string& base_url) {
  Json json = {{"kind", "storage#objects"}};
  if (!page.next_page_token.empty()) json["nextPageToken"] = page.next_page_token;
  if (!page.prefixes.empty()) json["prefixes"] = page.prefixes;
  if (!page.items.empty() && fields.Keeps("items")) {
    Json items = Json::array();
    for (const objects::Object& object : page.items)
      items.push_back(objects::ObjectResource(object, base_url));
    json["items"] = std::move(items);
  }
  return fields.Filter(json);
}

Result<Response> Change(const Context& context, Request& request, bool patch) {
  TRY(CheckAclParameters(request));
  const Json resource = TRY(ReadJsonObject(context, request));
  if (const auto acl = resource.find("acl"); acl != resource.end() && !acl->empty())
    return Unsupported("acl: objects have no ACLs here; access is uniform.");
  const bool override_retention = TRY(BoolParameter(request, "overrideUnlockedRetention"));
  const objects::ObjectRef ref = TRY(RefOf(request));
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  const objects::Object object = TRY(context.store().Update(
      ref, conditions,
      [&](objects::ObjectMetadata& metadata) {
        return objects::ApplyObjectResource(resource, patch, metadata);
      },
      override_retention));
  return AnswerObject(request, object);
}

}  // namespace

Result<Response> ListObjects(const Context& context, Request& request) {
  const objects::ListQuery query = TRY(ListQueryOf(request));
  Fields fields = TRY(Fields::Parse(request.query.Get("fields").value_or("")));
  const objects::ListPage page = TRY(context.store().List(query));
  if (fields.keeps_all()) return Response::Json(200, ListText(page, request.base_url));
  return Response::Json(200, DumpJson(ListTree(page, fields, request.base_url)));
}

Result<Response> GetObject(const Context& context, Request& request) {
  const auto alt = request.query.Get("alt");
  if (alt && *alt == "media") return DownloadObject(context, request);
  if (alt && !alt->empty() && *alt != "json") return InvalidValue("alt", "json or media");
  const bool soft_deleted = TRY(BoolParameter(request, "softDeleted"));
  const objects::ObjectRef ref = TRY(RefOf(request));
  if (soft_deleted && !ref.generation) return Required("generation");
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  const objects::Object object = TRY(context.store().Stat(ref, conditions, soft_deleted));
  TRY(CheckReadConditions(request, object));
  return AnswerObject(request, object);
}

Result<Response> DownloadObject(const Context& context, Request& request) {
  const objects::ObjectRef ref = TRY(RefOf(request));
  return ReadMedia(context, request, ref, MediaForm::kJson);
}

Result<Response> PatchObject(const Context& context, Request& request) {
  return Change(context, request, true);
}

Result<Response> UpdateObject(const Context& context, Request& request) {
  return Change(context, request, false);
}

Result<Response> DeleteObject(const Context& context, Request& request) {
  const objects::ObjectRef ref = TRY(RefOf(request));
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  TRY(context.store().Delete(ref, conditions));
  return Response::Empty(204);
}

Result<Response> InsertEmptyObject(const Context& context, Request& request) {
  TRY(CheckAclParameters(request));
  const Json resource = TRY(ReadJsonObject(context, request));
  objects::WriteRequest write;
  write.bucket = request.Path("bucket");
  write.name = TextParameter(request, "name");
  if (const auto name = resource.find("name"); name != resource.end() && name->is_string())
    write.name = name->get<std::string>();
  if (write.name.empty()) return Required("name");
  write.preconditions = TRY(PreconditionsOf(request));
  TRY(objects::ApplyObjectResource(resource, false, write.metadata));
  Checksums sums;
  TRY(AddChecksumsOf(resource, sums));
  write.crc32c = sums.crc32c;
  write.md5 = sums.md5;
  const objects::Object object = TRY(context.store().Put(std::move(write), {}));
  return AnswerObject(request, object);
}

}  // namespace caudal::api::gcs
