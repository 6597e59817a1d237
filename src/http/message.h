// Requests and responses as values, free of the HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/waker.h"
#include "os/file.h"

namespace caudal::http {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
std::string_view NameOf(Method method);
std::optional<Method> ParseMethod(std::string_view text);

// Header fields in order; names compare without case. Values are trimmed.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  std::optional<std::string_view> Get(std::string_view name) const;  // the first
  void Add(std::string name, std::string value);
  void Set(std::string name, std::string value);  // replaces all of that name
  void Remove(std::string_view name);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

// Query or form parameters, percent-decoded, in order. `+` in a query stays a plus (RFC 3986).
class Parameters {
 public:
  using Field = std::pair<std::string, std::string>;
  static Parameters Parse(std::string_view query);  // malformed escapes are kept as they are

  std::optional<std::string_view> Get(std::string_view name) const;
  std::vector<std::string_view> All(std::string_view name) const;
  bool Has(std::string_view name) const { return Get(name).has_value(); }
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// Who a request acts for; set by the authoriser before the handler runs.
struct Principal {
  std::string name = "anonymous";
  bool authenticated = false;
  std::string key_id;               // of the bearer token's key; else empty
  std::vector<std::string> places;  // "bucket/prefix": all it may touch; empty: no limit
};

// A connection. All zero: there is none (tests).
struct Link {
  uint64_t number = 0;  // never given again while the server runs
  uint16_t peer_port = 0;
  uint16_t own_port = 0;
};

struct Request {
  Method method = Method::kGet;
  std::string target;  // as sent: path and query, percent-encoded
  std::string path;    // the target's path, still percent-encoded
  std::string raw_query;
  Parameters query;
  Headers headers;
  std::string body;                        // whole, unless the route takes it as a stream
  std::string peer;                        // address of the client
  Link link;                               // the connection it came by
  std::optional<uint64_t> content_length;  // absent when chunked
  Principal principal;

  // What the route's pattern captured, percent-decoded, by name.
  std::vector<std::pair<std::string_view, std::string>> path_parameters;
  const std::string& Path(std::string_view name) const;  // Fatal when the pattern has no such name

  // "http://host[:port]" as the client knows this server: X-Forwarded-Proto/-Host when the server
  // trusts them, else Host.
  std::string base_url;
};

// A range of a file, sent with sendfile. `keep_alive` is held until the last byte has left.
struct FileBody {
  std::shared_ptr<os::File> file;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::shared_ptr<void> keep_alive;
};

// A body made as it is sent (chunked). `next` is called on the pool, one call at a time, until it
// says so; when it has nothing yet it says how long to wait, at most, before it is asked again: the
// waker, where there is one, ends the wait. Destroyed when the client goes.
struct StreamBody {
  struct Piece {
    std::string bytes;
    bool last = false;
    int wait_ms = 0;
  };
  std::function<Result<Piece>()> next;  // an error cuts the connection
  std::shared_ptr<Waker> waker = nullptr;
};

struct LaterAnswer;

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileBody, StreamBody> body;
  bool close = false;                  // close the connection after this response
  std::shared_ptr<LaterAnswer> later;  // set: there is no answer yet, and nothing else counts

  static Response Json(int status, std::string body);
  static Response Text(int status, std::string body,
                       std::string content_type = "text/plain; charset=utf-8");
  static Response Empty(int status);
};

// `next` is called on the pool until it gives the answer, with up to `wait_ms` in between, in which
// no thread waits, and which the waker ends. Destroyed when the client goes.
struct LaterAnswer {
  std::function<Result<std::unique_ptr<Response>>()> next;  // null: not yet
  int wait_ms = 10;
  std::shared_ptr<Waker> waker = nullptr;
};

std::string_view ReasonPhrase(int status);

// The default status for an error of a kind (404 for kNotFound, 507 for kDiskFull, 501 for
// kUnsupported…).
int StatusOf(ErrorKind kind);
// The same, but for this module's own codes ("http.body_too_large": 413, "http.body_timeout":
// 408…). What a style's render_error should use.
int StatusOf(const Error& error);

// Percent-encoding (RFC 3986). Decode fails on a malformed escape; it doesn't check UTF-8.
Result<std::string> PercentDecode(std::string_view text);
std::string PercentEncode(std::string_view text, std::string_view kept_besides_unreserved = "");

}  // namespace caudal::http
