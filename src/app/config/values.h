// Parsers of single values: text of the file to typed values, with the message when it isn't one.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/config.h"
#include "app/config/reading.h"
#include "app/config/units.h"

namespace caudal::app {

struct PlainText {
  std::string Type() const { return "text"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return value; }
};

// Text as it stands in the file: a '$' is a '$'.
struct RawText {
  std::string Type() const { return "text"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return value; }
};

// The path of a text file, relative to the folder of the yaml; its content is the value.
struct TextFile {
  std::string Type() const { return "path of a file"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return value; }
};

// Read like text, never shown.
struct Secret {
  std::string Type() const { return "secret text"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const;
};

// The path of a file whose content, without the line end, is the secret.
struct SecretFile {
  std::string Type() const { return "path of a file"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return Secret{}.Show(value); }
};

// Relative to the folder of the yaml.
struct Path {
  std::string Type() const { return "path"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return value; }
};

// http:// or https://, without a path unless `path_allowed`.
struct Url {
  bool path_allowed = true;
  std::string Type() const { return "URL"; }
  void Read(Reading& reading, const Node& node, std::string& out) const;
  std::string Show(const std::string& value) const { return value; }
};

struct HostAndPort {
  std::string Type() const { return "host:port"; }
  void Read(Reading& reading, const Node& node, HostPort& out) const;
  std::string Show(const HostPort& value) const;
};
Result<HostPort> ParseHostPort(std::string_view text);

struct Flag {
  std::string Type() const { return "true or false"; }
  void Read(Reading& reading, const Node& node, bool& out) const;
  std::string Show(bool value) const { return value ? "true" : "false"; }
};

struct Whole {
  int64_t min = 0;
  int64_t max = 0;
  std::string Type() const {
    return "whole number, " + std::to_string(min) + " to " + std::to_string(max);
  }
  template <class I>
  void Read(Reading& reading, const Node& node, I& out) const {
    if (std::optional<int64_t> value = ReadNumber(reading, node)) out = static_cast<I>(*value);
  }
  template <class I>
  std::string Show(I value) const {
    return std::to_string(value);
  }

 private:
  std::optional<int64_t> ReadNumber(Reading& reading, const Node& node) const;
};

struct Size {
  uint64_t min = 0;
  uint64_t max = 0;
  std::string Type() const { return "size, " + FormatSize(min) + " to " + FormatSize(max); }
  template <class I>
  void Read(Reading& reading, const Node& node, I& out) const {
    if (std::optional<uint64_t> value = ReadBytes(reading, node)) out = static_cast<I>(*value);
  }
  std::string Show(uint64_t value) const { return FormatSize(value); }

 private:
  std::optional<uint64_t> ReadBytes(Reading& reading, const Node& node) const;
};

struct Duration {
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{0};
  std::string Type() const {
    return "duration, " + FormatDuration(min) + " to " + FormatDuration(max);
  }
  template <class D>
  void Read(Reading& reading, const Node& node, D& out) const {
    if (auto value = ReadTime(reading, node)) out = std::chrono::duration_cast<D>(*value);
  }
  template <class D>
  void Read(Reading& reading, const Node& node, std::optional<D>& out) const {
    if (auto value = ReadTime(reading, node)) out = std::chrono::duration_cast<D>(*value);
  }
  template <class D>
  std::string Show(const D& value) const {
    return FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(value));
  }
  template <class D>
  std::string Show(const std::optional<D>& value) const {
    return value ? Show(*value) : "";
  }

 private:
  std::optional<std::chrono::milliseconds> ReadTime(Reading& reading, const Node& node) const;
};

// One of a few words.
template <class E>
struct Choice {
  std::vector<std::pair<std::string_view, E>> choices;

  std::string Type() const {
    std::string text;
    for (const auto& [name, value] : choices)
      text += (text.empty() ? "" : " | ") + std::string(name);
    return text;
  }
  void Read(Reading& reading, const Node& node, E& out) const {
    const std::optional<std::string> text = reading.Scalar(node, "one of " + Type());
    if (!text) return;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      if (name == *text) {
        out = value;
        return;
      }
      names.push_back(name);
    }
    reading.Fail(node,
                 "expected one of " + Type() + ", not '" + *text + "'." + DidYouMean(*text, names));
  }
  std::string Show(const E& value) const {
    for (const auto& [name, choice] : choices)
      if (choice == value) return std::string(name);
    return {};
  }
};

// What needn't be given.
template <class P>
struct Maybe {
  P inner;

  std::string Type() const { return inner.Type(); }
  template <class V>
  void Read(Reading& reading, const Node& node, std::optional<V>& out) const {
    inner.Read(reading, node, out.emplace());
  }
  template <class V>
  std::string Show(const std::optional<V>& value) const {
    return value ? inner.Show(*value) : "";
  }
};

// Any YAML as JSON; plain scalars become numbers and booleans where they look so. `array`: a list
// is expected.
struct JsonList {
  std::string Type() const { return "list in Cloud Storage's JSON form"; }
  void Read(Reading& reading, const Node& node, Json& out) const;
  std::string Show(const Json& value) const { return value.dump(); }
};

}  // namespace caudal::app
