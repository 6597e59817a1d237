// Queries over tables of a store in a temporary folder; files may be any that DuckDB can write.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/test_engine.h"
#include "lake/catalog/locations.h"
#include "lake/format/manifest.h"
#include "lake/write/writer_fixture.h"
#include "os/file.h"
#include "query/queries.h"

namespace caudal::query {

class QueryFixture : public lake::WriterFixture {
 protected:
  void SetUp() override {
    WriterFixture::SetUp();
    files_ = std::make_unique<engine::TestEngine>(1);
    query_options_.engine.worker_command = {os::OwnProgram().value(), engine::kWorkerCommand};
    query_options_.engine.folder = folder_ + "/queries";
    OpenQueries();
  }
  void TearDown() override {
    queries_.reset();
    files_.reset();
    WriterFixture::TearDown();
  }
  void OpenQueries() {
    queries_.reset();
    queries_ = MakeQueries(query_options_, *catalog_, *store_, *manifests_, writer_->deletes());
  }

  // Rows as "1|a", NULL as "-"; the tables that were read are kept.
  Result<std::vector<std::string>> Run(const QueryRequest& request) {
    std::unique_ptr<Query> query = TRY(queries_->Run(request));
    tables_ = query->tables();
    columns_.clear();
    for (const engine::Column& column : query->rows().columns())
      columns_.push_back(column.name + " " + column.type);
    const engine::Table table = TRY(engine::ReadAll(query->rows(), 1'000'000));
    std::vector<std::string> rows;
    for (const auto& row : table.rows) {
      std::string text;
      for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row[i].value_or("-");
      rows.push_back(std::move(text));
    }
    return rows;
  }
  std::vector<std::string> Rows(const std::string& sql, std::vector<Parameter> parameters = {}) {
    QueryRequest request;
    request.sql = sql;
    request.parameters = std::move(parameters);
    const Result<std::vector<std::string>> rows = Run(request);
    EXPECT_TRUE(rows.ok()) << sql << ": " << (rows.ok() ? "" : rows.error().message);
    return rows.ok() ? *rows : std::vector<std::string>{"failed"};
  }
  Error Fails(const std::string& sql) {
    QueryRequest request;
    request.sql = sql;
    const Result<std::vector<std::string>> rows = Run(request);
    EXPECT_FALSE(rows.ok()) << sql;
    return rows.ok() ? Error{} : rows.error();
  }

  // A file of the table, made by `select`; `ids` is COPY's FIELD_IDS: "{id: 1}", or empty.
  lake::DataFile WriteFile(const std::string& select, const std::string& ids) {
    const auto session = files_->Open();
    const std::string copy = "COPY (" + select + ") TO 'out/f' (FORMAT parquet" +
                             (ids.empty() ? "" : ", FIELD_IDS " + ids) + ")";
    const Result<int64_t> rows = session->Execute(engine::Trusted(copy));
    EXPECT_TRUE(rows.ok()) << copy << ": " << (rows.ok() ? "" : rows.error().message);
    const engine::Output output = session->TakeOutput("f").value();
    lake::DataFile file;
    file.path = "gs://lake/data/" + std::to_string(++written_) + ".parquet";
    file.record_count = rows.value();
    file.file_size_bytes = static_cast<int64_t>(output.bytes);
    PutObject(file.path, os::ReadFile(output.path, 64u << 20).value());
    return file;
  }
  void PutObject(const std::string& uri, const std::string& bytes) {
    const lake::ObjectPlace place = lake::PlaceOf(uri).value();
    objects::WriteRequest request;
    request.bucket = place.bucket;
    request.name = place.name;
    ASSERT_TRUE(store_->Put(request, bytes).ok());
  }

  // A snapshot with what the one before has, and these, as another engine would commit it.
  int64_t Commit(const std::string& table, const std::vector<lake::DataFile>& files) {
    const lake::LoadedTable loaded = catalog_->Load(Name(table)).value();
    const lake::TableMetadata& metadata = *loaded.metadata;
    const int64_t id = 1'000 + ++snapshots_;
    std::vector<lake::ManifestFile> manifests;
    const lake::Snapshot* before = metadata.current_snapshot();
    if (before != nullptr)
      for (const lake::SharedManifest& manifest : manifests_->Read(*before).value()->manifests)
        manifests.push_back(manifest->listed);
    for (const bool data : {true, false}) AddManifest(metadata, files, data, id, manifests);
    lake::ManifestListHeader header;
    header.snapshot_id = id;
    header.sequence_number = metadata.last_sequence_number + 1;
    const std::string list = "gs://lake/meta/list-" + std::to_string(id) + ".avro";
    PutObject(list, lake::WriteManifestList(header, manifests).value());
    const Json updates = Json::array({{{"action", "add-snapshot"},
                                       {"snapshot",
                                        {{"snapshot-id", id},
                                         {"sequence-number", header.sequence_number},
                                         {"timestamp-ms", clock_.Now() / 1000},
                                         {"manifest-list", list},
                                         {"summary", {{"operation", "append"}}},
                                         {"schema-id", metadata.current_schema_id}}}},
                                      {{"action", "set-snapshot-ref"},
                                       {"ref-name", "main"},
                                       {"type", "branch"},
                                       {"snapshot-id", id}}});
    const auto done = catalog_->Commit({{Name(table), Json::array(), updates}});
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
    return id;
  }
  void Update(const std::string& table, const Json& updates) {
    const auto done = catalog_->Commit({{Name(table), Json::array(), updates}});
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
  }
  // The table's schema becomes this one; `fields` is JSON.
  void SetSchema(const std::string& table, const std::string& fields) {
    Update(table, Json::array({{{"action", "add-schema"},
                                {"schema", {{"type", "struct"}, {"fields", Json::parse(fields)}}}},
                               {{"action", "set-current-schema"}, {"schema-id", -1}}}));
  }
  void MakeTable(const std::string& name, std::vector<Field> fields,
                 lake::PartitionSpec spec = {}) {
    lake::NewTable table;
    table.schema = Schema::Make(0, std::move(fields)).value();
    table.spec = std::move(spec);
    Make(name, table);
  }

  QueriesOptions query_options_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<engine::TestEngine> files_;
  std::vector<QueryTable> tables_;
  std::vector<std::string> columns_;  // "id BIGINT"

 private:
  void AddManifest(const lake::TableMetadata& metadata, const std::vector<lake::DataFile>& files,
                   bool data, int64_t id, std::vector<lake::ManifestFile>& manifests) {
    lake::ManifestHeader header;
    header.schema = metadata.schema();
    header.spec = metadata.spec();
    header.content = data ? lake::ManifestContent::kData : lake::ManifestContent::kDeletes;
    auto writer = lake::ManifestWriter::Make(header, id).value();
    bool any = false;
    for (const lake::DataFile& file : files) {
      if ((file.content == lake::FileContent::kData) != data) continue;
      lake::ManifestEntry entry;
      entry.snapshot_id = id;
      entry.file = file;
      const Result<void> added = writer.Add(entry);
      EXPECT_TRUE(added.ok()) << (added.ok() ? "" : added.error().message);
      any = true;
    }
    if (!any) return;
    auto finished = writer.Finish();
    finished.file.path = "gs://lake/meta/" + std::to_string(id) + (data ? "-d" : "-x") + ".avro";
    PutObject(finished.file.path, finished.bytes);
    manifests.push_back(finished.file);
  }

  int written_ = 0;
  int snapshots_ = 0;
};

}  // namespace caudal::query
