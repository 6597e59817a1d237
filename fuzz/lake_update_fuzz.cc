// Any JSON is a commit or is refused; what a commit makes is metadata that can be read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lake/format/metadata_update.h"

namespace {

constexpr std::string_view kBase = R"({"format-version":2,
  "table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"gs://lake/t",
  "last-sequence-number":1,"last-updated-ms":5,"last-column-id":2,"current-schema-id":0,
  "schemas":[{"type":"struct","schema-id":0,"fields":[
    {"id":1,"name":"a","required":true,"type":"long"},
    {"id":2,"name":"b","required":false,"type":"string"}]}],
  "partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0,"last-partition-id":999,
  "sort-orders":[{"order-id":0,"fields":[]}],"default-sort-order-id":0,
  "current-snapshot-id":5,"snapshots":[{"snapshot-id":5,"sequence-number":1,"timestamp-ms":5,
    "manifest-list":"gs://l","summary":{"operation":"append"}}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal::lake;
  const auto json = caudal::ParseJson({reinterpret_cast<const char*>(data), size}, "commit");
  if (!json.ok() || !json->is_object()) return 0;
  static const TableMetadata kTable = ParseTableMetadata(kBase).value();
  const caudal::Json requirements = json->value("requirements", caudal::Json::array());
  const caudal::Json updates = json->value("updates", caudal::Json::array());
  (void)CheckRequirements(requirements, &kTable).ok();
  for (const TableMetadata* base : {&kTable, static_cast<const TableMetadata*>(nullptr)}) {
    const auto made = ApplyUpdates(base, updates, {10, "gs://lake/t/v1.json", 10});
    if (!made.ok()) continue;
    const auto again = ParseTableMetadata(caudal::DumpJson(TableMetadataToJson(*made)));
    if (!again.ok() || !(*again == *made)) abort();
  }
  return 0;
}
