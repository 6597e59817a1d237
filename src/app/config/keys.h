// A section of the configuration as a table of keys. The table drives reading, suggestions, the
// reference in docs/configuration.md, and what a reload can change.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/config/reading.h"

namespace caudal::app {

// Whether a reload applies a new value, or only a restart does.
enum class Change : uint8_t { kLive, kRestart };

struct KeyDoc {
  std::string path;  // "server.listen", "events.subscribers[].name"
  std::string type;
  std::string fallback;  // empty: none
  Change change = Change::kRestart;
  bool required = false;
  std::string text;
};

struct ChangedKey {
  std::string path;
  Change change = Change::kRestart;
};

template <class T>
struct Key {
  std::string_view name;
  std::string type;
  Change change = Change::kRestart;
  bool required = false;
  std::string_view text;
  std::function<void(Reading&, const Node&, T&)> read;
  std::function<std::string(const T&)> show;  // for defaults and comparison; never a secret
  std::function<void(const std::string& prefix, const T&, std::vector<KeyDoc>&)> describe;  // inner
  std::function<void(const std::string& prefix, const T&, const T&, std::vector<ChangedKey>&)>
      compare;  // inner; else by show
};

// A parser P of V has: std::string Type() const; void Read(Reading&, const Node&, V&) const;
// std::string Show(const V&) const. `get` gives the V of a T, of a const T a const one.
template <class T, class Get, class P>
Key<T> KeyOf(std::string_view name, Get get, P parser, Change change, std::string_view text,
             bool required) {
  using V = std::remove_reference_t<decltype(get(std::declval<T&>()))>;
  Key<T> key;
  key.name = name;
  key.type = parser.Type();
  key.change = change;
  key.required = required;
  key.text = text;
  key.read = [get, parser](Reading& reading, const Node& node, T& out) {
    parser.Read(reading, node, get(out));
  };
  key.show = [get, parser](const T& value) { return parser.Show(get(value)); };
  if constexpr (requires(const V& v, std::vector<KeyDoc>& docs) {
                  parser.Describe(std::string(), v, docs);
                })
    key.describe = [get, parser](const std::string& prefix, const T& value,
                                 std::vector<KeyDoc>& docs) {
      parser.Describe(prefix, get(value), docs);
    };
  if constexpr (requires(const V& v, std::vector<ChangedKey>& changed) {
                  parser.Compare(std::string(), v, v, changed);
                })
    key.compare = [get, parser](const std::string& prefix, const T& a, const T& b,
                                std::vector<ChangedKey>& changed) {
      parser.Compare(prefix, get(a), get(b), changed);
    };
  return key;
}

template <class T, class V, class P>
Key<T> Field(std::string_view name, V T::*member, P parser, Change change, std::string_view text,
             bool required = false) {
  return KeyOf<T>(
      name, [member](auto& value) -> auto& { return value.*member; }, parser, change, text,
      required);
}

// The same for a member of a part of T, when its keys stand flat beside T's own.
template <class T, class Part, class V, class P>
Key<T> PartField(std::string_view name, Part T::*part, V Part::*member, P parser, Change change,
                 std::string_view text, bool required = false) {
  return KeyOf<T>(
      name, [part, member](auto& value) -> auto& { return value.*part.*member; }, parser, change,
      text, required);
}

// A mapping with the keys of a table. `validate` sees the whole when its keys were read.
template <class T>
struct Section {
  const std::vector<Key<T>>& (*keys)();
  void (*validate)(Reading&, const Node&, T&) = nullptr;

  std::string Type() const { return "mapping"; }

  void Read(Reading& reading, const Node& node, T& out) const {
    if (node.yaml.IsNull()) return CheckRequired(reading, node, {});
    if (!node.yaml.IsMap()) return reading.Expected(node, "a mapping of keys to values");
    std::map<std::string, Place> seen;
    for (const auto& entry : node.yaml) {
      const Node key_node{entry.first, node.path};
      if (!entry.first.IsScalar()) {
        reading.Fail(key_node, "a key must be a word.");
        continue;
      }
      const std::string& name = entry.first.Scalar();
      const auto [first, added] = seen.emplace(name, key_node.place());
      if (!added) {
        reading.Fail(key_node, "the key '" + name + "' is given twice; first on line " +
                                   std::to_string(first->second.line) + ".");
        continue;
      }
      const Key<T>* key = Find(name);
      if (!key) {
        std::vector<std::string_view> names;
        for (const Key<T>& known : keys()) names.push_back(known.name);
        reading.Fail(key_node, "unknown key '" + name + "'." + DidYouMean(name, names));
        continue;
      }
      key->read(reading, Node{entry.second, Join(node.path, name)}, out);
    }
    CheckRequired(reading, node, seen);
    if (validate) validate(reading, node, out);
  }

