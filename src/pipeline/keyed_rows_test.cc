// Rows of change files, as ChangeBuilder makes them, into changes of a replica.
#include "pipeline/keyed_rows.h"

#include <gmock/gmock.h>

#include "capture/landing/change_builder.h"
#include "lake/format/new_table.h"
#include "pipeline/column_map.h"
#include "pipeline/unchanged_values.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeBuilder;
using capture::ChangeColumn;
using capture::ChangeOp;
using testing::ElementsAre;

class KeyedRowsTest : public testing::Test {
 protected:
  void SetUp() override { Open({{"id", Type(TypeKind::kInt), true, false, 1}}); }

  // Columns: the key's, and "note".
  void Open(std::vector<ChangeColumn> key) {
    columns_ = std::move(key);
    columns_.push_back({"note", Type(TypeKind::kString), false, false, 9});
    const capture::ChangeShape shape = capture::ShapeOf(columns_).value();
    key_text_ = shape.key_text;
    replica_ = Made(shape.replica);
    history_ = Made(shape.history);
    layout_ = ChangeLayoutOf(replica_, history_).value();
    builder_.emplace(
        ChangeBuilder::Make(history_.schema(), columns_.size(), shape.key_text).value());
  }
  lake::TableMetadata Made(const Schema& schema) {
    lake::NewTable table;
    table.uuid = "f79c3e09-677c-4bbd-a479-3f349cb785e7";
    table.location = "gs://lake/t";
    table.schema = schema;
    std::vector<MappedColumn> mapped;
    for (size_t i = 0; i < columns_.size(); ++i)
      mapped.push_back({static_cast<int32_t>(i) + 1, columns_[i].source_id, columns_[i].name});
    table.properties[kColumnsProperty] = TextOf(mapped);
    return lake::MakeTableMetadata(table, 0).value();
  }

  // `note` "?": unchanged. `before`: the key before.
  void Row(ChangeOp op, std::optional<int> id, const char* note, std::optional<int> before = {}) {
    id ? builder_->column(0).AppendInt(*id) : builder_->column(0).AppendNull();
    if (note == nullptr || std::string_view(note) == "?") {
      builder_->column(1).AppendNull();
      if (note != nullptr) builder_->Unchanged("note");
    } else {
      builder_->column(1).AppendBytes(note);
    }
    if (before) {
      builder_->before(0).AppendInt(*before);
      builder_->before(1).AppendNull();
    }
    builder_->EndRow({op, {1, 2, ordinal_++}, 3, before.has_value()});
  }
  // As it is read of a file: what the layout names, in its order.
  Batch Changes() {
    const Batch all = builder_->Finish().value();
    std::vector<Array> columns;
    for (const Field& field : layout_.read.fields()) {
      const auto& fields = history_.schema().fields();
      const size_t place =
          static_cast<size_t>(std::ranges::find(fields, field.id, &Field::id) - fields.begin());
      const Array& column = all.column(place);
      if (field.name != capture::kBefore && field.name != capture::kCaudal) {
        columns.push_back(column);
        continue;
      }
      std::vector<Array> parts;
      for (const Field& part : field.type.fields()) {
        const auto& every = fields[place].type.fields();
        parts.push_back(column.children()[static_cast<size_t>(
            std::ranges::find(every, part.name, &Field::name) - every.begin())]);
      }
      columns.push_back(column.WithChildren(field.type, std::move(parts)));
    }
    return {all.rows(), std::move(columns)};
  }
  static std::vector<std::string> TextsOf(const KeyedRows& keyed) {
    std::vector<std::string> texts;
    for (int64_t row = 0; row < keyed.rows.rows(); ++row) {
      const Array& note = keyed.rows.column(1);
      const bool put = keyed.changes[static_cast<size_t>(row)] == lake::RowChange::kPut;
      texts.push_back(std::string(put ? "+" : "-") +
                      std::to_string(keyed.rows.column(0).values<int32_t>()[row]) +
                      (put ? " " + (note.IsNull(row) ? "-" : std::string(note.bytes(row))) : ""));
    }
    return texts;
  }
  lake::KeyCodec Codec() const {
    return lake::KeyCodec::Make(layout_.replica, layout_.replica.identifier_field_ids()).value();
  }
  // The replica has notes of these keys.
  FindPresent Replica(std::map<int, std::string> notes) {
    return [this, notes = std::move(notes)](const Batch& keys,
                                            const Schema& columns) -> Result<lake::FoundRows> {
      lake::FoundRows found;
      BatchBuilder builder = TRY(BatchBuilder::Make(columns));
      for (int64_t row = 0; row < keys.rows(); ++row) {
        const auto note = notes.find(keys.column(0).values<int32_t>()[row]);
        ++looked_up_;
        found.places.push_back(note == notes.end() ? lake::FoundRows::kNone : builder.rows());
        if (note != notes.end()) builder.column(0).AppendBytes(note->second);
      }
      found.rows = TRY(builder.Finish());
      return found;
    };
  }

