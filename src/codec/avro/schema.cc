#include "codec/avro/schema.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <unordered_map>
#include <utility>

namespace caudal::avro {
namespace {

constexpr std::array<std::string_view, 14> kNames = {
    "null",   "boolean", "int",  "long",  "float", "double", "bytes",
    "string", "record",  "enum", "array", "map",   "union",  "fixed"};
constexpr size_t kPrimitives = 8;

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "Avro schema: " + std::move(message));
}

std::optional<int32_t> AsInt(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()))
    return std::nullopt;
  const auto number = json.get<int64_t>();
  if (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max())
    return std::nullopt;
  return static_cast<int32_t>(number);
}

std::string TextAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string_view NameOf(Kind kind) { return kNames.at(static_cast<size_t>(kind)); }

std::optional<int32_t> Node::IntAttribute(const char* key) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? std::nullopt : AsInt(*found);
}

class SchemaParser {
 public:
  explicit SchemaParser(Schema& schema) : schema_(schema) {}

  Result<NodeId> Read(const Json& json, const std::string& space) {
    if (json.is_string()) return ReadName(json.get<std::string>(), space);
    if (json.is_array()) return ReadUnion(json, space);
    if (!json.is_object()) return Bad("a type must be a name, an object or a list");
    const auto type = json.find("type");
    if (type == json.end()) return Bad("an object without \"type\"");
    if (!type->is_string()) return Read(*type, space);
    const auto name = type->get<std::string>();
    for (size_t i = 0; i < kPrimitives; ++i)
      if (name == kNames[i]) return Add(Describe(static_cast<Kind>(i), json));
    if (name == "record" || name == "error") return ReadRecord(json, space);
    if (name == "enum") return ReadEnum(json, space);
    if (name == "fixed") return ReadFixed(json, space);
    if (name == "array") return ReadCollection(Kind::kArray, "items", json, space);
    if (name == "map") return ReadCollection(Kind::kMap, "values", json, space);
    return ReadName(name, space);
  }

 private:
  NodeId Add(Node node) {
    schema_.nodes_.push_back(std::move(node));
    return static_cast<NodeId>(schema_.nodes_.size() - 1);
  }

  static Node Describe(Kind kind, const Json& json) {
    Node node;
    node.kind = kind;
    node.logical_type = TextAt(json, "logicalType");
    for (const auto& [key, value] : json.items())
      if (key != "type" && key != "fields" && key != "items" && key != "values" &&
          key != "symbols" && key != "logicalType")
        node.attributes[key] = value;
    return node;
  }

  Result<NodeId> ReadName(const std::string& name, const std::string& space) {
    for (size_t i = 0; i < kPrimitives; ++i)
      if (name == kNames[i]) {
        if (!plain_[i]) {
          Node node;
          node.kind = static_cast<Kind>(i);
          plain_[i] = Add(std::move(node));
        }
        return *plain_[i];
      }
    auto found = named_.find(name);
    if (name.find('.') == std::string::npos && !space.empty()) {
      const auto inside = named_.find(space + "." + name);
      if (inside != named_.end()) found = inside;
    }
    if (found == named_.end()) return Bad(fmt::format("there is no type \"{}\"", name));
    return found->second;
  }

  // A named type is known from here on, so that its parts may name it. `space` becomes its own.
  Result<NodeId> Define(Kind kind, const Json& json, std::string& space) {
    std::string name = TextAt(json, "name");
    if (name.empty()) return Bad(fmt::format("a {} without a name", NameOf(kind)));
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      space = name.substr(0, dot);
    } else {
      if (json.contains("namespace")) space = TextAt(json, "namespace");
      if (!space.empty()) name = space + "." + name;
    }
    Node node = Describe(kind, json);
    node.name = name;
    const NodeId id = Add(std::move(node));
    if (!named_.emplace(name, id).second) return Bad(fmt::format("\"{}\" is defined twice", name));
    return id;
  }

  Result<NodeId> ReadRecord(const Json& json, std::string space) {
    const NodeId id = TRY(Define(Kind::kRecord, json, space));
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array())
      return Bad(fmt::format("record \"{}\" without a list of fields", schema_[id].name));
    for (const Json& one : *fields) {
      RecordField field;
      if (one.is_object()) field.name = TextAt(one, "name");
      if (field.name.empty() || !one.contains("type"))
        return Bad(fmt::format("a field of \"{}\" lacks a name or a type", schema_[id].name));
      field.attributes = one;
      field.attributes.erase("name");
      field.attributes.erase("type");
      if (one.contains("field-id")) {
        field.field_id = AsInt(one["field-id"]);
        if (!field.field_id)
          return Bad(fmt::format("field-id of \"{}\" is not an integer", field.name));
      }
      field.type = TRY(Read(one["type"], space));
      schema_.nodes_[id].fields.push_back(std::move(field));
    }
    return id;
  }

  Result<NodeId> ReadEnum(const Json& json, std::string space) {
    const NodeId id = TRY(Define(Kind::kEnum, json, space));
    const auto symbols = json.find("symbols");
    const auto bad = [&] {
      return Bad(fmt::format("enum \"{}\" without a list of symbols", schema_[id].name));
    };
    if (symbols == json.end() || !symbols->is_array()) return bad();
    for (const Json& symbol : *symbols) {
      if (!symbol.is_string()) return bad();
      schema_.nodes_[id].symbols.push_back(symbol.get<std::string>());
    }
    return id;
  }

  Result<NodeId> ReadFixed(const Json& json, std::string space) {
    const NodeId id = TRY(Define(Kind::kFixed, json, space));
    const auto size = json.find("size");
    const auto bytes = size == json.end() ? std::nullopt : AsInt(*size);
    if (!bytes || *bytes < 0)
      return Bad(fmt::format("fixed \"{}\" without a size", schema_[id].name));
    schema_.nodes_[id].size = *bytes;
    return id;
  }

  Result<NodeId> ReadCollection(Kind kind, const char* key, const Json& json,
                                const std::string& space) {
    const auto inner = json.find(key);
    if (inner == json.end()) return Bad(fmt::format("{} without \"{}\"", NameOf(kind), key));
    const NodeId child = TRY(Read(*inner, space));
    Node node = Describe(kind, json);
    node.children.push_back(child);
    return Add(std::move(node));
  }

  Result<NodeId> ReadUnion(const Json& json, const std::string& space) {
    Node node;
    node.kind = Kind::kUnion;
    for (const Json& branch : json) {
      const NodeId child = TRY(Read(branch, space));
      if (schema_[child].kind == Kind::kUnion) return Bad("a union in a union");
      node.children.push_back(child);
    }
    if (node.children.empty()) return Bad("a union without branches");
    return Add(std::move(node));
  }

  Schema& schema_;
  std::array<std::optional<NodeId>, kPrimitives> plain_;
  std::unordered_map<std::string, NodeId> named_;
};

Result<Schema> Schema::Parse(std::string_view json) {
  const Json parsed = TRY(ParseJson(json, "Avro schema", 2 * kDepthMax));
  Schema schema;
  SchemaParser parser(schema);
  schema.root_ = TRY(parser.Read(parsed, ""));
  return schema;
}

}  // namespace caudal::avro
