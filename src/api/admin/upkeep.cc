#include "api/admin/handlers.h"

namespace caudal::api::admin {

void AddUpkeepRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kPost, "/api/v1/reload", "admin.reload",
      [deps = dependencies](http::Request&) -> Result<http::Response> {
        return JsonResponse(TRY(deps->reload()));
      });
  Add(router, http::Method::kPost, "/api/v1/backup", "admin.backup",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const std::string folder = TRY(TextMember(TRY(ObjectBody(request)), "folder"));
        if (!folder.starts_with('/'))
          return MakeError(ErrorKind::kInvalid,
                           "'folder' must be an absolute path on the server's machine");
        return JsonResponse(TRY(deps->backup(folder)));
      });
  Add(router, http::Method::kPost, "/api/v1/fsck", "admin.fsck",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const bool checksums = TRY(FlagParameter(request, "checksums", true));
        return JsonResponse(TRY(deps->check(checksums)));
      });
}

}  // namespace caudal::api::admin
