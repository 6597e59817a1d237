#include "lake/keys/key_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace caudal::lake {
namespace {

enum class Form : uint8_t { kBit, kNumber, kDecimal, kRaw, kText };

// How the values of a type lie in a key. Types between which a column may be widened without
// another encoding of its values have the same name here.
struct Encoding {
  Form form;
  uint32_t width;    // 0: a text
  std::string name;  // stored, through the layout's digest: never change one
};

std::optional<Encoding> EncodingOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Encoding{Form::kBit, 1, "boolean"};
    case TypeKind::kInt:
    case TypeKind::kLong:
      return Encoding{Form::kNumber, 8, "integer"};
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kTimestampNs:
    case TypeKind::kTimestampTzNs:
      return Encoding{Form::kNumber, 8, std::string(NameOf(type.kind()))};
    case TypeKind::kDecimal:
      return Encoding{Form::kDecimal, sizeof(Int128), fmt::format("decimal({})", type.scale())};
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return Encoding{Form::kRaw, static_cast<uint32_t>(WidthOf(type)), type.Text()};
    case TypeKind::kString:
    case TypeKind::kBinary:
      return Encoding{Form::kText, 0, std::string(NameOf(type.kind()))};
    default:
      return std::nullopt;
  }
}

Error NoKey(std::string_view column, std::string_view why) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("column {} can't be part of a primary key: {}", column, why));
}

}  // namespace

struct KeyCodec::Part {
  Field field;
  Encoding encoding;
};

KeyCodec::KeyCodec(Schema key_schema, std::shared_ptr<const std::vector<Part>> parts,
                   KeyLayout layout)
    : key_schema_(std::move(key_schema)), parts_(std::move(parts)), layout_(layout) {}

Result<KeyCodec::Part> KeyCodec::PartOf(const Schema& schema, int32_t id) {
  const Field* field = schema.Find(id);
  if (field == nullptr)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("the primary key has a column of id {}, the table hasn't", id));
  const std::string_view name = schema.FullNameOf(id);
  for (const Field* in = schema.ParentOf(id); in != nullptr; in = schema.ParentOf(in->id))
    if (!in->type.Is(TypeKind::kStruct)) return NoKey(name, "it is in a list or map");
  if (schema.ParentOf(id) != nullptr)
    return MakeError(
        ErrorKind::kUnsupported,
        fmt::format("column {} is in a struct: a primary key of such columns isn't supported",
                    name));
  const Type& type = field->type;
  if (type.Is(TypeKind::kFloat) || type.Is(TypeKind::kDouble))
    return NoKey(name, "it is of type " + type.Text() + ", whose values have no exact equality");
  if (type.nested()) return NoKey(name, "it is of the nested type " + type.Text());
  std::optional<Encoding> encoding = EncodingOf(type);
  if (!encoding)
    return MakeError(
        ErrorKind::kUnsupported,
        fmt::format("column {}: a primary key of type {} isn't supported", name, type.Text()));
  return Part{*field, *std::move(encoding)};
}

Result<KeyCodec> KeyCodec::Make(const Schema& table_schema,
                                const std::vector<int32_t>& identifier_ids) {
  std::vector<int32_t> ids = identifier_ids;
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.empty()) return MakeError(ErrorKind::kInvalid, "the table has no primary key");
  auto parts = std::make_shared<std::vector<Part>>();
  std::vector<Field> fields;
  std::string description;
  uint64_t width = 0;
  bool varies = false;
  for (const int32_t id : ids) {
    Part part = TRY(PartOf(table_schema, id));
    width += part.encoding.width;
    varies = varies || part.encoding.form == Form::kText;
    if (width > kWidthMax)
      return NoKey(part.field.name, fmt::format("keys would have {} bytes, at most {} are possible",
                                                width, kWidthMax));
    description += fmt::format("{}:{};", id, part.encoding.name);
    fields.push_back(part.field);
    parts->push_back(std::move(part));
  }
  KeyLayout layout;
  layout.width = varies ? 0 : static_cast<uint32_t>(width);
  layout.integer = parts->size() == 1 && parts->front().encoding.form == Form::kNumber;
  layout.digest = HashOf(description);
  Schema key_schema = TRY(Schema::Make(table_schema.id(), std::move(fields)));
  return KeyCodec(std::move(key_schema), std::move(parts), layout);
}

Result<std::vector<const Array*>> KeyCodec::ColumnsOf(const Batch& batch,
                                                      const Schema& schema) const {
  CAUDAL_CHECK(batch.columns().size() == schema.fields().size(), "a batch of the schema");
  std::vector<const Array*> columns;
  for (const Part& part : *parts_) {
    const auto field = std::ranges::find(schema.fields(), part.field.id, &Field::id);
    if (field == schema.fields().end())
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the rows lack column {} of the primary key", part.field.name));
    const Array& column = batch.column(static_cast<size_t>(field - schema.fields().begin()));
    const std::optional<Encoding> encoding = EncodingOf(column.type());
    if (!encoding || encoding->name != part.encoding.name)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("column {} of the primary key is of type {}, the rows have {}",
                                   part.field.name, part.field.type.Text(), column.type().Text()));
    for (int64_t row = 0; column.null_count() > 0 && row < column.length(); ++row)
      if (column.IsNull(row))
        return MakeError(ErrorKind::kInvalid,
                         fmt::format("column {}, row {}: null, but it is part of the primary key",
                                     part.field.name, row));
    columns.push_back(&column);
  }
  return columns;
}