  std::string Show(const T& value) const {
    std::string text;
    for (const Key<T>& key : keys()) text += std::string(key.name) + "=" + key.show(value) + ";";
    return text;
  }

  void Describe(const std::string& prefix, const T& value, std::vector<KeyDoc>& docs) const {
    for (const Key<T>& key : keys()) {
      const std::string path = Join(prefix, std::string(key.name));
      if (!key.describe)
        docs.push_back(
            {path, key.type, key.show(value), key.change, key.required, std::string(key.text)});
      else {
        docs.push_back({path, key.type, "", key.change, key.required, std::string(key.text)});
        key.describe(path, value, docs);
      }
    }
  }

  void Compare(const std::string& prefix, const T& a, const T& b,
               std::vector<ChangedKey>& changed) const {
    for (const Key<T>& key : keys()) {
      const std::string path = Join(prefix, std::string(key.name));
      if (key.compare) {
        key.compare(path, a, b, changed);
      } else if (key.show(a) != key.show(b)) {
        changed.push_back({path, key.change});
      }
    }
  }

 private:
  static std::string Join(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + "." + name;
  }
  const Key<T>* Find(std::string_view name) const {
    for (const Key<T>& key : keys())
      if (key.name == name) return &key;
    return nullptr;
  }
  void CheckRequired(Reading& reading, const Node& node,
                     const std::map<std::string, Place>& seen) const {
    for (const Key<T>& key : keys())
      if (key.required && !seen.contains(std::string(key.name)))
        reading.Fail(
            node, "the key '" + std::string(key.name) + "' is missing: " + std::string(key.text));
  }
};

template <class P>
struct ListOf {
  P item;

  std::string Type() const { return "list of " + item.Type(); }
  template <class V>
  void Read(Reading& reading, const Node& node, std::vector<V>& out) const {
    out.clear();
    if (node.yaml.IsNull()) return;
    if (!node.yaml.IsSequence()) return reading.Expected(node, "a list");
    for (size_t i = 0; i < node.yaml.size(); ++i)
      item.Read(reading, Node{node.yaml[i], node.path + "[" + std::to_string(i) + "]"},
                out.emplace_back());
  }
  template <class V>
  std::string Show(const std::vector<V>& value) const {
    std::string text;
    for (const V& v : value) text += (text.empty() ? "" : ", ") + item.Show(v);
    return "[" + text + "]";
  }
  template <class V>
  void Describe(const std::string& prefix, const std::vector<V>&, std::vector<KeyDoc>& docs) const
    requires requires(const V& v) { item.Describe(prefix, v, docs); }
  {
    item.Describe(prefix + "[]", V{}, docs);
  }
};

// Keys that the user names.
template <class P>
struct MapOf {
  P item;

  std::string Type() const { return "mapping of names to " + item.Type(); }
  template <class V>
  void Read(Reading& reading, const Node& node, std::map<std::string, V>& out) const {
    out.clear();
    if (node.yaml.IsNull()) return;
    if (!node.yaml.IsMap()) return reading.Expected(node, "a mapping of names to values");
    for (const auto& entry : node.yaml) {
      const Node key_node{entry.first, node.path};
      if (!entry.first.IsScalar() || entry.first.Scalar().empty()) {
        reading.Fail(key_node, "a name must be a word.");
      } else if (out.contains(entry.first.Scalar())) {
        reading.Fail(key_node, "'" + entry.first.Scalar() + "' is given twice.");
      } else {
        const std::string& name = entry.first.Scalar();
        item.Read(reading, Node{entry.second, node.path + "." + name}, out[name]);
      }
    }
  }
  template <class V>
  std::string Show(const std::map<std::string, V>& value) const {
    std::string text;
    for (const auto& [name, v] : value)
      text += (text.empty() ? "" : ", ") + name + ": " + item.Show(v);
    return "{" + text + "}";
  }
  template <class V>
  void Describe(const std::string& prefix, const std::map<std::string, V>&,
                std::vector<KeyDoc>& docs) const
    requires requires(const V& v) { item.Describe(prefix, v, docs); }
  {
    item.Describe(prefix + ".<name>", V{}, docs);
  }
};

}  // namespace caudal::app
