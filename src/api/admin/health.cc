#include "api/admin/handlers.h"

namespace caudal::api::admin {

void AddHealthRoutes(http::Router& router, const Dependencies& dependencies) {
  // Alive: the process answers.
  Add(
      router, http::Method::kGet, "/healthz", "public.health",
      [](http::Request&) -> Result<http::Response> { return http::Response::Text(200, "ok\n"); },
      http::RunOn::kIo);
  // Ready: it can do its work. A full disk is not a reason to send no more reads here.
  Add(router, http::Method::kGet, "/readyz", "public.health",
      [deps = dependencies](http::Request&) -> Result<http::Response> {
        if (deps->stopping()) return http::Response::Text(503, "stopping\n");
        const Result<meta::ReadTx> read = deps->database.Read();
        if (!read.ok()) return http::Response::Text(503, "the metadata database is busy\n");
        return http::Response::Text(200, "ready\n");
      });
}

}  // namespace caudal::api::admin
