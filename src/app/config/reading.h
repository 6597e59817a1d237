// The state of reading one configuration file: where problems go, and what values may refer to.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <string>

#include "app/config/problems.h"

namespace caudal::app {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// A value in the file and the path of keys that leads to it ("events.subscribers[0].name").
struct Node {
  YAML::Node yaml;
  std::string path;

  Place place() const;
};

struct Reading {
  std::string folder;  // of the yaml: what relative paths start from
  Environment environment;
  Problems problems;

  void Fail(const Node& node, const std::string& message);
  // "path: expected <what>, not <what is there>."
  void Expected(const Node& node, const std::string& what);
  // A scalar's text after ${NAME}, ${NAME:-default} and $$; nothing after a problem.
  std::optional<std::string> Scalar(const Node& node, const std::string& expected);
  std::string Absolute(const std::string& path) const;
};

}  // namespace caudal::app
