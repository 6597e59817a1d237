// Arrow streams, read back with what the specification says of them and nothing of the writer's.
#include <gmock/gmock.h>

#include <deque>
#include <functional>

#include "engine/schema.h"
#include "query/arrow_generated.h"
#include "query/test_rows.h"

namespace caudal::query {
namespace {

using engine::Field;
using Kind = engine::Shape::Kind;

struct Message {
  const ipc::Message* header = nullptr;  // null: the mark of the end
  std::string_view body;
};

// The rows of a stream whose columns are of known types, as they are in it.
class StreamRows final : public engine::Rows {
 public:
  StreamRows(std::string stream, Field root, std::vector<engine::Column> columns)
      : stream_(std::move(stream)),
        left_(stream_),
        root_(std::move(root)),
        exported_(root_),
        columns_(std::move(columns)) {
    EXPECT_EQ(NextMessage().header->header_type(), ipc::MessageHeader::Schema);
  }
  const std::vector<engine::Column>& columns() const override { return columns_; }
  const ArrowSchema& schema() const override { return exported_.schema(); }
  int64_t rows_changed() const override { return 0; }
  bool done() const { return left_.empty(); }

  Result<std::optional<engine::Batch>> Next() override {
    while (true) {
      const Message message = NextMessage();
      if (message.header == nullptr) return std::optional<engine::Batch>();
      body_ = message.body;
      if (const auto* dictionary = message.header->header_as_DictionaryBatch()) {
        Open(*dictionary->data());
        dictionaries_.push_back(ReadArray(DictionaryField(root_, dictionary->id())));
        CheckAllRead();
        continue;
      }
      batch_ = message.header->header_as_RecordBatch();
      Open(*batch_);
      children_.clear();
      dictionary_ = 0;
      for (const Field& field : root_.children) children_.push_back(ReadArray(field));
      CheckAllRead();
      root_array_ = ArrowArray{};
      root_array_.length = batch_->length();
      root_array_.n_children = static_cast<int64_t>(children_.size());
      root_array_.children = children_.data();
      return std::optional<engine::Batch>(engine::Batch(nullptr, &root_array_));
    }
  }

 private:
  Message NextMessage() {
    EXPECT_EQ((stream_.size() - left_.size()) % 8, 0u);
    EXPECT_EQ(TakeInt(), 0xFFFFFFFFu);
    const uint32_t size = TakeInt();
    if (size == 0) return {};
    EXPECT_EQ(size % 8, 0u);
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(left_.data()), size);
    EXPECT_TRUE(ipc::VerifyMessageBuffer(verifier));
    const ipc::Message* header = ipc::GetMessage(left_.data());
    EXPECT_EQ(header->version(), ipc::MetadataVersion::V5);
    left_.remove_prefix(size);
    const auto body_bytes = static_cast<size_t>(header->body_length());
    EXPECT_LE(body_bytes, left_.size());
    const std::string_view body = left_.substr(0, body_bytes);
    left_.remove_prefix(body_bytes);
    return {header, body};
  }
  uint32_t TakeInt() {
    uint32_t value = 0;
    EXPECT_GE(left_.size(), sizeof value);
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  void Open(const ipc::RecordBatch& batch) {
    batch_ = &batch;
    node_ = 0;
    buffer_ = 0;
  }
  void CheckAllRead() {
    EXPECT_EQ(node_, batch_->nodes()->size());
    EXPECT_EQ(buffer_, batch_->buffers()->size());
  }
  // Dictionaries are numbered as fields are met, parents first.
  static const Field& DictionaryField(const Field& root, int64_t number) {
    std::vector<const Field*> found;
    const std::function<void(const Field&)> look = [&](const Field& field) {
      if (!field.dictionary.empty()) found.push_back(&field.dictionary[0]);
      for (const Field& child : field.children) look(child);
    };
    look(root);
    return *found.at(static_cast<size_t>(number));
  }
  ArrowArray* ReadArray(const Field& field) {
    ArrowArray& array = arrays_.emplace_back();
    const ipc::FieldNode* node = batch_->nodes()->Get(node_++);
    array.length = node->length();
    array.null_count = node->null_count();
    std::vector<const void*>& buffers = buffers_.emplace_back();
    for (int i = 0; i < field.shape.buffers(); ++i) {
      const ipc::Buffer* buffer = batch_->buffers()->Get(buffer_++);
      EXPECT_EQ(buffer->offset() % 8, 0);
      EXPECT_LE(static_cast<size_t>(buffer->offset() + buffer->length()), body_.size());
      buffers.push_back(buffer->length() == 0 ? nullptr : body_.data() + buffer->offset());
    }
    array.buffers = buffers.data();
    std::vector<ArrowArray*>& children = lists_.emplace_back();
    for (const Field& child : field.children) children.push_back(ReadArray(child));
    array.children = children.data();
    array.n_children = static_cast<int64_t>(children.size());
    if (!field.dictionary.empty()) {
      array.dictionary = dictionaries_.at(dictionary_++);
    }
    return &array;
  }

  const std::string stream_;
  std::string_view left_;
  const Field root_;
  const engine::ExportedSchema exported_;
  const std::vector<engine::Column> columns_;
  const ipc::RecordBatch* batch_ = nullptr;
  std::string_view body_;
  flatbuffers::uoffset_t node_ = 0;
  flatbuffers::uoffset_t buffer_ = 0;
  size_t dictionary_ = 0;
  std::deque<ArrowArray> arrays_;
  std::deque<std::vector<const void*>> buffers_;
  std::deque<std::vector<ArrowArray*>> lists_;
  std::vector<ArrowArray*> dictionaries_;
  std::vector<ArrowArray*> children_;
  ArrowArray root_array_{};
};

class ArrowStreams : public testing::Test {
 protected:
  // The same but for the type of booleans, which a stream has in bits.
  static Field InStream(Field field) {
    if (field.ExtensionType() == "arrow.bool8") {
      field.format = "b";
      field.metadata.clear();
      field.shape = {Kind::kBits, 0, {}};
    }
    for (Field& child : field.children) child = InStream(child);
    return field;
  }
  // The same text comes from the stream as from the rows.
  void ExpectSame(const std::string& sql) {
    const std::string expected = WriteAll(Format::kJsonLines, *session_, sql);
    const auto rows = session_->Run(engine::Sql(sql)).value();
    EXPECT_EQ(ReadBack(*rows), expected);
  }
  std::string ReadBack(engine::Rows& rows) {
    const Field root = InStream(Field::From(rows.schema()).value());
    const Result<std::string> stream = WriteAll(Format::kArrow, rows);
    EXPECT_TRUE(stream.ok()) << stream.error().message;
    StreamRows read(*stream, root, rows.columns());
    const std::string text = WriteAll(Format::kJsonLines, read).value();
    EXPECT_TRUE(read.done());
    return text;
  }

