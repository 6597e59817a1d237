// CSV as RFC 4180 has it. An empty cell is NULL, "" is a text without characters.
#include <algorithm>

#include "query/result_formats.h"
#include "query/values.h"

namespace caudal::query {
namespace {

void AppendCell(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  while (true) {
    const size_t quote = text.find('"');
    out += text.substr(0, quote);
    if (quote == std::string_view::npos) break;
    out += R"("")";
    text.remove_prefix(quote + 1);
  }
  out += '"';
}

class CsvWriter final : public ResultWriter {
 public:
  CsvWriter(std::vector<std::string> names, std::vector<ValueWriter> values)
      : names_(std::move(names)), values_(std::move(values)) {}

  Result<void> Begin(std::string& out) override {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (i > 0) out += ',';
      AppendCell(out, names_[i]);
    }
    out += "\r\n";
    return {};
  }

  Result<void> Add(const engine::Batch& batch, std::string& out) override {
    const ArrowArray& rows = batch.array();
    for (int64_t row = 0; row < rows.length; ++row) {
      for (size_t i = 0; i < values_.size(); ++i) {
        if (i > 0) out += ',';
        AppendValue(out, values_[i], *rows.children[i], row + rows.offset);
      }
      out += "\r\n";
    }
    rows_ += static_cast<uint64_t>(rows.length);
    return {};
  }

  void End(std::string&) override {}
  bool Fail(const Error&, std::string&) override { return false; }

 private:
  void AppendValue(std::string& out, const ValueWriter& value, const ArrowArray& array,
                   int64_t row) {
    if (value.IsNull(array, row)) return;
    using Look = ValueWriter::Look;
    if (value.look() == Look::kBare) return value.AppendText(out, array, row);
    // Base64 and bits of no bytes are empty too.
    cell_.clear();
    value.AppendText(cell_, array, row);
    AppendCell(out, cell_);
  }

  const std::vector<std::string> names_;
  const std::vector<ValueWriter> values_;
  std::string cell_;  // kept for its memory
};

}  // namespace

Result<std::unique_ptr<ResultWriter>> MakeCsvWriter(const engine::Field& root) {
  std::vector<std::string> names;
  std::vector<ValueWriter> values;
  for (const engine::Field& field : root.children) {
    names.push_back(field.name);
    ValueWriter value = TRY(ValueWriter::Make(field));
    values.push_back(std::move(value));
  }
  return std::make_unique<CsvWriter>(std::move(names), std::move(values));
}

}  // namespace caudal::query
