// Changes of a table with a key and a note, as they are read of change files; for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/landing/change_builder.h"
#include "lake/format/new_table.h"
#include "pipeline/change_layout.h"
#include "pipeline/column_map.h"

namespace caudal::pipeline {

class ChangesFixture : public testing::Test {
 protected:
  // Columns: the key's, and "note".
  void Open(std::vector<capture::ChangeColumn> key) {
    columns_ = std::move(key);
    columns_.push_back({"note", Type(TypeKind::kString), false, false, 9});
    const capture::ChangeShape shape = capture::ShapeOf(columns_).value();
    key_text_ = shape.key_text;
    replica_ = Made(shape.replica);
    history_ = Made(shape.history);
    layout_ = ChangeLayoutOf(replica_, history_).value();
    builder_.emplace(
        capture::ChangeBuilder::Make(history_.schema(), columns_.size(), shape.key_text).value());
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
  void Row(capture::ChangeOp op, std::optional<int> id, const char* note,
           std::optional<int> before = {}) {
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
  std::vector<capture::ChangeColumn> columns_;
  bool key_text_ = false;
  lake::TableMetadata replica_;
  lake::TableMetadata history_;
  ChangeLayout layout_;
  std::optional<capture::ChangeBuilder> builder_;
  uint64_t ordinal_ = 0;
};

}  // namespace caudal::pipeline
