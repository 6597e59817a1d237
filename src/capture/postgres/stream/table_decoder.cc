#include "capture/postgres/stream/table_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/digest.h"
#include "data/json.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::ColumnKind;
using caudal::postgres::ColumnValue;
using caudal::postgres::Held;
using caudal::postgres::OldRow;
using caudal::postgres::Tuple;

constexpr size_t kNoKey = static_cast<size_t>(-1);

// The first `characters` code points of UTF-8.
std::string_view FirstCharacters(std::string_view text, uint32_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && characters-- == 0) break;
  return text.substr(0, at);
}

}  // namespace

Result<TableDecoder> TableDecoder::Make(const Schema& history, Layout layout) {
  ChangeBuilder changes = TRY(ChangeBuilder::Make(history, layout.columns.size(), layout.key_text));
  return TableDecoder(std::move(changes), std::move(layout));
}

TableDecoder::TableDecoder(ChangeBuilder changes, Layout layout)
    : changes_(std::move(changes)), layout_(std::move(layout)) {
  for (const CapturedColumn& column : layout_.columns)
    key_order_.push_back(column.key ? key_columns_++ : kNoKey);
  key_values_.resize(key_columns_);
  key_masked_.resize(key_columns_);
}

Result<void> TableDecoder::CheckSize(size_t size) const {
  if (size == layout_.sent.columns.size()) return {};
  return MakeError(ErrorKind::kCorrupt,
                   fmt::format("a row of {} has {} columns in the stream, where its description "
                               "has {}",
                               layout_.table, size, layout_.sent.columns.size()),
                   "postgres.stream");
}

Result<void> TableDecoder::Append(Into into, size_t at, const ColumnValue& value) {
  const CapturedColumn& column = layout_.columns[at];
  ColumnBuilder& builder = At(into, at);
  if (value.kind == ColumnKind::kNull || (column.mask && *column.mask == Mask::kNull)) {
    builder.AppendNull();
    return {};
  }
  if (column.mask && value.kind == ColumnKind::kText) {
    if (*column.mask == Mask::kHash) {
      builder.AppendBytes(EncodeHex(Sha256(value.bytes)));
    } else {
      builder.AppendBytes(FirstCharacters(value.bytes, column.mask_length));
    }
    return {};
  }
  const Held held = value.kind == ColumnKind::kBinary
                        ? AppendBinary(builder, column.form, value.bytes)
                        : AppendText(builder, column.form, value.bytes);
  if (held == Held::kExact) [[likely]]
    return {};
  // A text that is no value of the type, as far as is known here, is kept like one that the column
  // can't hold.
  if (value.kind == ColumnKind::kBinary)
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("the source sends a value for the column \"{}\" of {} that isn't "
                                 "of its type",
                                 column.name, layout_.table),
                     "postgres.stream");
  if (into == Into::kRow) {
    changes_.Unrepresentable(column.name, value.bytes);
  } else {
    changes_.BeforeUnrepresentable(column.name, value.bytes);
  }
  return {};
}

void TableDecoder::NoteKey(size_t column, const ColumnValue& value) {
  const size_t place = key_order_[column];
  if (!layout_.key_text || place == kNoKey) return;
  key_values_[place] = value.bytes;
  if (!layout_.columns[column].mask) return;
  // What is hidden in the column isn't shown in the key.
  key_masked_[place] = EncodeHex(Sha256(value.bytes));
  key_values_[place] = key_masked_[place];
}

// Of one column its text, of several a JSON array of them.
std::string_view TableDecoder::TakeKeyText() {
  if (key_columns_ == 1) return key_values_[0];
  Json list = Json::array();
  for (const std::string_view value : key_values_) list.push_back(value);
  key_text_ = DumpJson(list);
  return key_text_;
}

// With `old_row`, what isn't sent because it didn't change is there.
template <class Values>
Result<void> TableDecoder::AppendRow(const Values& row, const Tuple* old_row) {
  TRY(CheckSize(row.size()));
  Tuple::Iterator old;
  if (old_row != nullptr) {
    TRY(CheckSize(old_row->size()));
    old = old_row->begin();
  }
  size_t number = 0;
  for (ColumnValue value : row) {
    if (old_row != nullptr) {
      if (value.kind == ColumnKind::kUnchanged) value = *old;
      ++old;
    }
    const std::optional<size_t> column = layout_.sent.columns[number++];
    if (!column) continue;
    if (value.kind == ColumnKind::kUnchanged) [[unlikely]] {
      changes_.column(*column).AppendNull();
      changes_.Unchanged(layout_.columns[*column].name);
      continue;
    }
    NoteKey(*column, value);
    TRY(Append(Into::kRow, *column, value));
  }
  for (const size_t column : layout_.sent.missing) {
    changes_.column(column).AppendNull();
    changes_.Unchanged(layout_.columns[column].name);
  }
  if (layout_.key_text) changes_.key_text().AppendBytes(TakeKeyText());
  return {};
}

Result<void> TableDecoder::AppendOld(Into into, const Tuple& row, bool key_only) {
  TRY(CheckSize(row.size()));
  size_t number = 0;
  for (const ColumnValue& value : row) {
    const std::optional<size_t> column = layout_.sent.columns[number++];
    if (!column) continue;
    NoteKey(*column, value);
    if (key_only && key_order_[*column] == kNoKey) {
      At(into, *column).AppendNull();
    } else {
      TRY(Append(into, *column, value));
    }
  }
  for (const size_t column : layout_.sent.missing) At(into, column).AppendNull();
  return {};
}

Result<void> TableDecoder::Add(const caudal::postgres::Insert& insert, ChangeEnd end) {
  TRY(AppendRow(insert.row, nullptr));
  end.op = ChangeOp::kInsert;
  changes_.EndRow(end);
  return {};
}

Result<void> TableDecoder::Add(const caudal::postgres::Update& update, ChangeEnd end) {
  end.op = ChangeOp::kUpdate;
  const bool full = update.old_kind == OldRow::kFull;
  TRY(AppendRow(update.row, full ? &update.old_row : nullptr));
  std::string key_before;
  if (update.old_kind != OldRow::kNone) {
    TRY(AppendOld(Into::kBefore, update.old_row, !full));
    end.has_before = true;
    if (layout_.key_text) {
      key_before = TakeKeyText();
      end.before_key = key_before;
    }
  }
  changes_.EndRow(end);
  return {};
}

Result<void> TableDecoder::Add(const caudal::postgres::Delete& removed, ChangeEnd end) {
  end.op = ChangeOp::kDelete;
  // All of the row is the key where there is none.
  TRY(AppendOld(Into::kRow, removed.old_row, key_columns_ > 0));
  if (layout_.key_text) changes_.key_text().AppendBytes(TakeKeyText());
  if (removed.old_kind == OldRow::kFull) {
    TRY(AppendOld(Into::kBefore, removed.old_row, false));
    end.has_before = true;
  }
  changes_.EndRow(end);
  return {};
}

void TableDecoder::AddTruncate(ChangeEnd end) {
  for (size_t i = 0; i < layout_.columns.size(); ++i) changes_.column(i).AppendNull();
  if (layout_.key_text) changes_.key_text().AppendNull();
  end.op = ChangeOp::kTruncate;
  changes_.EndRow(end);
}

Result<void> TableDecoder::AddSnapshotRow(std::span<const ColumnValue> row, ChangeEnd end) {
  TRY(AppendRow(row, nullptr));
  end.op = ChangeOp::kSnapshot;
  changes_.EndRow(end);
  return {};
}

}  // namespace caudal::capture::postgres
