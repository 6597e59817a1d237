#include "api/gcs/routes.h"

#include <memory>

#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/xml_routes.h"

namespace caudal::api::gcs {
namespace {

using Function = Result<Response> (*)(const Context&, Request&);
using StreamFunction = Result<std::unique_ptr<http::BodySink>> (*)(const Context&, Request&);

class Table {
 public:
  Table(http::Router& router, ContextPtr context) : router_(router), context_(std::move(context)) {}

  // At "/storage/v1" + `path` and, for Node's client, at `path`.
  void Json(http::Method method, const std::string& path, const char* action, Function function,
            http::RunOn run_on = http::RunOn::kPool) {
    for (const char* prefix : {"/storage/v1", ""})
      At(method, prefix + path, action, function, run_on);
  }

  void At(http::Method method, const std::string& path, const char* action, Function function,
          http::RunOn run_on = http::RunOn::kPool) {
    Add(method, path, action, http::Handler([context = context_, function](Request& request) {
          return function(*ContextFor(context, request), request);
        }),
        run_on, context_->options().json_bytes_max);
  }

  void Stream(http::Method method, const std::string& path, const char* action,
              StreamFunction function) {
    Add(method, path, action, http::StreamHandler([context = context_, function](Request& request) {
          const ContextPtr seen = ContextFor(context, request);
          return KeepingContext(seen, context, function(*seen, request));
        }),
        http::RunOn::kPool, context_->options().object_bytes_max);
  }

  // What Cloud Storage has there and Caudal hasn't.
  void Missing(const std::string& path, const std::string& message) {
    for (const char* prefix : {"/storage/v1", ""}) Always(prefix + path, Unsupported(message));
  }

  void Always(const std::string& path, const Error& error) {
    for (const http::Method method : {http::Method::kGet, http::Method::kPost, http::Method::kPut,
                                      http::Method::kPatch, http::Method::kDelete}) {
      Add(method, path, "storage.unsupported",
          http::Handler([error](Request&) -> Result<Response> { return error; }), http::RunOn::kIo,
          context_->options().json_bytes_max);
    }
  }

  void Add(http::Method method, const std::string& path, const char* action,
           std::variant<http::Handler, http::StreamHandler> handler, http::RunOn run_on,
           uint64_t body_bytes_max) {
    http::Route route;
    route.method = method;
    route.pattern = path;
    route.action = action;
    route.handler = std::move(handler);
    route.run_on = run_on;
    route.body_bytes_max = body_bytes_max;
    route.style = &context_->json_style;
    router_.Add(std::move(route));
  }

