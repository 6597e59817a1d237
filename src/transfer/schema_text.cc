#include "transfer/schema_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "lake/format/new_table.h"
#include "lake/format/schema_json.h"

namespace caudal::transfer {
namespace {

constexpr int kDepthMax = 32;

Error Wrong(std::string what) {
  return MakeError(ErrorKind::kInvalid, std::move(what), "load.schema");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Field>> Columns() {
    std::vector<Field> fields = TRY(Fields(0));
    if (!AtEnd())
      return Wrong(fmt::format("the schema has '{}' where ',' or its end should be",
                               std::string(text_.substr(at_, 20))));
    return fields;
  }

 private:
  Result<std::vector<Field>> Fields(int depth) {
    std::vector<Field> fields;
    do {
      Field field;
      field.name = TRY(Name());
      if (!Take(':'))
        return Wrong(fmt::format("column '{}': a type should follow, as in {}:string", field.name,
                                 field.name));
      Result<Type> type = TypeAt(depth);
      if (!type.ok()) return std::move(type).error().Within("column '" + field.name + "'");
      field.type = std::move(type).take();
      field.required = Take('!');
      fields.push_back(std::move(field));
    } while (Take(','));
    return fields;
  }

  Result<std::string> Name() {
    SkipSpaces();
    if (at_ < text_.size() && text_[at_] == '`') {
      const size_t end = text_.find('`', at_ + 1);
      if (end == std::string_view::npos) return Wrong("a name's second backtick is missing");
      std::string name(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return name;
    }
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '-' || text_[at_] == '.' ||
                                  static_cast<unsigned char>(text_[at_]) >= 0x80))
      ++at_;
    if (at_ == begin)
      return Wrong(
          "the schema is a list like id:long!,name:string,price:decimal(9,2): a name is "
          "missing before '" +
          std::string(text_.substr(at_, 20)) + "'");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<Type> TypeAt(int depth) {
    if (depth > kDepthMax) return Wrong("types nest too deep");
    SkipSpaces();
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    const std::string word(text_.substr(begin, at_ - begin));
    if (word == "list" && Take('<')) return ListAt(depth);
    if (word == "map" && Take('<')) return MapAt(depth);
    if (word == "struct" && Take('<')) {
      std::vector<Field> fields = TRY(Fields(depth + 1));
      TRY(Close());
      return Type::Struct(std::move(fields));
    }
    std::string primitive = word;
    for (const auto& [open, close] : {std::pair{'(', ')'}, {'[', ']'}}) {
      if (at_ >= text_.size() || text_[at_] != open) continue;
      const size_t end = text_.find(close, at_);
      if (end == std::string_view::npos) return Wrong(fmt::format("a '{}' is missing", close));
      primitive += text_.substr(at_, end + 1 - at_);
      at_ = end + 1;
    }
    Result<Type> type = ParsePrimitiveType(primitive);
    if (!type.ok())
      return Wrong("'" + primitive +
                   "' is no type: there are boolean, int, long, float, double, decimal(p,s), date, "
                   "time, timestamp, timestamptz, string, uuid, binary, list<…>, map<…,…> and "
                   "struct<…>");
    return type;
  }

  Result<Type> ListAt(int depth) {
    Field element;
    element.type = TRY(TypeAt(depth + 1));
    element.required = Take('!');
    TRY(Close());
    return Type::List(std::move(element));
  }

  Result<Type> MapAt(int depth) {
    Field key;
    key.type = TRY(TypeAt(depth + 1));
    if (!Take(',')) return Wrong("a map is map<KEY,VALUE>");
    Field value;
    value.type = TRY(TypeAt(depth + 1));
    value.required = Take('!');
    TRY(Close());
    return Type::Map(std::move(key), std::move(value));
  }

  Result<void> Close() {
    if (Take('>')) return {};
    return Wrong("a '>' is missing");
  }
  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
      ++at_;
  }
  bool Take(char wanted) {
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpaces();
    return at_ == text_.size();
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<Schema> SchemaOfFields(std::vector<Field> fields, const std::vector<std::string>& key) {
  // Fresh ids want distinct ones to start from.
  int32_t id = 0;
  for (Field& field : fields) field.id = ++id;
  for (const std::string& name : key) {
    const auto found =
        std::ranges::find_if(fields, [&](const Field& field) { return field.name == name; });
    if (found == fields.end()) return Wrong("the key column '" + name + "' isn't in the schema");
    found->required = true;
  }
  // Nested parts get theirs here: those of the text have none.
  struct Numbering {
    int32_t next;
    Type Of(const Type& type) {
      if (!type.nested()) return type;
      std::vector<Field> parts = type.fields();
      for (Field& part : parts) part.id = next++;
      for (Field& part : parts) part.type = Of(part.type);
      if (type.Is(TypeKind::kList)) return Type::List(std::move(parts[0]));
      if (type.Is(TypeKind::kMap)) return Type::Map(std::move(parts[0]), std::move(parts[1]));
      return Type::Struct(std::move(parts));
    }
  } numbering{id + 1};
  for (Field& field : fields) field.type = numbering.Of(field.type);
  std::vector<int32_t> ids;
  for (const std::string& name : key)
    for (const Field& field : fields)
      if (field.name == name) ids.push_back(field.id);
  std::ranges::sort(ids);
  Result<Schema> schema = Schema::Make(0, std::move(fields), std::move(ids));
  if (!schema.ok()) return Wrong(schema.error().message);
  return schema;
}

Result<Schema> WithKey(const Schema& schema, const std::vector<std::string>& key) {
  if (key.empty()) return schema;
  return SchemaOfFields(schema.fields(), key);
}

Result<Schema> ParseSchema(std::string_view text, const std::vector<std::string>& key) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    const Json json = TRY(ParseJson(text, "schema"));
    Result<Schema> schema = lake::SchemaFromJson(json);
    if (!schema.ok()) return Wrong(schema.error().message);
    return WithKey(*schema, key);
  }
  std::vector<Field> fields = TRY(Parser(text).Columns());
  return SchemaOfFields(std::move(fields), key);
}

}  // namespace caudal::transfer
