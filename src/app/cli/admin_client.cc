#include "app/cli/admin_client.h"

#include <cstdlib>

#include "app/config/load.h"
#include "app/data_folder.h"

namespace caudal::app::cli {
namespace {

ErrorKind KindOf(int status) {
  switch (status) {
    case 400:
      return ErrorKind::kInvalid;
    case 401:
      return ErrorKind::kUnauthenticated;
    case 403:
      return ErrorKind::kDenied;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return ErrorKind::kConflict;
    case 503:
      return ErrorKind::kUnavailable;
    default:
      return status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
  }
}

Error ErrorOf(const http::ClientResponse& response) {
  const Result<Json> json = ParseJson(response.body, "answer");
  if (json.ok() && json->is_object() && json->contains("error") && (*json)["error"].is_object()) {
    const Json& error = (*json)["error"];
    return MakeError(KindOf(response.status), Cell(error, "message"), Cell(error, "reason"));
  }
  return MakeError(KindOf(response.status),
                   "the server answered " + std::to_string(response.status));
}

}  // namespace

Result<AdminClient> AdminClient::Connect(const Context& context) {
  if (!context.url.empty()) {
    ServerFile server{context.url, 0, context.token};
    while (server.url.ends_with('/')) server.url.pop_back();
    if (const char* token = std::getenv("CAUDAL_TOKEN"); token && server.admin_token.empty())
      server.admin_token = token;
    return AdminClient(std::move(server), context.language);
  }
  const Config config = TRY(LoadValidConfig(context.ConfigFile()));
  Result<ServerFile> server = ReadServerFile(DataPaths{config.data}.server_file());
  if (server.ok()) return AdminClient(std::move(*server), context.language);
  if (!server.error().Is(ErrorKind::kNotFound)) return std::move(server).error();
  return MakeError(ErrorKind::kUnavailable, Say(context.language, Text::kNotRunning, config.data),
                   "server.not_running");
}

Result<http::ClientResponse> AdminClient::Send(http::ClientRequest request,
                                               const std::string& path) {
  request.url = server_.url + path;
  request.timeout = std::chrono::milliseconds(0);  // backup and fsck take what they take
  if (!server_.admin_token.empty())
    request.headers.Set("Authorization", "Bearer " + server_.admin_token);
  Result<http::ClientResponse> response = client_->Send(request);
  if (!response.ok() && !response.error().Is(ErrorKind::kCancelled))
    return MakeError(ErrorKind::kUnavailable,
                     Say(language_, Text::kUnreachable, server_.url, response.error().message),
                     "server.unreachable");
  return response;
}

Result<Json> AdminClient::Answer(Result<http::ClientResponse> response) {
  if (!response.ok()) return std::move(response).error();
  if (response->status / 100 != 2) return ErrorOf(*response);
  if (response->body.empty()) return Json(Json::object());
  return ParseJson(response->body, "answer");
}

Result<Json> AdminClient::Get(const std::string& path) {
  return Answer(Send(http::ClientRequest{}, path));
}

Result<Json> AdminClient::Post(const std::string& path, const Json& body) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.headers.Set("Content-Type", "application/json");
  request.body = DumpJson(body);
  return Answer(Send(std::move(request), path));
}

Result<Json> AdminClient::PostFile(const std::string& path, std::shared_ptr<const os::File> file) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.headers.Set("Content-Type", "application/octet-stream");
  request.body_file = std::move(file);
  return Answer(Send(std::move(request), path));
}

Result<Json> AdminClient::Delete(const std::string& path) {
  http::ClientRequest request;
  request.method = http::Method::kDelete;
  return Answer(Send(std::move(request), path));
}

Result<void> AdminClient::PostStream(const std::string& path, const Json& body,
                                     const std::function<bool(std::string_view)>& piece,
                                     std::stop_token cancel) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.headers.Set("Content-Type", "application/json");
  request.body = DumpJson(body);
  request.response_bytes_max = UINT64_MAX;
  request.on_body = piece;
  request.cancel = std::move(cancel);
  const http::ClientResponse response = TRY(Send(std::move(request), path));
  if (response.status / 100 != 2) return ErrorOf(response);
  return {};
}

Result<void> AdminClient::Follow(const std::string& path,
                                 const std::function<bool(std::string_view)>& line) {
  // Asked once without following, so that an error comes with its message.
  TRY(Get("/api/v1/status"));
  std::string rest;
  http::ClientRequest request;
  request.response_bytes_max = UINT64_MAX;
  request.on_body = [&](std::string_view bytes) {
    rest += bytes;
    size_t begin = 0;
    for (size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (end > begin && !line(std::string_view(rest).substr(begin, end - begin))) return false;
    rest.erase(0, begin);
    return true;
  };
  Result<http::ClientResponse> response = Send(std::move(request), path);
  if (!response.ok() && response.error().Is(ErrorKind::kCancelled)) return {};
  if (!response.ok()) return std::move(response).error();
  if (response->status / 100 != 2) return ErrorOf(*response);
  return {};
}

Result<std::string> TablePath(const std::string& table) {
  const size_t dot = table.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == table.size())
    return MakeError(ErrorKind::kInvalid, "'" + table + "': DATASET.TABLE", "usage");
  return "/api/v1/tables/" + http::PercentEncode(table.substr(0, dot)) + "/" +
         http::PercentEncode(table.substr(dot + 1));
}

}  // namespace caudal::app::cli
