#include "engine/schema.h"

#include <array>
#include <charconv>
#include <utility>

namespace caudal::engine {
namespace {

constexpr int kDepthMax = 64;
constexpr size_t kFieldBytesMin = 24;

using Kind = Shape::Kind;

// Formats of values with one width. Those that end with ':' go on with a time zone.
constexpr auto kWidths = std::to_array<std::pair<std::string_view, int>>({
    {"c", 1},    {"C", 1},    {"s", 2},    {"S", 2},   {"i", 4},   {"I", 4},
    {"l", 8},    {"L", 8},    {"e", 2},    {"f", 4},   {"g", 8},   {"tdD", 4},
    {"tdm", 8},  {"tts", 4},  {"ttm", 4},  {"ttu", 8}, {"ttn", 8}, {"tss:", 8},
    {"tsm:", 8}, {"tsu:", 8}, {"tsn:", 8}, {"tiM", 4}, {"tiD", 8}, {"tin", 16},
});

// "w:16", "+w:3"
Result<int64_t> NumberAfter(std::string_view format, std::string_view prefix) {
  const std::string_view digits = format.substr(prefix.size());
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size() || number < 0 ||
      number > (1 << 30))
    return MakeError(ErrorKind::kInvalid, "Arrow format '" + std::string(format) + "'");
  return number;
}

// "d:38,10" has 128 bits, "d:4,1,64" says it. Digits are bounded here, since texts of values are
// made in as many characters.
Result<Shape> DecimalShape(std::string_view format) {
  constexpr int64_t kDigitsMax = 38;
  const std::string_view parameters = format.substr(2);
  const size_t first = std::min(parameters.find(','), parameters.size());
  const size_t second = std::min(parameters.find(',', first + 1), parameters.size());
  const int64_t digits = TRY(NumberAfter(parameters.substr(0, first), ""));
  int64_t scale = 0;
  if (first < parameters.size())
    scale = TRY(NumberAfter(parameters.substr(first + 1, second - first - 1), ""));
  if (digits < 1 || digits > kDigitsMax || scale > digits)
    return MakeError(ErrorKind::kInvalid, "Arrow format '" + std::string(format) + "'");
  if (second == parameters.size()) return Shape{Kind::kFixed, 16, {}};
  const std::string_view bits = parameters.substr(second + 1);
  for (const auto& [text, width] : {std::pair{"32", 4}, {"64", 8}, {"128", 16}})
    if (bits == text) return Shape{Kind::kFixed, width, {}};
  return MakeError(ErrorKind::kUnsupported, "Arrow format '" + std::string(format) + "'");
}

// "+us:0,1,5"
Result<Shape> UnionShape(std::string_view format) {
  Shape shape{Kind::kUnion, 1, {}};
  std::string_view ids = format.substr(4);
  while (!ids.empty()) {
    const size_t comma = std::min(ids.find(','), ids.size());
    const int64_t id = TRY(NumberAfter(ids.substr(0, comma), ""));
    if (id > 127) return MakeError(ErrorKind::kInvalid, "a union has too many members");
    shape.union_ids.push_back(static_cast<int8_t>(id));
    ids.remove_prefix(std::min(comma + 1, ids.size()));
  }
  return shape;
}

Result<Shape> ShapeOf(std::string_view format) {
  for (const auto& [name, width] : kWidths)
    if (format == name || (name.ends_with(':') && format.starts_with(name)))
      return Shape{Kind::kFixed, width, {}};
  if (format == "n") return Shape{Kind::kNull, 0, {}};
  if (format == "b") return Shape{Kind::kBits, 0, {}};
  if (format == "u" || format == "z") return Shape{Kind::kText32, 4, {}};
  if (format == "U" || format == "Z") return Shape{Kind::kText64, 8, {}};
  if (format == "+l" || format == "+m") return Shape{Kind::kList32, 4, {}};
  if (format == "+L") return Shape{Kind::kList64, 8, {}};
  if (format == "+s") return Shape{Kind::kStruct, 0, {}};
  if (format.starts_with("d:")) return DecimalShape(format);
  if (format.starts_with("+us:")) return UnionShape(format);
  if (format.starts_with("w:")) {
    const int64_t width = TRY(NumberAfter(format, "w:"));
    return Shape{Kind::kFixed, width, {}};
  }
  if (format.starts_with("+w:")) {
    const int64_t width = TRY(NumberAfter(format, "+w:"));
    return Shape{Kind::kFixedList, width, {}};
  }
  return MakeError(ErrorKind::kUnsupported, "Arrow format '" + std::string(format) + "'");
}

Result<void> CheckChildren(const Field& field) {
  const size_t count = field.children.size();
  bool fits = false;
  if (field.format == "+m" &&
      (count != 1 || field.children[0].format != "+s" || field.children[0].children.size() != 2))
    return MakeError(ErrorKind::kInvalid, "a map isn't one of keys and values");
  switch (field.shape.kind) {
    case Kind::kList32:
    case Kind::kList64:
    case Kind::kFixedList:
      fits = count == 1;
      break;
    case Kind::kStruct:
      fits = true;
      break;
    case Kind::kUnion:
      fits = count == field.shape.union_ids.size();
      break;
    default:
      fits = count == 0;
  }
  // A dictionary's numbers: one, two or four bytes without a sign.
  if (!field.dictionary.empty())
    fits = fits && (field.format == "C" || field.format == "S" || field.format == "I");
  if (!fits) return MakeError(ErrorKind::kInvalid, "Arrow field '" + field.format + "'");
  return {};
}

// Key, value pairs after their count; each text after its length, all 32-bit.
std::string MetadataBytes(const char* metadata) {
  if (metadata == nullptr) return {};
  int32_t pairs = 0;
  std::memcpy(&pairs, metadata, sizeof pairs);
  size_t end = sizeof pairs;
  for (int32_t i = 0; i < 2 * pairs; ++i) {
    int32_t length = 0;
    std::memcpy(&length, metadata + end, sizeof length);
    end += sizeof length + static_cast<size_t>(length);
  }
  return std::string(metadata, end);
}

Result<Field> ReadAt(WireReader& reader, int depth) {
  if (depth > kDepthMax) return MakeError(ErrorKind::kInvalid, "a type is nested too deep");
  Field field;
  field.name = reader.GetText();
  field.format = reader.GetText();
  field.metadata = reader.GetText();
  field.flags = reader.Get<int64_t>();
  const size_t children = reader.GetCount(kFieldBytesMin);
  for (size_t i = 0; i < children; ++i) field.children.push_back(TRY(ReadAt(reader, depth + 1)));
  const size_t dictionaries = reader.GetCount(kFieldBytesMin);
  if (dictionaries > 1) return MakeError(ErrorKind::kInvalid, "a field has two dictionaries");
  for (size_t i = 0; i < dictionaries; ++i)
    field.dictionary.push_back(TRY(ReadAt(reader, depth + 1)));
  if (!reader.ok()) return MakeError(ErrorKind::kInvalid, "a type is cut short");
  field.shape = TRY(ShapeOf(field.format));
  TRY(CheckChildren(field));
  return field;
}

Result<Field> FromAt(const ArrowSchema& schema, int depth) {
  if (depth > kDepthMax)
    return MakeError(ErrorKind::kUnsupported,
                     "a type is nested deeper than " + std::to_string(kDepthMax) + " levels");
  Field field;
  field.name = schema.name == nullptr ? "" : schema.name;
  field.format = schema.format;
  field.metadata = MetadataBytes(schema.metadata);
  field.flags = schema.flags;
  for (int64_t i = 0; i < schema.n_children; ++i)
    field.children.push_back(TRY(FromAt(*schema.children[i], depth + 1)));
  if (schema.dictionary != nullptr)
    field.dictionary.push_back(TRY(FromAt(*schema.dictionary, depth + 1)));
  field.shape = TRY(ShapeOf(field.format));
  TRY(CheckChildren(field));
  return field;
}

}  // namespace

