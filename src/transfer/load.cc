#include "transfer/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "transfer/bad_rows.h"
#include "transfer/file_load.h"
#include "transfer/file_table.h"
#include "transfer/schema_text.h"
#include "transfer/sources.h"
#include "transfer/table_shape.h"

namespace caudal::transfer {

// One load. Used once.
class LoadRun {
 public:
  LoadRun(Loader& loader, const LoadRequest& request, LoadReport& report, LoadProgress& progress,
          const functions::GoOn& go_on)
      : loader_(loader),
        request_(request),
        report_(report),
        progress_(progress),
        go_on_(go_on),
        work_(fmt::format("{}/load-{}", loader.options_.work_folder, ++loader.loads_)),
        shape_(loader.catalog_, request.table),
        bad_(request.bad_rows_max, report) {}

  Result<void> Run();

 private:
  Result<void> CheckRequest();
  Result<void> OpenSession();
  Result<void> OpenTables();
  Result<void> MakeTable();
  Result<Schema> InferSchema();
  Result<void> CheckGiven(const Schema& table) const;
  Result<void> AddColumns(const Schema& table);
  Result<void> CheckWritable(const Schema& schema) const;
  Result<void> ChooseTarget();
  Result<void> LoadFiles();
  Result<void> Take(const Batch& batch);
  Result<void> Commit();

  Loader& loader_;
  const LoadRequest& request_;
  LoadReport& report_;
  LoadProgress& progress_;
  const functions::GoOn& go_on_;
  functions::WorkFiles work_;
  TableShape shape_;
  BadRows bad_;
  std::vector<Source> sources_;
  std::unique_ptr<engine::Session> session_;
  std::optional<Schema> given_;   // by the request
  std::optional<Schema> before_;  // of the table, when it is there
  std::vector<FileTable> tables_;
  std::unique_ptr<lake::WriteTransaction> transaction_;
  Schema target_;
};

Result<void> LoadRun::CheckRequest() {
  if (request_.table.space.empty())
    return MakeError(ErrorKind::kInvalid, "a table is named DATASET.TABLE", "load.table");
  TRY(lake::CheckLevels(request_.table.space));
  TRY(lake::CheckPart("table name", request_.table.name));
  if (!request_.schema.empty()) given_ = TRY(ParseSchema(request_.schema, request_.key));
  before_ = TRY(shape_.Find());
  const bool by_key = request_.mode == LoadMode::kUpsert || request_.mode == LoadMode::kDelete;
  if (before_ && by_key && before_->identifier_field_ids().empty())
    return MakeError(ErrorKind::kInvalid,
                     "table " + lake::TextOf(request_.table) + " has no key to go by",
                     "table.no_key");
  if (!before_ && request_.mode == LoadMode::kDelete)
    return MakeError(ErrorKind::kNotFound,
                     "table " + lake::TextOf(request_.table) + " doesn't exist", "table.not_found");
  const bool has_key = !request_.key.empty() || (given_ && !given_->identifier_field_ids().empty());
  if (!before_ && request_.mode == LoadMode::kUpsert && !has_key)
    return MakeError(ErrorKind::kInvalid,
                     "a table whose rows are to be replaced by key needs one: name its columns",
                     "table.no_key");
  return before_ && given_ ? CheckGiven(*before_) : Result<void>();
}

// A schema that comes along with files for a table that is there must be a part of the table's.
Result<void> LoadRun::CheckGiven(const Schema& table) const {
  for (const Field& field : given_->fields()) {
    const Field* column = table.FindByName(field.name);
    if (column == nullptr && !request_.add_columns)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the schema has the column '{}', and table {} doesn't; "
                                   "add_columns (--add-columns) adds it",
                                   field.name, lake::TextOf(request_.table)),
                       "load.columns");
    if (column != nullptr && !SameLayout(column->type, field.type))
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("column '{}' is {} in the schema, and {} in table {}", field.name,
                      field.type.Text(), column->type.Text(), lake::TextOf(request_.table)),
          "load.type");
  }
  return {};
}

Result<void> LoadRun::OpenSession() {
  sources_ = TRY(FindSources(loader_.store_, loader_.database_, request_,
                             loader_.options_.unpacked_bytes_max, work_, go_on_));
  progress_.files = static_cast<int64_t>(sources_.size());
  engine::SessionRequest session;
  session.limits = loader_.options_.limits;
  session.settings = {{"TimeZone", "UTC"}};
  for (size_t i = 0; i < sources_.size(); ++i)
    session.inputs.push_back({std::to_string(i), sources_[i].path});
  session_ = TRY(loader_.engine_.Open(session));
  return {};
}

Result<void> LoadRun::OpenTables() {
  // A CSV file without a header has the columns of the schema given, else of the table.
  std::vector<std::string> names;
  const Schema* shape = given_ ? &*given_ : before_ ? &*before_ : nullptr;
  if (shape != nullptr)
    for (const Field& field : shape->fields()) {
      const bool key = std::ranges::find(shape->identifier_field_ids(), field.id) !=
                       shape->identifier_field_ids().end();
      if (request_.mode != LoadMode::kDelete || key || given_) names.push_back(field.name);
    }
  for (size_t i = 0; i < sources_.size(); ++i) {
    TRY(go_on_());
    FileTable table = TRY(FileTable::Open(*session_, sources_[i], i, names, go_on_));
    tables_.push_back(std::move(table));
  }
  return {};
}

