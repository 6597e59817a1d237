#include "http/router.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "http/dispatch.h"

namespace caudal::http {
namespace {

constexpr size_t kMethodCount = 7;
constexpr size_t kCapturesMax = 16;

enum class SegmentKind : uint8_t { kLiteral, kOne, kRest };

struct PatternSegment {
  SegmentKind kind = SegmentKind::kLiteral;
  std::string text;  // the literal, or the capture's name
};

std::vector<PatternSegment> ParsePattern(const std::string& pattern) {
  CAUDAL_CHECK(pattern.starts_with('/'), "route pattern " + pattern + " must start with /");
  std::vector<PatternSegment> out;
  size_t begin = 1;
  while (true) {
    const size_t end = pattern.find('/', begin);
    PatternSegment segment;
    segment.text = pattern.substr(begin, end == std::string::npos ? end : end - begin);
    if (segment.text.find_first_of("{}") != std::string::npos) {
      CAUDAL_CHECK(segment.text.size() > 2 && segment.text.front() == '{' &&
                       segment.text.find_first_of("{}", 1) == segment.text.size() - 1,
                   "route pattern " + pattern + " has a malformed capture");
      const bool rest = segment.text[segment.text.size() - 2] == '*';
      segment.kind = rest ? SegmentKind::kRest : SegmentKind::kOne;
      segment.text = segment.text.substr(1, segment.text.size() - (rest ? 3 : 2));
      CAUDAL_CHECK(!segment.text.empty(), "route pattern " + pattern + " has a nameless capture");
      CAUDAL_CHECK(!rest || end == std::string::npos,
                   "route pattern " + pattern + " has more after {name*}");
    }
    out.push_back(std::move(segment));
    if (end == std::string::npos) return out;
    begin = end + 1;
  }
}

// Captured segments, still encoded, in the order of the pattern.
struct Captures {
  std::array<std::string_view, kCapturesMax> values;
  size_t count = 0;
};

}  // namespace

struct Router::Node {
  struct Entry {
    Route route;
    std::vector<std::string> names;  // of the captures, which routes of one node may name apart
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> one;
  std::unique_ptr<Node> rest;
  std::array<std::unique_ptr<Entry>, kMethodCount> entries;
  bool has_entries = false;

  const Entry* EntryOf(Method method) const {
    const Entry* entry = entries[static_cast<size_t>(method)].get();
    if (entry == nullptr && method == Method::kHead) return EntryOf(Method::kGet);
    return entry;
  }

  std::string Allow() const {
    std::string out;
    for (size_t i = 0; i < kMethodCount; ++i) {
      if (EntryOf(static_cast<Method>(i)) == nullptr) continue;
      if (!out.empty()) out += ", ";
      out += NameOf(static_cast<Method>(i));
    }
    return out;
  }

