// Routes: a method and a path pattern to a handler, with what the server must know before it reads
// the body.
//
// Patterns are matched against the undecoded path, segment by segment:
// "/storage/v1/b/{bucket}/o/{object}". {name} is one segment, perhaps empty; {name*}, last only, is
// the rest of the path, slashes included, and may be empty, but its slash must be there: "/ui/{p*}"
// matches "/ui/" and not "/ui". The path decides before the method does. Literal segments win over
// {name}, {name} over {name*}. Captures are percent-decoded after the match, so an object named
// "a/b" arrives as a%2Fb in one segment. A path is never normalised: "..", "." and "" are segments
// like others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace caudal::http {

// Where a handler runs. kIo: on the I/O thread, only for handlers that don't wait for a disk sync
// or a lock held across one. kPool: on the blocking pool.
enum class RunOn : uint8_t { kIo, kPool };

using Handler = std::function<Result<Response>(Request&)>;

// Takes a request's body as it arrives. Calls come in order, one at a time, on pool threads.
// Destruction without Finish means that the client went away or the body broke a limit. After an
// error from Write no more calls come; the error is the answer, and the rest of the body is read
// and dropped within limits, else the connection is closed.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Result<void> Write(std::string_view bytes) = 0;
  virtual Result<Response> Finish() = 0;
};
// Sees the request without body; runs on the pool before any body byte is read, and before "100
// Continue" is sent.
using StreamHandler = std::function<Result<std::unique_ptr<BodySink>>(Request&)>;

// One style of API: how its errors look. Lives as long as the router.
struct ApiStyle {
  std::string name;  // "gcs.json", for logs and metrics
  std::function<Response(const Error&, const Request&)> render_error;
};

struct Route {
  Method method = Method::kGet;
  std::string pattern;
  std::string action;  // what the authoriser is asked: "storage.objects.get"
  std::variant<Handler, StreamHandler> handler;
  RunOn run_on = RunOn::kPool;
  uint64_t body_bytes_max = 1u << 20;  // for a stream, the whole stream; 0: no body allowed
  const ApiStyle* style = nullptr;
};

// Decides whether a request may take an action: the one place. Runs before the body is read.
using Authorizer = std::function<Result<Principal>(const Request&, std::string_view action)>;

// Built once, then read by all threads.
class Router {
 public:
  // Fatal when the pattern is malformed or taken.
  void Add(Route route);
  void SetAuthorizer(Authorizer authorizer) { authorizer_ = std::move(authorizer); }
  // For paths that no route has, by the longest matching prefix ("/storage/"); "" is the default.
  void SetFallback(std::string prefix, const ApiStyle* style);

  struct Match {
    const Route* route = nullptr;     // null: no such path, or not this method
    const ApiStyle* style = nullptr;  // never null
    std::string allow;                // methods that the path has, when only the method is wrong
    std::optional<Error> error;       // the path matched but a capture didn't decode
  };
  // HEAD falls back to the path's GET route. Fills request.path_parameters. X-HTTP-Method-Override
  // on POST is honoured.
  Match Find(Request& request) const;

  // Find, authorise, run, render: all in the calling thread, `request.body` given whole. For batch
  // parts and tests.
  Response Handle(Request& request) const;

  // Parts of Handle, which the server calls itself to put reading in between.
  Result<void> Authorize(Request& request, const Route& route) const;

 private:
  struct Node;
  std::shared_ptr<Node> root_;
  Authorizer authorizer_;
  std::vector<std::pair<std::string, const ApiStyle*>> fallbacks_;
};

}  // namespace caudal::http
