#include "capture/landing/change_builder.h"

#include <array>
#include <utility>

namespace caudal::capture {

Result<ChangeBuilder> ChangeBuilder::Make(const Schema& history, size_t columns, bool key_text) {
  const size_t ours = (key_text ? 1u : 0u) + (columns == 0 ? 2u : 3u);
  if (history.fields().size() != columns + ours || history.fields().back().name != kCaudal)
    return MakeError(ErrorKind::kInternal, "a history has other columns than its source's table");
  BatchBuilder builder = TRY(BatchBuilder::Make(history));
  return ChangeBuilder(std::move(builder), columns, key_text);
}

ChangeBuilder::ChangeBuilder(BatchBuilder builder, size_t columns, bool key_text)
    : builder_(std::move(builder)),
      columns_(columns),
      op_(columns + (key_text ? 1 : 0)),
      before_(columns == 0 ? op_ : op_ + 1),
      caudal_(before_ + 1) {}

void ChangeBuilder::AppendPair(ColumnBuilder& list, std::string_view column,
                               std::string_view value) {
  ColumnBuilder& pair = list.child(0);
  pair.child(0).AppendBytes(column);
  pair.child(1).AppendBytes(value);
  pair.AppendNested();
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
  std::array<char, Position::kTextLength> position;
  end.position.PutText(position.data());
  ColumnBuilder& own = caudal();
  own.child(0).AppendBytes({position.data(), position.size()});
  if (end.committed_at) {
    own.child(1).AppendLong(*end.committed_at);
  } else {
    own.child(1).AppendNull();
  }
  own.child(2).AppendNested();
  own.child(3).AppendNested();
  if (end.before_key) {
    own.child(4).AppendBytes(*end.before_key);
  } else {
    own.child(4).AppendNull();
  }
  own.child(5).AppendNested();
  own.AppendNested();
}

}  // namespace caudal::capture