 private:
  http::Router& router_;
  ContextPtr context_;
};

// Names may come with raw slashes, so that an ACL's path is a name's too: only where there is no
// such object was an ACL meant.
template <Function function>
Result<Response> OnObject(const Context& context, Request& request) {
  Result<Response> response = function(context, request);
  if (!response.ok() && response.error().code == "object.not_found" &&
      (request.path.ends_with("/acl") || request.path.find("/acl/") != std::string::npos))
    return Unsupported("Objects have no ACLs here; access is uniform.");
  return response;
}

void AddBuckets(Table& table) {
  using enum http::Method;
  table.Json(kGet, "/b", "storage.buckets.list", ListBuckets);
  table.Json(kPost, "/b", "storage.buckets.create", InsertBucket);
  table.Json(kGet, "/b/{bucket}", "storage.buckets.get", GetBucket);
  table.Json(kPatch, "/b/{bucket}", "storage.buckets.update", PatchBucket);
  table.Json(kPut, "/b/{bucket}", "storage.buckets.update", UpdateBucket);
  table.Json(kDelete, "/b/{bucket}", "storage.buckets.delete", DeleteBucket);
  table.Json(kGet, "/b/{bucket}/storageLayout", "storage.buckets.get", GetStorageLayout);
  table.Json(kPost, "/b/{bucket}/lockRetentionPolicy", "storage.buckets.update",
             LockRetentionPolicy);
  table.Json(kGet, "/b/{bucket}/iam", "storage.buckets.getIamPolicy", GetIamPolicy);
  table.Json(kPut, "/b/{bucket}/iam", "storage.buckets.setIamPolicy", SetIamPolicy);
  table.Json(kGet, "/b/{bucket}/iam/testPermissions", "storage.buckets.get", TestIamPermissions);
  table.Json(kGet, "/b/{bucket}/notificationConfigs", "storage.notifications.list",
             ListNotifications);
  table.Json(kPost, "/b/{bucket}/notificationConfigs", "storage.notifications.create",
             InsertNotification);
  table.Json(kGet, "/b/{bucket}/notificationConfigs/{notification}", "storage.notifications.get",
             GetNotification);
  table.Json(kDelete, "/b/{bucket}/notificationConfigs/{notification}",
             "storage.notifications.delete", DeleteNotification);
  table.Json(kGet, "/projects/{project}/serviceAccount", "storage.buckets.get", GetServiceAccount);
}

void AddObjects(Table& table) {
  using enum http::Method;
  const std::string objects = "/b/{bucket}/o";
  // The tail takes names whether their slashes are encoded or not.
  const std::string object = objects + "/{object*}";
  table.Json(kGet, objects, "storage.objects.list", ListObjects);
  table.Json(kPost, objects, "storage.objects.create", InsertEmptyObject);
  table.Json(kGet, object, "storage.objects.get", OnObject<GetObject>, http::RunOn::kIo);
  table.Json(kPatch, object, "storage.objects.update", OnObject<PatchObject>);
  table.Json(kPut, object, "storage.objects.update", OnObject<UpdateObject>);
  table.Json(kDelete, object, "storage.objects.delete", OnObject<DeleteObject>);
  table.Json(kPost, object, "storage.objects.create", PostToObject);
  for (const char* prefix : {"/download/storage/v1", "/download"})
    table.At(kGet, prefix + object, "storage.objects.get", DownloadObject, http::RunOn::kIo);
  for (const char* prefix : {"/upload/storage/v1", "/upload", "/resumable/upload/storage/v1"}) {
    table.Stream(kPost, prefix + objects, "storage.objects.upload", Upload);
    table.Stream(kPut, prefix + objects, "storage.uploads.continue", ContinueUpload);
    table.At(kDelete, prefix + objects, "storage.uploads.continue", CancelUpload);
  }
}

void AddMissing(Table& table) {
  const std::string no_acl = "ACLs aren't supported: access is uniform, by keys and tokens.";
  for (const char* path : {"/b/{bucket}/acl", "/b/{bucket}/acl/{entity}",
                           "/b/{bucket}/defaultObjectAcl", "/b/{bucket}/defaultObjectAcl/{entity}"})
    table.Missing(path, no_acl);
  const std::string no_folders =
      "Folders and managed folders aren't supported: use prefixes of object names.";
  for (const char* path : {"/b/{bucket}/folders", "/b/{bucket}/folders/{rest*}",
                           "/b/{bucket}/managedFolders", "/b/{bucket}/managedFolders/{rest*}"})
    table.Missing(path, no_folders);
  for (const char* path : {"/b/{bucket}/anywhereCaches", "/b/{bucket}/anywhereCaches/{rest*}"})
    table.Missing(path, "Anywhere Cache isn't supported: all reads are local.");
  for (const char* path :
       {"/projects/{project}/hmacKeys", "/projects/{project}/hmacKeys/{access_id}"})
    table.Missing(path, "HMAC keys are managed with `caudal keys create --kind hmac`.");
  table.Missing("/b/{bucket}/restore", "Buckets aren't soft-deleted, so they can't be restored.");
  table.Missing("/b/{bucket}/relocate", "Buckets can't be relocated.");
  table.Missing("/channels/stop", "Channels aren't supported: use notificationConfigs.");
}

}  // namespace

bool IsUploadAction(std::string_view action) {
  return action == "storage.uploads.continue" || action == "storage.objects.upload";
}

void AddRoutes(http::Router& router, GcsDependencies dependencies) {
  auto context = std::make_shared<Context>(std::move(dependencies));
  context->json_style = {"gcs.json", RenderJsonError};
  context->xml_style = {"gcs.xml", RenderXmlError};
  Table table(router, context);
  AddBuckets(table);
  AddObjects(table);
  AddMissing(table);
  for (const char* path : {"/batch/storage/v1", "/batch"}) {
    table.Add(http::Method::kPost, path, "storage.batch",
              http::Handler([context, &router](Request& request) {
                return Batch(*context, request, router);
              }),
              http::RunOn::kPool, context->options().batch_bytes_max);
  }
  for (const char* prefix :
       {"/storage/", "/upload/", "/download/", "/batch/", "/b/", "/resumable/"})
    router.SetFallback(prefix, &context->json_style);
  // What lies below these and isn't there isn't a bucket of the XML API.
  for (const char* prefix :
       {"/storage/", "/upload/", "/download/", "/batch/", "/b/", "/resumable/"})
    table.Always(std::string(prefix) + "{rest*}",
                 MakeError(ErrorKind::kNotFound, "The Cloud Storage JSON API has nothing here.",
                           "http.no_route"));
  AddXmlRoutes(router, context);
}

}  // namespace caudal::api::gcs
