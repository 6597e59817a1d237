#include "app/config/reading.h"

#include <algorithm>
#include <filesystem>

namespace caudal::app {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

std::string Describe(const YAML::Node& yaml) {
  if (yaml.IsMap()) return "a mapping";
  if (yaml.IsSequence()) return "a list";
  if (!yaml.IsScalar()) return "nothing";
  const std::string& text = yaml.Scalar();
  return "'" + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + "'";
}

}  // namespace

Place Node::place() const {
  const YAML::Mark mark = yaml.Mark();
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

void Reading::Fail(const Node& node, const std::string& message) {
  problems.Add(node.place(), (node.path.empty() ? "" : node.path + ": ") + message);
}

void Reading::Expected(const Node& node, const std::string& what) {
  Fail(node, "expected " + what + ", not " + Describe(node.yaml) + ".");
}

std::optional<std::string> Reading::Scalar(const Node& node, const std::string& expected) {
  if (!node.yaml.IsScalar()) {
    Expected(node, expected);
    return std::nullopt;
  }
  const std::string& raw = node.yaml.Scalar();
  std::string text;
  for (size_t i = 0; i < raw.size(); ++i) {
    const bool more = raw[i] == '$' && i + 1 < raw.size();
    if (more && raw[i + 1] == '$') {
      text += raw[i++];
      continue;
    }
    if (!more || raw[i + 1] != '{') {
      text += raw[i];
      continue;
    }
    const size_t end = raw.find('}', i);
    const std::string inside = end == std::string::npos ? "" : raw.substr(i + 2, end - i - 2);
    const size_t fallback = inside.find(":-");
    const std::string name = inside.substr(0, fallback);
    if (name.empty() || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
      Fail(node, "'${' must be followed by NAME} or NAME:-default}; write '$$' for a dollar sign.");
      return std::nullopt;
    }
    std::optional<std::string> value = environment(name);
    if ((!value || value->empty()) && fallback != std::string::npos)
      value = inside.substr(fallback + 2);
    if (!value) {
      Fail(node, "the environment variable " + name + " isn't set; set it, or give a default: ${" +
                     name + ":-value}.");
      return std::nullopt;
    }
    text += *value;
    i = end;
  }
  return text;
}

std::string Reading::Absolute(const std::string& path) const {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

}  // namespace caudal::app