Result<Schema> LoadRun::InferSchema() {
  std::vector<Field> fields;
  const FileTable& first = tables_.front();
  for (const FileColumn& column : first.columns()) {
    Field field;
    field.name = column.name;
    Result<Type> type = first.Infer(*session_, column);
    if (!type.ok()) return std::move(type).error().Within(first.source().name);
    field.type = std::move(type).take();
    fields.push_back(std::move(field));
  }
  if (fields.empty())
    return MakeError(ErrorKind::kInvalid,
                     first.source().name + ": there are no columns to make a table of",
                     "load.columns");
  return SchemaOfFields(std::move(fields), request_.key);
}

Result<void> LoadRun::MakeTable() {
  if (before_) return AddColumns(*before_);
  Schema schema;
  if (given_)
    schema = *given_;
  else
    schema = TRY(InferSchema());
  TRY(shape_.Make(schema));
  report_.table_made = true;
  return request_.add_columns ? AddColumns(schema) : Result<void>();
}

Result<void> LoadRun::AddColumns(const Schema& table) {
  if (!request_.add_columns || request_.mode == LoadMode::kDelete) return {};
  std::vector<Field> fields;
  const auto known = [&](const std::string& name) {
    return table.FindIgnoringCase(name) != nullptr || table.FindByName(name) != nullptr ||
           std::ranges::any_of(fields, [&](const Field& field) { return field.name == name; });
  };
  for (const FileTable& file : tables_)
    for (const FileColumn& column : file.columns()) {
      if (known(column.name)) continue;
      Field field;
      field.name = column.name;
      const Field* given = given_ ? given_->FindByName(column.name) : nullptr;
      if (given != nullptr)
        field.type = given->type;
      else
        field.type = TRY(file.Infer(*session_, column));
      fields.push_back(std::move(field));
    }
  if (fields.empty()) return {};
  TRY(shape_.AddColumns(fields));
  for (const Field& field : fields) report_.columns_added.push_back(field.name);
  return {};
}

// Before a file is read: what comes out of it would have no form here either.
Result<void> LoadRun::CheckWritable(const Schema& schema) const {
  for (const Field* field : schema.AllFields())
    if (field->type.Is(TypeKind::kFixed))
      return MakeError(
          ErrorKind::kUnsupported,
          fmt::format("column '{}' of table {} is of type {}, of which no files can be "
                      "written here",
                      schema.FullNameOf(field->id), lake::TextOf(request_.table),
                      field->type.Text()),
          "load.type");
  return {};
}

Result<void> LoadRun::ChooseTarget() {
  transaction_ = loader_.writer_.Begin();
  const Schema schema = TRY(transaction_->SchemaOf(request_.table));
  if (request_.mode != LoadMode::kDelete) {
    TRY(CheckWritable(schema));
    target_ = schema;
    return {};
  }
  std::vector<int32_t> ids = schema.identifier_field_ids();
  std::ranges::sort(ids);
  std::vector<Field> key;
  for (const int32_t id : ids) {
    const Field* field = schema.Find(id);
    if (schema.ParentOf(id) != nullptr)
      return MakeError(
          ErrorKind::kUnsupported,
          fmt::format("the key column '{}' lies within another", schema.FullNameOf(id)));
    key.push_back(*field);
  }
  target_ = TRY(Schema::Make(0, std::move(key)));
  return {};
}

Result<void> LoadRun::Take(const Batch& batch) {
  report_.rows += batch.rows();
  progress_.rows = report_.rows;
  if (request_.mode == LoadMode::kUpsert) return transaction_->Upsert(request_.table, batch);
  if (request_.mode == LoadMode::kDelete) return transaction_->Delete(request_.table, batch);
  return transaction_->Append(request_.table, batch);
}

Result<void> LoadRun::LoadFiles() {
  if (request_.mode == LoadMode::kReplace) TRY(transaction_->Replace(request_.table));
  for (const FileTable& table : tables_) {
    FileLoad load = TRY(FileLoad::Plan(table, target_, request_.mode == LoadMode::kDelete));
    Result<void> loaded =
        load.Run(*session_, bad_, go_on_, [this](const Batch& batch) { return Take(batch); });
    if (!loaded.ok()) return InFile(table.source(), std::move(loaded).error());
    ++progress_.files_done;
    ++report_.files;
    if (bad_.enough()) break;
  }
  return bad_.Check();
}

Result<void> LoadRun::Commit() {
  session_.reset();
  progress_.committing = true;
  const std::vector<lake::CommittedTable> done = TRY(transaction_->Commit());
  shape_.Keep();
  for (const lake::CommittedTable& table : done) {
    report_.snapshot_id = table.snapshot_id;
    report_.rows_added = table.added_rows;
    report_.rows_deleted = table.deleted_rows;
  }
  return {};
}

Result<void> LoadRun::Run() {
  TRY(CheckRequest());
  TRY(OpenSession());
  TRY(OpenTables());
  TRY(MakeTable());
  TRY(ChooseTarget());
  TRY(LoadFiles());
  TRY(go_on_());
  return Commit();
}

Result<void> Loader::Load(const LoadRequest& request, LoadReport& report, LoadProgress& progress,
                          const std::function<Result<void>()>& go_on) {
  return LoadRun(*this, request, report, progress, go_on).Run();
}

}  // namespace caudal::transfer
