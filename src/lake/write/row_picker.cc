#include "lake/write/row_picker.h"

namespace caudal::lake {

void AppendRows(BatchBuilder& builder, const Batch& batch, std::span<const int64_t> rows) {
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    for (size_t i = 0; i < batch.columns().size(); ++i)
      builder.column(i).AppendRows(batch.column(i), rows[begin], static_cast<int64_t>(end - begin));
    begin = end;
  }
}

Result<Batch> PickRows(const Schema& schema, const Batch& batch, std::span<const int64_t> rows) {
  BatchBuilder builder = TRY(BatchBuilder::Make(schema));
  AppendRows(builder, batch, rows);
  return builder.Finish();
}

}  // namespace caudal::lake
