// The admin API as the commands use it: of the local server, found through its data folder, or of
// the one that --url names.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "app/cli/context.h"
#include "app/server_file.h"
#include "http/client.h"
#include "os/file.h"

namespace caudal::app::cli {

class AdminClient {
 public:
  // The code "server.not_running" when there is no local server.
  static Result<AdminClient> Connect(const Context& context);

  // The answer's JSON; an answer that isn't 2xx becomes an error with its message and reason. The
  // code "server.unreachable" when there is no connection.
  Result<Json> Get(const std::string& path);
  Result<Json> Post(const std::string& path, const Json& body);
  // The file is the body.
  Result<Json> PostFile(const std::string& path, std::shared_ptr<const os::File> file);
  Result<Json> Delete(const std::string& path);
  // A POST whose answer is streamed: its pieces go to `piece`, until that returns false
  // (kCancelled) or `cancel` is asked (the same).
  Result<void> PostStream(const std::string& path, const Json& body,
                          const std::function<bool(std::string_view)>& piece,
                          std::stop_token cancel);
  // The lines of a streamed answer, until it ends or `line` returns false.
  Result<void> Follow(const std::string& path, const std::function<bool(std::string_view)>& line);

 private:
  AdminClient(ServerFile server, Language language)
      : server_(std::move(server)), language_(language) {}
  Result<http::ClientResponse> Send(http::ClientRequest request, const std::string& path);
  Result<Json> Answer(Result<http::ClientResponse> response);

  ServerFile server_;
  Language language_;
  std::unique_ptr<http::Client> client_ = std::make_unique<http::Client>();
};

// Where the API has a table: "/api/v1/tables/DATASET/TABLE". kInvalid when it isn't DATASET.TABLE.
Result<std::string> TablePath(const std::string& table);

}  // namespace caudal::app::cli
