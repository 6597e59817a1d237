// JSON lines: the schema, an array a row, and at the end the number of rows or the error.
#include "query/result_formats.h"
#include "query/scalars.h"
#include "query/values.h"

namespace caudal::query {
namespace {

class JsonLinesWriter final : public ResultWriter {
 public:
  JsonLinesWriter(std::vector<engine::Column> columns, std::vector<ValueWriter> values)
      : columns_(std::move(columns)), values_(std::move(values)) {}

  Result<void> Begin(std::string& out) override {
    out += R"({"schema":[)";
    for (size_t i = 0; i < columns_.size(); ++i) {
      out += i == 0 ? R"({"name":)" : R"(,{"name":)";
      AppendJsonText(out, columns_[i].name);
      out += R"(,"type":)";
      AppendJsonText(out, columns_[i].type);
      out += '}';
    }
    out += "]}\n";
    return {};
  }

  Result<void> Add(const engine::Batch& batch, std::string& out) override {
    const ArrowArray& rows = batch.array();
    for (int64_t row = 0; row < rows.length; ++row) {
      out += '[';
      for (size_t i = 0; i < values_.size(); ++i) {
        if (i > 0) out += ',';
        values_[i].AppendJson(out, *rows.children[i], row + rows.offset);
      }
      out += "]\n";
    }
    rows_ += static_cast<uint64_t>(rows.length);
    return {};
  }

  void End(std::string& out) override {
    out += R"({"rows":)";
    AppendInteger(out, rows_);
    out += "}\n";
  }

  bool Fail(const Error& error, std::string& out) override {
    out += R"({"error":{"message":)";
    AppendJsonText(out, error.message);
    out += R"(,"reason":)";
    AppendJsonText(out, error.code.empty() ? NameOf(error.kind) : std::string_view(error.code));
    out += "}}\n";
    return true;
  }

 private:
  const std::vector<engine::Column> columns_;
  const std::vector<ValueWriter> values_;
};

}  // namespace

Result<std::unique_ptr<ResultWriter>> MakeJsonLinesWriter(
    const std::vector<engine::Column>& columns, const engine::Field& root) {
  std::vector<ValueWriter> values;
  for (const engine::Field& field : root.children) {
    ValueWriter value = TRY(ValueWriter::Make(field));
    values.push_back(std::move(value));
  }
  return std::make_unique<JsonLinesWriter>(columns, std::move(values));
}

}  // namespace caudal::query
