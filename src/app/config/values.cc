#include "app/config/values.h"

#include "data/digest.h"
#include "data/utf8.h"
#include "os/file.h"

namespace caudal::app {
namespace {

constexpr uint64_t kSecretBytesMax = 64u << 10;
constexpr uint64_t kTextBytesMax = 4u << 20;
constexpr int kJsonDepthMax = 16;

// A pattern of digits, so that "1e3" and "0x10" stay text as YAML readers disagree about them.
std::optional<int64_t> AsWhole(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Json ToJson(Reading& reading, const Node& node, int depth) {
  if (depth > kJsonDepthMax) {
    reading.Fail(node, "nested too deeply.");
    return nullptr;
  }
  if (node.yaml.IsSequence()) {
    Json list = Json::array();
    for (size_t i = 0; i < node.yaml.size(); ++i)
      list.push_back(
          ToJson(reading, {node.yaml[i], node.path + "[" + std::to_string(i) + "]"}, depth + 1));
    return list;
  }
  if (node.yaml.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node.yaml) {
      if (!entry.first.IsScalar()) {
        reading.Fail({entry.first, node.path}, "a key must be a word.");
        continue;
      }
      const std::string& name = entry.first.Scalar();
      if (object.contains(name))
        reading.Fail({entry.first, node.path}, "the key '" + name + "' is given twice.");
      object[name] = ToJson(reading, {entry.second, node.path + "." + name}, depth + 1);
    }
    return object;
  }
  if (!node.yaml.IsScalar()) return nullptr;
  const std::string text = reading.Scalar(node, "a value").value_or("");
  if (node.yaml.Tag() == "!") return text;  // quoted
  if (text == "true") return true;
  if (text == "false") return false;
  if (std::optional<int64_t> number = AsWhole(text)) return *number;
  return text;
}

// Nothing after a problem.
std::optional<std::string> ContentOf(Reading& reading, const Node& node, uint64_t bytes_max) {
  auto text = reading.Scalar(node, "the path of a file");
  if (!text) return std::nullopt;
  const std::string path = reading.Absolute(*text);
  Result<std::string> content = os::ReadFile(path, bytes_max);
  if (content.ok()) return std::move(content).take();
  reading.Fail(node, content.error().Is(ErrorKind::kNotFound)
                         ? "there is no file " + path + "."
                         : "can't read it: " + content.error().message + ".");
  return std::nullopt;
}

}  // namespace

void RawText::Read(Reading& reading, const Node& node, std::string& out) const {
  if (!node.yaml.IsScalar()) return reading.Expected(node, "text");
  out = node.yaml.Scalar();
}

void TextFile::Read(Reading& reading, const Node& node, std::string& out) const {
  std::optional<std::string> content = ContentOf(reading, node, kTextBytesMax);
  if (!content) return;
  if (!IsValidUtf8(*content)) return reading.Fail(node, "the file isn't UTF-8.");
  out = std::move(*content);
}

void PlainText::Read(Reading& reading, const Node& node, std::string& out) const {
  if (auto text = reading.Scalar(node, "text")) out = *text;
}

void Secret::Read(Reading& reading, const Node& node, std::string& out) const {
  auto text = reading.Scalar(node, "text");
  if (!text) return;
  if (text->empty()) return reading.Fail(node, "a secret can't be empty.");
  out = *text;
}

std::string Secret::Show(const std::string& value) const {
  return value.empty() ? "" : "sha256:" + EncodeHex(Sha256(value)).substr(0, 16);
}

void SecretFile::Read(Reading& reading, const Node& node, std::string& out) const {
  std::optional<std::string> content = ContentOf(reading, node, kSecretBytesMax);
  if (!content) return;
  while (!content->empty() && (content->back() == '\n' || content->back() == '\r'))
    content->pop_back();
  if (content->empty()) return reading.Fail(node, "the file is empty.");
  out = *content;
}

void Path::Read(Reading& reading, const Node& node, std::string& out) const {
  auto text = reading.Scalar(node, "a path");
  if (!text) return;
  if (text->empty()) return reading.Fail(node, "a path can't be empty.");
  out = reading.Absolute(*text);
}

void Url::Read(Reading& reading, const Node& node, std::string& out) const {
  auto text = reading.Scalar(node, "a URL");
  if (!text) return;
  std::string url = *text;
  const size_t host = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  const bool bare = url.find_first_of(" \t\r\n") == std::string::npos;
  if (host == 0 || host >= url.size() || url[host] == '/' || !bare)
    return reading.Expected(node, "a URL that begins with http:// or https://");
  if (!path_allowed) {
    while (url.ends_with('/')) url.pop_back();
    if (url.find_first_of("/?#", host) != std::string::npos)
      return reading.Expected(node, "a URL without a path, such as https://data.example.com");
  }
  out = url;
}

Result<HostPort> ParseHostPort(std::string_view text) {
  const Error wrong =
      MakeError(ErrorKind::kInvalid, "expected host:port, such as 127.0.0.1:8080 or [::1]:8080");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view host = text.substr(0, colon);
  const std::optional<int64_t> port = AsWhole(text.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong;
  }
  if (host.empty() || host.find_first_of(" /[]") != std::string_view::npos) return wrong;
  if (!port || *port < 0 || *port > 65535) return wrong;
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

void HostAndPort::Read(Reading& reading, const Node& node, HostPort& out) const {
  auto text = reading.Scalar(node, "host:port");
  if (!text) return;
  Result<HostPort> parsed = ParseHostPort(*text);
  if (!parsed.ok()) return reading.Expected(node, parsed.error().message.substr(9));
  out = *parsed;
}

std::string HostAndPort::Show(const HostPort& value) const {
  const bool v6 = value.host.find(':') != std::string::npos;
  return (v6 ? "[" + value.host + "]" : value.host) + ":" + std::to_string(value.port);
}

void Flag::Read(Reading& reading, const Node& node, bool& out) const {
  auto text = reading.Scalar(node, Type());
  if (!text) return;
  if (*text != "true" && *text != "false") return reading.Expected(node, Type());
  out = *text == "true";
}

std::optional<int64_t> Whole::ReadNumber(Reading& reading, const Node& node) const {
  const std::string expected =
      "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  auto text = reading.Scalar(node, expected);
  if (!text) return std::nullopt;
  const std::optional<int64_t> value = AsWhole(*text);
  if (!value || *value < min || *value > max) {
    reading.Expected(node, expected);
    return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> Size::ReadBytes(Reading& reading, const Node& node) const {
  auto text = reading.Scalar(node, "a size such as 256MiB");
  if (!text) return std::nullopt;
  Result<uint64_t> value = ParseSize(*text);
  if (!value.ok()) {
    reading.Expected(node, value.error().message.substr(9));
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    reading.Expected(node, "a size from " + FormatSize(min) + " to " + FormatSize(max));
    return std::nullopt;
  }
  return *value;
}

std::optional<std::chrono::milliseconds> Duration::ReadTime(Reading& reading,
                                                            const Node& node) const {
  auto text = reading.Scalar(node, "a duration such as 10s");
  if (!text) return std::nullopt;
  auto value = ParseDuration(*text);
  if (!value.ok()) {
    reading.Expected(node, value.error().message.substr(9));
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    reading.Expected(node, "a duration from " + FormatDuration(min) + " to " + FormatDuration(max));
    return std::nullopt;
  }
  return *value;
}

void JsonList::Read(Reading& reading, const Node& node, Json& out) const {
  if (node.yaml.IsNull()) return;
  if (!node.yaml.IsSequence()) return reading.Expected(node, "a list");
  out = ToJson(reading, node, 0);
}

}  // namespace caudal::app