  std::vector<ChangeColumn> columns_;
  bool key_text_ = false;
  lake::TableMetadata replica_;
  lake::TableMetadata history_;
  ChangeLayout layout_;
  std::optional<ChangeBuilder> builder_;
  uint64_t ordinal_ = 0;
  int looked_up_ = 0;
};

TEST_F(KeyedRowsTest, RowsArePutAndRemovedByKey) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kUpdate, 1, "b");
  Row(ChangeOp::kDelete, 2, nullptr);
  Row(ChangeOp::kSnapshot, 3, nullptr);
  const KeyedRows keyed = KeyedRowsOf(layout_, Changes()).value();
  EXPECT_THAT(TextsOf(keyed), ElementsAre("+1 a", "+1 b", "-2", "+3 -"));
  EXPECT_TRUE(keyed.rows.column(2).type().Is(TypeKind::kStruct));
  EXPECT_EQ(keyed.rows.column(2).children().size(), 3u);
}

TEST_F(KeyedRowsTest, ARowThatMovesLeavesItsOldKey) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kUpdate, 2, "a", 1);
  Row(ChangeOp::kUpdate, 2, "b", 2);  // as with REPLICA IDENTITY FULL: the key is the same
  Row(ChangeOp::kUpdate, 3, "c", 2);
  EXPECT_THAT(TextsOf(KeyedRowsOf(layout_, Changes()).value()),
              ElementsAre("+1 a", "-1", "+2 a", "+2 b", "-2", "+3 c"));
}

TEST_F(KeyedRowsTest, TheLastTruncateIsFound) {
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_EQ(LastTruncate(layout_, Changes()), -1);
  Row(ChangeOp::kTruncate, {}, nullptr);
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kTruncate, {}, nullptr);
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_EQ(LastTruncate(layout_, Changes()), 2);
}

TEST_F(KeyedRowsTest, WithoutAKeyRowsOnlyCome) {
  Open({{"id", Type(TypeKind::kInt), false, false, 1}});
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_THAT(TextsOf(KeyedRowsOf(layout_, Changes()).value()), ElementsAre("+1 a"));
  Row(ChangeOp::kDelete, 1, "a");
  EXPECT_EQ(KeyedRowsOf(layout_, Changes()).error().code, "pipeline.no_key");
}

TEST_F(KeyedRowsTest, UnchangedValuesAreThoseBefore) {
  Row(ChangeOp::kUpdate, 1, "?");     // the replica's
  Row(ChangeOp::kUpdate, 1, "?");     // likewise, looked up once
  Row(ChangeOp::kInsert, 2, "two");   //
  Row(ChangeOp::kUpdate, 2, "?");     // of the row before
  Row(ChangeOp::kUpdate, 3, "?", 2);  // moved, with what it had
  Row(ChangeOp::kUpdate, 4, "?", 7);  // moved, and the replica has it under its old key
  Row(ChangeOp::kDelete, 5, nullptr);
  Row(ChangeOp::kUpdate, 5, "?");  // of nothing
  Row(ChangeOp::kUpdate, 6, "?");  // nor of this is anything known
  const Batch changes = Changes();
  ASSERT_TRUE(HasUnchanged(layout_, changes));
  const FilledChanges filled =
      FillUnchanged(layout_, Codec(), changes, Replica({{1, "one"}, {7, "seven"}, {5, "five"}}))
          .value();
  EXPECT_EQ(filled.absent, 2);
  EXPECT_EQ(looked_up_, 3);  // 1, 7 and 6
  EXPECT_THAT(TextsOf(KeyedRowsOf(layout_, filled.changes).value()),
              ElementsAre("+1 one", "+1 one", "+2 two", "+2 two", "-2", "+3 two", "-7", "+4 seven",
                          "-5", "+5 -", "+6 -"));
}

TEST_F(KeyedRowsTest, NothingIsLookedUpWhereAllIsSent) {
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_FALSE(HasUnchanged(layout_, Changes()));
}

}  // namespace
}  // namespace caudal::pipeline
