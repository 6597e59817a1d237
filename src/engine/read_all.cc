#include "engine/rows.h"
#include "engine/schema.h"
#include "engine/text.h"

namespace caudal::engine {
namespace {

std::optional<std::string> TextAt(const ArrowArray& array, const Field& field, int64_t row) {
  if (IsNull(array, field, row)) return std::nullopt;
  std::string text;
  AppendText(text, array, field, row);
  return text;
}

}  // namespace

Result<Table> ReadAll(Rows& rows, size_t rows_max) {
  Table table{rows.columns(), {}};
  const Field root = TRY(Field::From(rows.schema()));
  while (true) {
    const std::optional<Batch> batch = TRY(rows.Next());
    if (!batch) return table;
    const auto count = static_cast<size_t>(batch->rows());
    if (count > rows_max - table.rows.size())
      return MakeError(ErrorKind::kLimit,
                       "the result has more than " + std::to_string(rows_max) + " rows");
    for (int64_t i = 0; i < batch->rows(); ++i) {
      std::vector<std::optional<std::string>>& row = table.rows.emplace_back();
      row.reserve(root.children.size());
      for (size_t k = 0; k < root.children.size(); ++k)
        row.push_back(TextAt(*batch->array().children[k], root.children[k], i));
    }
  }
}

}  // namespace caudal::engine
