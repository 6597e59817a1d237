#include "capture/landing/change_builder.h"

#include <utility>

namespace caudal::capture {
namespace {

// Position, and what the columns don't hold.
constexpr size_t kCaudalOfSnapshot = 2;

}  // namespace

Result<ChangeBuilder> ChangeBuilder::Make(const Schema& history, size_t columns, bool key_text) {
  const std::vector<Field>& fields = history.fields();
  const size_t op = columns + (key_text ? 1 : 0);
  const bool has_before = fields.size() > op + 1 && fields[op + 1].name == kBefore;
  if (fields.size() != op + (has_before ? 3 : 2) || fields.back().name != kCaudal)
    return MakeError(ErrorKind::kInternal, "a history has other columns than its source's table");
  const bool of_snapshot = fields.back().type.fields().size() == kCaudalOfSnapshot;
  BatchBuilder builder = TRY(BatchBuilder::Make(history));
  return ChangeBuilder(std::move(builder), columns, key_text, has_before, of_snapshot);
}

ChangeBuilder::ChangeBuilder(BatchBuilder builder, size_t columns, bool key_text, bool has_before,
                             bool of_snapshot)
    : builder_(std::move(builder)),
      columns_(columns),
      op_(columns + (key_text ? 1 : 0)),
      before_(has_before ? op_ + 1 : op_),
      caudal_(before_ + 1),
      of_snapshot_(of_snapshot) {
  position_.PutText(position_text_.data());
}

void ChangeBuilder::AppendPair(ColumnBuilder& list, std::string_view column,
                               std::string_view value) {
  ColumnBuilder& pair = list.child(0);
  pair.child(0).AppendBytes(column);
  pair.child(1).AppendBytes(value);
  pair.AppendNested();
}

// Most positions are the one before and one more.
void ChangeBuilder::PutPosition(const Position& position) {
  if (position.commit != position_.commit || position.epoch != position_.epoch ||
      position.ordinal != position_.ordinal + 1 || position.ordinal > Position::kOrdinalMax) {
    position.PutText(position_text_.data());
  } else {
    char* digit = position_text_.data() + Position::kTextLength - 1;
    for (; *digit == '9'; --digit) *digit = '0';
    ++*digit;
  }
  position_ = position;
}

void ChangeBuilder::EndList(ColumnBuilder& list, bool& any) {
  if (std::exchange(any, false)) [[unlikely]]
    list.AppendNested();
  else
    list.AppendNull();
}

void ChangeBuilder::EndRow(const ChangeEnd& end) {
  const char op = static_cast<char>(end.op);
  builder_.column(op_).AppendBytes({&op, 1});
  if (before_ != op_) {
    ColumnBuilder& before = builder_.column(before_);
    if (end.has_before) {
      before.AppendNested();
    } else {
      before.AppendNull();
    }
  }
  PutPosition(end.position);
  ColumnBuilder& own = caudal();
  own.child(0).AppendBytes({position_text_.data(), position_text_.size()});
  if (of_snapshot_) {
    EndList(own.child(1), unrepresentable_);
    own.AppendNested();
    return;
  }
  if (end.committed_at) {
    own.child(1).AppendLong(*end.committed_at);
  } else {
    own.child(1).AppendNull();
  }
  EndList(own.child(2), unrepresentable_);
  EndList(own.child(3), before_unrepresentable_);
  if (end.before_key) {
    own.child(4).AppendBytes(*end.before_key);
  } else {
    own.child(4).AppendNull();
  }
  EndList(own.child(5), unchanged_);
  own.AppendNested();
}

}  // namespace caudal::capture
