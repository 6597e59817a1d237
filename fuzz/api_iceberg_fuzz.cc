// The body of any request of the Iceberg catalogue is understood or refused; what is understood
// makes tables and commits whose metadata can be read again. The first byte chooses the request and
// the client, the rest is the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/iceberg/bodies.h"
#include "api/iceberg/engine_access.h"
#include "lake/catalog/locations.h"
#include "lake/format/schema_json.h"

namespace {

using namespace caudal;                // NOLINT(google-build-using-namespace)
using namespace caudal::api::iceberg;  // NOLINT(google-build-using-namespace)

void CheckStays(const lake::TableMetadata& table) {
  const auto again = lake::ParseTableMetadata(DumpJson(lake::TableMetadataToJson(table)));
  if (!again.ok() || !(*again == table)) abort();
}

void CheckCreate(const http::Request& request) {
  auto create = ReadTableToCreate(request);
  if (!create.ok()) return;
  create->table.uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
  if (create->table.location.empty()) create->table.location = "gs://lake/t";
  const auto made = lake::MakeTableMetadata(create->table, 10);
  if (!made.ok()) return;
  CheckStays(*made);
  // What the answer tells DuckDB comes back in its commit, and leaves no trace.
  Json shown = lake::TableMetadataToJson(*made);
  AdaptMetadata(request, shown);
  UndoAdaption(request, shown);
}

void CheckChange(const lake::TableChange& change) {
  static const lake::TableMetadata kTable = [] {
    lake::NewTable table;
    table.uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
    table.location = "gs://lake/t";
    table.schema = lake::SchemaFromJson(Json::parse(R"({"type":"struct","fields":[
                           {"id":1,"name":"a","required":true,"type":"long"},
                           {"id":2,"name":"b","required":false,"type":"string"}]})"))
                       .value();
    return lake::MakeTableMetadata(table, 5).value();
  }();
  for (const lake::TableMetadata* base :
       {&kTable, static_cast<const lake::TableMetadata*>(nullptr)}) {
    (void)lake::CheckRequirements(change.requirements, base).ok();
    const auto made = lake::ApplyUpdates(base, change.updates, {10, "gs://lake/t/v1.json", 10});
    if (made.ok()) CheckStays(*made);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  http::Request request;
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  request.headers.Add("User-Agent", (data[0] & 8) != 0 ? "duckdb/v1.5.5" : "fuzz");
  request.base_url = "http://127.0.0.1:8080";
  switch (data[0] & 7) {
    case 0:
      CheckCreate(request);
      break;
    case 1:
      if (const auto commit = ReadCommit({{"n"}, "t"}, request); commit.ok()) CheckChange(*commit);
      break;
    case 2:
      if (const auto changes = ReadTransaction(request); changes.ok())
        for (const lake::TableChange& change : *changes) CheckChange(change);
      break;
    case 3:
      if (const auto space = ReadNamespaceToCreate(request); space.ok())
        (void)lake::CheckLevels(space->levels).ok();
      break;
    case 4:
      (void)ReadPropertiesToChange(request).ok();
      break;
    case 5:
      if (const auto table = ReadTableToRegister(request); table.ok())
        (void)lake::PlaceOf(table->metadata_location).ok();
      break;
    case 6:
      if (const auto rename = ReadTableToRename(request); rename.ok())
        if (lake::TextOf(rename->from).empty() || lake::TextOf(rename->to).empty()) abort();
      break;
    default:
      (void)CheckMetrics(request).ok();
  }
  return 0;
}