  engine::TestEngine engine_{1};
  std::unique_ptr<engine::Session> session_ = engine_.Open();
};

// Nulls, nested ones too, and every kind of buffer.
constexpr const char* kRows =
    "SELECT i::INTEGER AS a, CASE WHEN i % 3 = 0 THEN NULL ELSE 'text ' || i END AS b, CASE WHEN i "
    "% 5 = 0 THEN NULL ELSE [i, NULL] END AS c, {'s': i % 2 = 0, 't': CASE WHEN i % 4 = 0 THEN "
    "NULL "
    "ELSE [{'u': i}] END} AS d, [i, NULL]::INTEGER[2] AS e, MAP {i: i, -1 - i: NULL} AS f, (CASE "
    "WHEN "
    "i "
    "% 2 = 0 THEN 'x' ELSE 'y' END)::ENUM('x', 'y') AS g, i % 7 < 3 AS h, NULL AS j, CASE WHEN i % "
    "11 = 0 THEN NULL ELSE i::DECIMAL(38,4) END AS k, TIMESTAMPTZ '2020-01-01 00:00:00+00' + "
    "to_seconds(i) AS l, INTERVAL (i) DAY AS m, i::VARCHAR::BLOB AS n, CASE WHEN i % 2 = 0 THEN "
    "union_value(u := i::INTEGER) ELSE NULL END AS o FROM range(5000) t(i)";

TEST_F(ArrowStreams, SayTheSameAsTheRows) {
  ExpectSame(kRows);
  ExpectSame(
      "SELECT * EXCLUDE (hugeint, uhugeint, bit, bignum, time_tz, small_enum, medium_enum, "
      "large_enum) FROM test_all_types()");
  ExpectSame("SELECT 1::TINYINT AS a, 'x' AS b WHERE false");
}

TEST_F(ArrowStreams, OfSlicesHoldTheirRowsOnly) {
  for (const auto& [first, length] : {std::pair{13, 20}, {8, 64}, {1, 1}, {40, 0}}) {
    const std::string expected = WriteAll(Format::kJsonLines, *session_,
                                          std::string(kRows) + " LIMIT " + std::to_string(length) +
                                              " OFFSET " + std::to_string(first));
    const auto rows =
        session_->Run(engine::Sql(std::string("FROM (") + kRows + ") LIMIT 100")).value();
    SlicedRows sliced(*rows, first, length);
    EXPECT_EQ(ReadBack(sliced), expected);
  }
}

TEST_F(ArrowStreams, HugeintsBeyondDecimalsSaySo) {
  const auto write = [&](const std::string& value) {
    const auto rows = session_->Run(engine::Sql("SELECT " + value + " AS big")).value();
    return WriteAll(Format::kArrow, *rows);
  };
  EXPECT_TRUE(write("'99999999999999999999999999999999999999'::HUGEINT").ok());
  EXPECT_TRUE(write("'-99999999999999999999999999999999999999'::HUGEINT").ok());
  EXPECT_TRUE(write("NULL::HUGEINT").ok());
  for (const char* value : {"'100000000000000000000000000000000000000'::HUGEINT",
                            "'-170141183460469231731687303715884105728'::HUGEINT",
                            "'340282366920938463463374607431768211455'::UHUGEINT"}) {
    const Result<std::string> stream = write(value);
    ASSERT_FALSE(stream.ok());
    EXPECT_TRUE(stream.error().Is(ErrorKind::kUnsupported));
    EXPECT_THAT(stream.error().message, testing::HasSubstr("'big'"));
  }
}

}  // namespace
}  // namespace caudal::query
