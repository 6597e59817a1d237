#include "lake/upkeep/equality_deletes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "lake/files/table_file_reader.h"

namespace caudal::lake {
namespace {

constexpr uint64_t kBytesMax = 1u << 30;
constexpr uint64_t kEntryBytes = 96;  // what a row of deletes takes in memory beside its values

template <class T>
void AppendRaw(std::string& text, const T& value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Equal for equal values of one type.
void AppendText(std::string& text, const Value& value) {
  text += static_cast<char>(value.index());
  std::visit(
      [&](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::string>) {
          AppendRaw(text, held.size());
          text += held;
        } else if constexpr (std::is_floating_point_v<T>) {
          AppendRaw(text, held == held ? held : std::numeric_limits<T>::quiet_NaN());
        } else if constexpr (!std::is_same_v<T, std::monostate>) {
          AppendRaw(text, held);
        }
      },
      value);
}

void TextOfRow(std::string& text, const std::vector<const Array*>& columns, int64_t row) {
  text.clear();
  for (const Array* column : columns) AppendText(text, column->At(row));
}

}  // namespace

std::string PartitionText(const LiveFile& file) {
  std::string text;
  AppendRaw(text, file.spec_id);
  for (const Value& value : file.file.partition) AppendText(text, value);
  return text;
}

// In the present schema, else as it last was.
const Field* EqualityDeletes::Find(int32_t id) const {
  const auto top = [&](const Schema& schema) -> const Field* {
    const auto at = std::ranges::find(schema.fields(), id, &Field::id);
    return at == schema.fields().end() ? nullptr : &*at;
  };
  if (const Field* field = top(metadata_.schema())) return field;
  for (auto schema = metadata_.schemas.rbegin(); schema != metadata_.schemas.rend(); ++schema)
    if (const Field* field = top(*schema)) return field;
  return nullptr;
}

EqualityDeletes::Scope EqualityDeletes::ScopeOf(const LiveFile& deletes) const {
  Scope scope;
  scope.ids = deletes.file.equality_ids;
  std::ranges::sort(scope.ids);
  const PartitionSpec* spec = metadata_.FindSpec(deletes.spec_id);
  const bool global = spec != nullptr && spec->unpartitioned();
  if (!global) scope.partition = PartitionText(deletes);
  return scope;
}

Result<Schema> EqualityDeletes::ColumnsOf(const SharedFile& deletes) const {
  std::vector<Field> fields;
  for (const int32_t id : ScopeOf(*deletes).ids) {
    const Field* field = Find(id);
    if (field == nullptr || field->type.nested())
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("{} deletes by column {}, which isn't a simple one at the top "
                                   "of the table",
                                   deletes->file.path, id));
    fields.push_back(*field);
    fields.back().name = fmt::format("column_{}", id);
    fields.back().required = false;
  }
  if (fields.empty())
    return MakeError(ErrorKind::kCorrupt, deletes->file.path + " deletes by no column");
  return Schema::Make(0, std::move(fields));
}

Result<void> EqualityDeletes::Read(const WriteContext& context,
                                   const std::vector<SharedFile>& deletes) {
  for (const SharedFile& file : deletes) {
    if (!read_.insert(file->file.path).second) continue;
    const Schema columns = TRY(ColumnsOf(file));
    for (const Field& field : columns.fields())
      if (std::ranges::find(metadata_.schema().fields(), field.id, &Field::id) ==
              metadata_.schema().fields().end() &&
          std::ranges::find(more_, field.id, &Field::id) == more_.end())
        more_.push_back(field);
    Values& values = scopes_[ScopeOf(*file)];
    TableFileReader reader =
        TRY(TableFileReader::Open(context.store, context.database, file->file, columns));
    std::string text;
    while (true) {
      const std::optional<engine::ParquetRows> rows = TRY(reader.Next());
      if (!rows) break;
      std::vector<const Array*> arrays;
      for (const Array& column : rows->batch.columns()) arrays.push_back(&column);
      for (int64_t row = 0; row < rows->batch.rows(); ++row) {
        TextOfRow(text, arrays, row);
        int64_t& number = values[text];
        if (number == 0) bytes_ += kEntryBytes + text.size();
        number = std::max(number, file->sequence_number);
      }
      if (bytes_ > kBytesMax)
        return MakeError(ErrorKind::kLimit,
                         fmt::format("the table has more equality deletes than fit {} bytes of "
                                     "memory: let the engine that wrote them rewrite its files",
                                     kBytesMax));
    }
  }
  return {};
}

Result<Schema> EqualityDeletes::Columns() const {
  std::vector<Field> fields = metadata_.schema().fields();
  for (const Field& field : more_) {
    fields.push_back(field);
    fields.back().name = fmt::format("{}\x1f{}", field.name, fields.size());
  }
  return Schema::Make(0, std::move(fields));
}

void EqualityDeletes::Mark(const ScanFile& scan, const Batch& batch, int64_t first_row,
                           RowSet& deleted) const {
  std::set<Scope> scopes;
  for (const SharedFile& file : scan.equality_deletes) scopes.insert(ScopeOf(*file));
  std::string text;
  for (const Scope& scope : scopes) {
    std::vector<const Array*> columns;
    for (const int32_t id : scope.ids) {
      const std::vector<Field>& now = metadata_.schema().fields();
      const auto at = std::ranges::find(now, id, &Field::id);
      const auto place = at != now.end()
                             ? at - now.begin()
                             : static_cast<std::ptrdiff_t>(now.size()) +
                                   (std::ranges::find(more_, id, &Field::id) - more_.begin());
      columns.push_back(&batch.column(static_cast<size_t>(place)));
    }
    const Values& values = scopes_.at(scope);
    for (int64_t row = 0; row < batch.rows(); ++row) {
      if (deleted.Has(first_row + row)) continue;
      TextOfRow(text, columns, row);
      const auto found = values.find(text);
      if (found != values.end() && found->second > scan.data->sequence_number)
        deleted.Add(first_row + row);
    }
  }
}

}  // namespace caudal::lake