int Shape::buffers() const {
  constexpr std::array<int, 10> kBuffers = {0, 2, 2, 3, 3, 2, 2, 1, 1, 1};
  return kBuffers[static_cast<size_t>(kind)];
}

Result<Field> Field::From(const ArrowSchema& schema) { return FromAt(schema, 0); }

Result<Field> Field::Read(WireReader& reader) { return ReadAt(reader, 0); }

void Field::Write(WireWriter& writer) const {
  writer.Put(std::string_view(name));
  writer.Put(std::string_view(format));
  writer.Put(std::string_view(metadata));
  writer.Put(flags);
  writer.Put(static_cast<uint32_t>(children.size()));
  for (const Field& child : children) child.Write(writer);
  writer.Put(static_cast<uint32_t>(dictionary.size()));
  for (const Field& values : dictionary) values.Write(writer);
}

std::string_view Field::ExtensionType() const {
  WireReader reader(metadata);
  const size_t pairs = reader.GetCount(8);
  std::string_view extension;
  for (size_t i = 0; i < pairs && reader.ok(); ++i) {
    const std::string_view key = reader.GetText();
    const std::string_view value = reader.GetText();
    if (key == "ARROW:extension:name" && value != "arrow.opaque") extension = value;
    constexpr std::string_view kTypeName = R"("type_name":")";
    const size_t found = value.find(kTypeName);
    if (key == "ARROW:extension:metadata" && found != std::string_view::npos) {
      const std::string_view rest = value.substr(found + kTypeName.size());
      extension = rest.substr(0, rest.find('"'));
    }
  }
  return extension;
}

ArrowSchema* ExportedSchema::Export(const Field& field) {
  std::vector<ArrowSchema*>& children = lists_.emplace_back();
  for (const Field& child : field.children) children.push_back(Export(child));
  ArrowSchema* dictionary = field.dictionary.empty() ? nullptr : Export(field.dictionary[0]);
  ArrowSchema& schema = schemas_.emplace_back();
  schema.format = field.format.c_str();
  schema.name = field.name.c_str();
  schema.metadata = field.metadata.empty() ? nullptr : field.metadata.c_str();
  schema.flags = field.flags;
  schema.n_children = static_cast<int64_t>(children.size());
  schema.children = children.data();
  schema.dictionary = dictionary;
  return &schema;
}

}  // namespace caudal::engine
