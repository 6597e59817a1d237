#include "http/client.h"

#include <curl/curl.h>

#include <cstdlib>
#include <vector>

#include "base/mutex.h"
#include "http/ascii.h"

namespace caudal::http {
namespace {

constexpr size_t kIdleHandlesMax = 16;
constexpr size_t kResponseHeadBytesMax = 256u << 10;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;
struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using FieldList = std::unique_ptr<curl_slist, ListFreer>;

// What the callbacks see of one exchange.
struct Exchange {
  const ClientRequest& request;
  ClientResponse response;
  uint64_t body_bytes = 0;
  size_t head_bytes = 0;
  bool too_large = false;
  bool cancelled = false;
};

size_t TakeBody(char* bytes, size_t, size_t n, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.body_bytes += n;
  if (exchange.body_bytes > exchange.request.response_bytes_max) {
    exchange.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  const std::string_view piece(bytes, n);
  if (!exchange.request.on_body || exchange.response.status >= 400) {
    exchange.response.body += piece;
    return n;
  }
  if (exchange.request.on_body(piece)) return n;
  exchange.cancelled = true;
  return CURL_WRITEFUNC_ERROR;
}

// Called several times a second; not zero ends the exchange.
int CheckCancel(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!exchange.request.cancel.stop_requested()) return 0;
  exchange.cancelled = true;
  return 1;
}

size_t TakeField(char* bytes, size_t, size_t n, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.head_bytes += n;
  if (exchange.head_bytes > kResponseHeadBytesMax) {
    exchange.too_large = true;
    return 0;
  }
  std::string_view line(bytes, n);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    exchange.response.headers = Headers();  // what came before was an interim response
    const size_t space = line.find(' ');
    exchange.response.status =
        space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space + 1)).c_str());
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response.headers.Add(std::string(line.substr(0, colon)),
                                  std::string(line.substr(colon + 1)));
  }
  return n;
}

// User names and query strings may hold secrets.
std::string NameableUrl(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const size_t at = url.substr(0, url.find('/', scheme_end + 3)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, scheme_end + 3)) + std::string(url.substr(at + 1));
}

Error ErrorOf(CURLcode code, const Exchange& exchange, std::string_view detail) {
  const std::string where = NameableUrl(exchange.request.url) + ": ";
  if (exchange.too_large) {
    return MakeError(ErrorKind::kLimit, where + "the response is larger than " +
                                            std::to_string(exchange.request.response_bytes_max) +
                                            " bytes");
  }
  if (exchange.cancelled) return MakeError(ErrorKind::kCancelled, where + "stopped");
  const std::string what(detail.empty() ? std::string_view(curl_easy_strerror(code)) : detail);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return MakeError(ErrorKind::kTimeout, where + what);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return MakeError(ErrorKind::kInvalid, where + what + "; use an http or https URL");
    case CURLE_OUT_OF_MEMORY:
      return MakeError(ErrorKind::kInternal, where + what);
    default:
      return MakeError(ErrorKind::kUnavailable, where + what);
  }
}

bool HasLineBreak(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Result<FieldList> FieldsOf(const ClientRequest& request) {
  FieldList list;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) Fatal("out of memory");
    (void)list.release();
    list.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || HasLineBreak(name) || HasLineBreak(value)) {
      return MakeError(ErrorKind::kInvalid, "the header field \"" + name + "\" holds a line break");
    }
    // "Name;" is curl's way to say an empty value.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  append("Expect:");  // no wait for "100 Continue"
  if (!request.body.empty() && !request.headers.Get("Content-Type")) append("Content-Type:");
  return list;
}

template <class Value>
void Set(const Easy& easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy.get(), option, value);
  CAUDAL_CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

void SetMethod(const Easy& easy, const ClientRequest& request) {
  const bool sends_body = request.method == Method::kPost || request.method == Method::kPut ||
                          request.method == Method::kPatch || !request.body.empty();
  if (sends_body) {
    Set(easy, CURLOPT_POST, 1L);
    Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Set(easy, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method == Method::kHead) {
    Set(easy, CURLOPT_NOBODY, 1L);
  }
  Set(easy, CURLOPT_CUSTOMREQUEST, std::string(NameOf(request.method)).c_str());
}

}  // namespace

struct Client::Impl {
  // Handles keep their connections, so a pooled handle is a pooled connection.
  Easy Take() {
    {
      MutexLock lock(mutex);
      if (!idle.empty()) {
        Easy easy = std::move(idle.back());
        idle.pop_back();
        return easy;
      }
    }
    return Easy(curl_easy_init());
  }
  void Give(Easy easy) {
    curl_easy_reset(easy.get());
    MutexLock lock(mutex);
    if (idle.size() < kIdleHandlesMax) idle.push_back(std::move(easy));
  }

  Mutex mutex;
  std::vector<Easy> idle GUARDED_BY(mutex);
};

Client::Client() : impl_(std::make_unique<Impl>()) {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  CAUDAL_CHECK(kStarted == CURLE_OK, "libcurl can't start");
}

Client::~Client() = default;

Result<ClientResponse> Client::Send(const ClientRequest& request) {
  if (HasLineBreak(request.url)) {
    return MakeError(ErrorKind::kInvalid, "the URL holds a line break");
  }
  const FieldList fields = TRY(FieldsOf(request));
  Easy easy = impl_->Take();
  if (!easy) return MakeError(ErrorKind::kUnavailable, "libcurl has no memory for a request");
  Exchange exchange{request, {}};
  char detail[CURL_ERROR_SIZE] = "";
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_ERRORBUFFER, detail);
  Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(easy, CURLOPT_USERAGENT, "Caudal");
  Set(easy, CURLOPT_URL, request.url.c_str());
  Set(easy, CURLOPT_HTTPHEADER, fields.get());
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  Set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  Set(easy, CURLOPT_WRITEFUNCTION, TakeBody);
  Set(easy, CURLOPT_WRITEDATA, &exchange);
  Set(easy, CURLOPT_HEADERFUNCTION, TakeField);
  Set(easy, CURLOPT_HEADERDATA, &exchange);
  Set(easy, CURLOPT_PATH_AS_IS, 1L);
  if (request.direct) {
    Set(easy, CURLOPT_PROXY, "");
    Set(easy, CURLOPT_FRESH_CONNECT, 1L);
    Set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!request.unix_socket.empty())
    Set(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  if (request.cancel.stop_possible()) {
    Set(easy, CURLOPT_NOPROGRESS, 0L);
    Set(easy, CURLOPT_XFERINFOFUNCTION, CheckCancel);
    Set(easy, CURLOPT_XFERINFODATA, &exchange);
  }
  SetMethod(easy, request);
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    const Error error = ErrorOf(code, exchange, detail);
    impl_->Give(std::move(easy));
    return error;
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  impl_->Give(std::move(easy));
  return std::move(exchange.response);
}

}  // namespace caudal::http