  // `path` is what follows the slash that led to this node. The depth of the recursion is that of
  // the deepest pattern, whatever the path.
  const Node* Walk(std::string_view path, Captures& captures) const {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    const auto into = [&](const Node& child) -> const Node* {
      if (!last) return child.Walk(path.substr(slash + 1), captures);
      return child.has_entries ? &child : nullptr;
    };
    if (const auto found = literals.find(segment); found != literals.end()) {
      if (const Node* node = into(*found->second)) return node;
    }
    if (one) {
      const size_t count = captures.count;
      captures.values[captures.count++] = segment;
      if (const Node* node = into(*one)) return node;
      captures.count = count;
    }
    if (rest) {
      captures.values[captures.count++] = path;
      return rest.get();
    }
    return nullptr;
  }
};

void Router::Add(Route route) {
  if (!root_) root_ = std::make_shared<Node>();
  auto entry = std::make_unique<Node::Entry>();
  Node* node = root_.get();
  for (PatternSegment& segment : ParsePattern(route.pattern)) {
    std::unique_ptr<Node>* child = nullptr;
    if (segment.kind == SegmentKind::kLiteral) {
      child = &node->literals[segment.text];
    } else {
      child = segment.kind == SegmentKind::kOne ? &node->one : &node->rest;
      for (const std::string& name : entry->names) {
        CAUDAL_CHECK(name != segment.text, "route pattern " + route.pattern + " repeats a name");
      }
      entry->names.push_back(std::move(segment.text));
    }
    if (!*child) *child = std::make_unique<Node>();
    node = child->get();
  }
  CAUDAL_CHECK(entry->names.size() <= kCapturesMax,
               "route pattern " + route.pattern + " has too many captures");
  std::unique_ptr<Node::Entry>& slot = node->entries[static_cast<size_t>(route.method)];
  CAUDAL_CHECK(!slot, "route " + std::string(NameOf(route.method)) + " " + route.pattern +
                          " is taken by " + (slot ? slot->route.pattern : ""));
  entry->route = std::move(route);
  slot = std::move(entry);
  node->has_entries = true;
}

void Router::SetFallback(std::string prefix, const ApiStyle* style) {
  fallbacks_.emplace_back(std::move(prefix), style);
}

Router::Match Router::Find(Request& request) const {
  request.path_parameters.clear();
  Match match;
  match.style = &PlainStyle();
  size_t longest = 0;
  for (const auto& [prefix, style] : fallbacks_) {
    if (style != nullptr && prefix.size() >= longest && request.path.starts_with(prefix)) {
      longest = prefix.size();
      match.style = style;
    }
  }
  if (request.method == Method::kPost) {
    if (const auto name = request.headers.Get("X-HTTP-Method-Override")) {
      const std::optional<Method> method = ParseMethod(*name);
      if (!method) {
        match.error = MakeError(ErrorKind::kInvalid,
                                "X-HTTP-Method-Override names no method that Caudal knows; use "
                                "GET, PUT, PATCH or DELETE");
        return match;
      }
      request.method = *method;
    }
  }
  if (!root_ || !request.path.starts_with('/')) return match;
  Captures captures;
  const Node* node = root_->Walk(std::string_view(request.path).substr(1), captures);
  if (node == nullptr) return match;
  const Node::Entry* entry = node->EntryOf(request.method);
  if (entry == nullptr) {
    match.allow = node->Allow();
    return match;
  }
  if (entry->route.style != nullptr) match.style = entry->route.style;
  request.path_parameters.reserve(captures.count);
  for (size_t i = 0; i < captures.count; ++i) {
    Result<std::string> value = PercentDecode(captures.values[i]);
    if (!value.ok()) {
      match.error = std::move(value).error().Within("{" + entry->names[i] + "} in the path");
      return match;
    }
    request.path_parameters.emplace_back(entry->names[i], std::move(value).take());
  }
  match.route = &entry->route;
  return match;
}

Result<void> Router::Authorize(Request& request, const Route& route) const {
  if (!authorizer_) return {};
  request.principal = TRY(authorizer_(request, route.action));
  return {};
}

namespace {

Result<Response> RunWhole(const Route& route, Request& request) {
  if (request.body.size() > route.body_bytes_max) return BodyTooLarge(route.body_bytes_max);
  if (const auto* handler = std::get_if<Handler>(&route.handler)) {
    return RunHandler(*handler, request);
  }
  const std::string body = std::move(request.body);
  request.body.clear();
  const std::unique_ptr<BodySink> sink =
      TRY(OpenSink(std::get<StreamHandler>(route.handler), request));
  if (!body.empty()) TRY(WriteToSink(*sink, body));
  return FinishSink(*sink);
}

}  // namespace

Response Router::Handle(Request& request) const {
  const Match match = Find(request);
  Response response = [&] {
    if (match.route == nullptr) return RenderMismatch(match, request);
    if (const Result<void> allowed = Authorize(request, *match.route); !allowed.ok()) {
      return RenderError(*match.style, allowed.error(), request);
    }
    Result<Response> answer = RunWhole(*match.route, request);
    if (!answer.ok()) return RenderError(*match.style, answer.error(), request);
    Response now = std::move(answer).take();
    while (const std::shared_ptr<LaterAnswer> later = now.later) {
      Result<std::unique_ptr<Response>> next = AskAgain(*later);
      if (!next.ok()) return RenderError(*match.style, next.error(), request);
      if (*next != nullptr) {
        now = std::move(**next);
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::min(later->wait_ms, 10)));
      }
    }
    return now;
  }();
  if (request.method == Method::kHead) DropBodyForHead(response);
  return response;
}

}  // namespace caudal::http