// Writes column after column. A place is where the next bytes of a row's key go.
class KeyCodec::Encoder {
 public:
  Encoder(const KeyCodec& codec, const std::vector<const Array*>& columns, size_t rows,
          EncodedKeys& out)
      : parts_(*codec.parts_), columns_(columns), rows_(rows), out_(out) {}

  void EncodeFixed() {
    const size_t stride = out_.layout_.width;
    char* part_begin = out_.bytes_.Extend(rows_ * stride);
    for (size_t i = 0; i < parts_.size(); ++i) {
      Put(i, [&](size_t row, size_t) { return part_begin + row * stride; });
      part_begin += parts_[i].encoding.width;
    }
  }

  void EncodeVarying() {
    // The keys' ends, then their bytes: `places` runs from each begin to its end.
    std::vector<uint64_t> places = Sizes();
    Buffer& ends = out_.ends_;
    if (ends.empty()) ends.Push(uint64_t{0});
    const uint64_t base = out_.bytes_.size();
    uint64_t end = base;
    ends.Reserve(rows_ * sizeof end);
    for (uint64_t& place : places) {
      const uint64_t size = place;
      place = end - base;
      end += size;
      ends.Push(end);
    }
    char* begin = out_.bytes_.Extend(end - base);
    for (size_t i = 0; i < parts_.size(); ++i)
      Put(i, [&](size_t row, size_t size) {
        return begin + std::exchange(places[row], places[row] + size);
      });
  }

 private:
  bool HasLengths() const { return parts_.size() > 1; }

  std::vector<uint64_t> Sizes() const {
    uint64_t same = 0;
    for (const Part& part : parts_)
      same += part.encoding.form == Form::kText && HasLengths() ? sizeof(uint32_t)
                                                                : part.encoding.width;
    std::vector<uint64_t> sizes(rows_, same);
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].encoding.form != Form::kText) continue;
      const int32_t* at = columns_[i]->offsets();
      for (size_t row = 0; row < rows_; ++row)
        sizes[row] += static_cast<uint64_t>(at[row + 1] - at[row]);
    }
    return sizes;
  }

  template <class T, class Place>
  void PutAs(const auto* values, Place place) {
    for (size_t row = 0; row < rows_; ++row) {
      const T value = values[row];
      std::memcpy(place(row, sizeof value), &value, sizeof value);
    }
  }

  template <class Place>
  void Put(size_t i, Place place) {
    const Array& column = *columns_[i];
    const Encoding& encoding = parts_[i].encoding;
    switch (encoding.form) {
      case Form::kBit:
        for (size_t row = 0; row < rows_; ++row)
          *place(row, 1) = static_cast<char>(column.boolean(static_cast<int64_t>(row)));
        break;
      case Form::kNumber:
        if (WidthOf(column.type()) == sizeof(int32_t))
          PutAs<int64_t>(column.values<int32_t>(), place);
        else
          PutAs<int64_t>(column.values<int64_t>(), place);
        break;
      case Form::kDecimal:
        PutAs<Int128>(column.values<Int128>(), place);
        break;
      case Form::kRaw: {
        const char* values = static_cast<const char*>(column.raw());
        for (size_t row = 0; row < rows_; ++row)
          std::memcpy(place(row, encoding.width), values + row * encoding.width, encoding.width);
        break;
      }
      case Form::kText:
        for (size_t row = 0; row < rows_; ++row)
          PutText(column.bytes(static_cast<int64_t>(row)), row, place);
        break;
    }
  }

  template <class Place>
  void PutText(std::string_view text, size_t row, Place place) {
    const auto length = static_cast<uint32_t>(text.size());
    if (HasLengths()) std::memcpy(place(row, sizeof length), &length, sizeof length);
    if (length > 0) std::memcpy(place(row, length), text.data(), length);
  }

  const std::vector<Part>& parts_;
  const std::vector<const Array*>& columns_;
  const size_t rows_;
  EncodedKeys& out_;
};

Result<void> KeyCodec::Encode(const Batch& batch, const Schema& schema, EncodedKeys& out) const {
  const std::vector<const Array*> columns = TRY(ColumnsOf(batch, schema));
  out.TakeLayout(layout_);
  const auto rows = static_cast<size_t>(batch.rows());
  if (rows == 0) return {};
  const size_t first = out.size();
  Encoder encoder(*this, columns, rows, out);
  if (layout_.width > 0)
    encoder.EncodeFixed();
  else
    encoder.EncodeVarying();
  out.HashFrom(first, rows);
  return {};
}

}  // namespace caudal::lake
