#include <array>

#include "api/admin/handlers.h"

namespace caudal::api::admin {
namespace {

struct Words {
  std::string_view language, title, lead, apis, storage, admin, metrics, command, check;
};

constexpr Words kEnglish = {
    "en",
    "Caudal is running",
    "This server keeps buckets with the Cloud Storage API, and delivers their events.",
    "Where things are",
    "Cloud Storage JSON API; the XML API is at /&lt;bucket&gt;/&lt;object&gt;",
    "admin API, as JSON",
    "figures in Prometheus' form",
    "On the server's machine, ask it from a shell:",
    "liveness and readiness",
};

constexpr Words kSpanish = {
    "es",
    "Caudal está en marcha",
    "Este servidor guarda buckets con la API de Cloud Storage y entrega sus eventos.",
    "Dónde está cada cosa",
    "API JSON de Cloud Storage; la API XML está en /&lt;bucket&gt;/&lt;objeto&gt;",
    "API de administración, en JSON",
    "cifras en el formato de Prometheus",
    "En la máquina del servidor, pregúntele desde una terminal:",
    "vida y disponibilidad",
};

// The language that the browser lists first, of the two.
const Words& WordsFor(const http::Request& request) {
  const std::string_view accept = request.headers.Get("Accept-Language").value_or("");
  const size_t es = accept.find("es");
  const size_t en = accept.find("en");
  return es != std::string_view::npos && (en == std::string_view::npos || es < en) ? kSpanish
                                                                                   : kEnglish;
}

std::string Item(std::string_view path, std::string_view text) {
  return "<li><a href=\"" + std::string(path) + "\"><code>" + std::string(path) +
         "</code></a> &mdash; " + std::string(text) + "</li>\n";
}

http::Response Home(const http::Request& request) {
  const Words& words = WordsFor(request);
  std::string html = "<!doctype html>\n<html lang=\"" + std::string(words.language) +
                     "\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                     "content=\"width=device-width\">\n<title>Caudal</title>\n<h1>" +
                     std::string(words.title) + "</h1>\n<p>" + std::string(words.lead) +
                     "</p>\n<h2>" + std::string(words.apis) + "</h2>\n<ul>\n";
  html += Item("/storage/v1/b", words.storage);
  html += Item("/api/v1/status", words.admin);
  html += Item("/metrics", words.metrics);
  html += Item("/readyz", words.check);
  html += "</ul>\n<p>" + std::string(words.command) + " <code>caudal status</code></p>\n</html>\n";
  http::Response response = http::Response::Text(200, std::move(html), "text/html; charset=utf-8");
  response.headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("Vary", "Accept-Language");
  response.headers.Set("Content-Language", std::string(words.language));
  return response;
}

}  // namespace

// Paths that are the server's own and yet no route: without these they would be taken for buckets.
void AddMissingRoutes(http::Router& router) {
  using http::Method;
  for (Method method :
       {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    Add(
        router, method, "/api/{rest*}", "public.missing",
        [](http::Request& request) -> Result<http::Response> {
          return MakeError(ErrorKind::kNotFound, "the admin API has no " + request.path,
                           "path.not_found");
        },
        http::RunOn::kIo);
    for (const char* prefix : {"/bigquery", "/projects", "/discovery"}) {
      Add(
          router, method, std::string(prefix) + "/{rest*}", "public.missing",
          [](http::Request& request) -> Result<http::Response> {
            return MakeError(ErrorKind::kUnsupported,
                             request.path +
                                 ": this version of Caudal serves buckets, events, functions and "
                                 "the Iceberg catalogue; the BigQuery API isn't in it",
                             "not_implemented");
          },
          http::RunOn::kIo);
    }
  }
}

void AddHomeRoutes(http::Router& router, const Dependencies&) {
  AddMissingRoutes(router);
  for (const char* pattern : {"/", "/ui", "/ui/{rest*}"})
    Add(
        router, http::Method::kGet, pattern, "public.home",
        [](http::Request& request) -> Result<http::Response> { return Home(request); },
        http::RunOn::kIo);
}

}  // namespace caudal::api::admin
