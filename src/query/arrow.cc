// A stream of Arrow batches ("IPC streaming format"): a message with the schema, one a dictionary,
// one a batch, and the mark of the end.
#include "query/arrow_body.h"
#include "query/arrow_columns.h"
#include "query/result_formats.h"

namespace caudal::query {
namespace {

constexpr uint32_t kContinuation = 0xFFFFFFFF;
constexpr size_t kAlignment = 8;

void AppendInt(std::string& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class ArrowWriter final : public ResultWriter {
 public:
  explicit ArrowWriter(std::vector<ArrowColumn> columns) : columns_(std::move(columns)) {}

  Result<void> Begin(std::string& out) override {
    builder_.Clear();
    std::vector<flatbuffers::Offset<ipc::Field>> fields;
    for (const ArrowColumn& column : columns_) {
      const auto field = TRY(column.Write(builder_));
      fields.push_back(field);
    }
    const auto schema = ipc::CreateSchemaDirect(builder_, ipc::Endianness::Little, &fields);
    AppendMessage(out, ipc::MessageHeader::Schema, schema.Union(), 0);
    return {};
  }

  Result<void> Add(const engine::Batch& batch, std::string& out) override {
    const ArrowArray& rows = batch.array();
    if (!dictionaries_sent_) {
      for (size_t i = 0; i < columns_.size(); ++i)
        TRY(SendDictionaries(columns_[i], *rows.children[i], out));
      dictionaries_sent_ = true;
    }
    ArrowBody body;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const ArrowArray& column = *rows.children[i];
      TRY(body.Add(columns_[i], column, rows.offset + column.offset, rows.length));
    }
    builder_.Clear();
    const auto record = BatchOf(body, rows.length);
    AppendMessage(out, ipc::MessageHeader::RecordBatch, record.Union(), body.bytes());
    body.AppendTo(out);
    rows_ += static_cast<uint64_t>(rows.length);
    return {};
  }

  void End(std::string& out) override {
    AppendInt(out, kContinuation);
    AppendInt(out, 0);
  }
  bool Fail(const Error&, std::string&) override { return false; }

 private:
  // They are the same in all batches: a dictionary belongs to its type.
  Result<void> SendDictionaries(const ArrowColumn& column, const ArrowArray& array,
                                std::string& out) {
    for (size_t i = 0; i < column.children.size(); ++i)
      TRY(SendDictionaries(column.children[i], *array.children[i], out));
    if (column.dictionary < 0) return {};
    const ArrowArray& values = *array.dictionary;
    ArrowBody body;
    TRY(body.Add(column.dictionary_values[0], values, values.offset, values.length));
    builder_.Clear();
    const auto record = BatchOf(body, values.length);
    const auto dictionary = ipc::CreateDictionaryBatch(builder_, column.dictionary, record);
    AppendMessage(out, ipc::MessageHeader::DictionaryBatch, dictionary.Union(), body.bytes());
    body.AppendTo(out);
    return {};
  }

  flatbuffers::Offset<ipc::RecordBatch> BatchOf(const ArrowBody& body, int64_t length) {
    return ipc::CreateRecordBatchDirect(builder_, length, &body.nodes(), &body.buffers());
  }

  void AppendMessage(std::string& out, ipc::MessageHeader type, flatbuffers::Offset<void> header,
                     int64_t body_bytes) {
    builder_.Finish(
        ipc::CreateMessage(builder_, ipc::MetadataVersion::V5, type, header, body_bytes));
    const size_t size = builder_.GetSize();
    const size_t padded = (size + kAlignment - 1) / kAlignment * kAlignment;
    AppendInt(out, kContinuation);
    AppendInt(out, static_cast<uint32_t>(padded));
    out.append(reinterpret_cast<const char*>(builder_.GetBufferPointer()), size);
    out.append(padded - size, '\0');
  }

  const std::vector<ArrowColumn> columns_;
  flatbuffers::FlatBufferBuilder builder_;
  bool dictionaries_sent_ = false;
};

}  // namespace

Result<std::unique_ptr<ResultWriter>> MakeArrowWriter(const engine::Field& root) {
  std::vector<ArrowColumn> columns;
  int64_t dictionaries = 0;
  for (const engine::Field& field : root.children) {
    ArrowColumn column = TRY(ArrowColumn::Make(field, dictionaries));
    columns.push_back(std::move(column));
  }
  return std::make_unique<ArrowWriter>(std::move(columns));
}

}  // namespace caudal::query
