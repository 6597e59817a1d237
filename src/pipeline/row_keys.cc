#include "pipeline/row_keys.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "data/batch_builder.h"
#include "data/digest.h"

namespace caudal::pipeline {
namespace {

constexpr size_t kDigestBytes = 16;

void AppendSize(std::string& out, uint64_t size) {
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  out.append(bytes, sizeof bytes);
}

// So that no two values of a type have the same bytes, and none's are the beginning of another's.
void AppendValue(std::string& out, const Array& array, int64_t row) {
  if (array.IsNull(row)) {
    out += '\0';
    return;
  }
  out += '\1';
  const Type& type = array.type();
  if (type.Is(TypeKind::kStruct)) {
    for (const Array& part : array.children()) AppendValue(out, part, row);
  } else if (type.Is(TypeKind::kList) || type.Is(TypeKind::kMap)) {
    const int32_t* at = array.offsets() + row;
    AppendSize(out, static_cast<uint64_t>(at[1] - at[0]));
    for (int32_t item = at[0]; item < at[1]; ++item)
      for (const Array& part : array.children()) AppendValue(out, part, item);
  } else if (type.Is(TypeKind::kBoolean)) {
    out += array.boolean(row) ? '\1' : '\0';
  } else if (const int64_t width = WidthOf(type); width > 0) {
    out.append(static_cast<const char*>(array.raw()) + row * width, static_cast<size_t>(width));
  } else {
    const std::string_view bytes = array.bytes(row);
    AppendSize(out, bytes.size());
    out += bytes;
  }
}

std::string KeyOf(const std::string& digest, int64_t number) {
  return fmt::format("{}-{}", digest, number);
}

}  // namespace

std::vector<std::string> RowDigests(const std::vector<Array>& columns,
                                    const Array& unrepresentable) {
  std::vector<std::string> digests;
  digests.reserve(static_cast<size_t>(unrepresentable.length()));
  std::string bytes;
  for (int64_t row = 0; row < unrepresentable.length(); ++row) {
    bytes.clear();
    for (const Array& column : columns) AppendValue(bytes, column, row);
    // A list that is null is one without entries.
    const int32_t* at = unrepresentable.offsets() + row;
    const int32_t end = unrepresentable.IsNull(row) ? at[0] : at[1];
    for (int32_t item = at[0]; item < end; ++item)
      AppendValue(bytes, unrepresentable.children()[0], item);
    digests.push_back(EncodeHex(Sha256(bytes).substr(0, kDigestBytes)));
  }
  return digests;
}

void RowKeys::Clear() {
  empty_ = true;
  counts_.clear();
}

// How many rows of each are there: asked for number 0, 1… as long as there is one.
Result<void> RowKeys::Count(const std::vector<std::string>& digests) {
  std::vector<std::string> asked;
  for (const std::string& digest : digests)
    if (counts_.emplace(digest, 0).second) asked.push_back(digest);
  if (empty_) return {};
  while (!asked.empty()) {
    std::vector<std::string> keys;
    keys.reserve(asked.size());
    for (const std::string& digest : asked) keys.push_back(KeyOf(digest, counts_[digest]));
    const std::vector<bool> there = TRY(find_(keys));
    std::vector<std::string> more;
    for (size_t i = 0; i < asked.size(); ++i) {
      if (!there[i]) continue;
      ++counts_[asked[i]];
      more.push_back(std::move(asked[i]));
    }
    asked = std::move(more);
  }
  return {};
}

Result<KeyedRows> RowKeys::Apply(const ChangeLayout& layout, const Batch& changes) {
  std::vector<Array> columns;
  for (size_t i = 0; i < layout.columns; ++i)
    columns.push_back(changes.column(i).As(layout.replica.fields()[i].type));
  const Array& caudal = changes.column(layout.caudal);
  const std::vector<std::string> now =
      RowDigests(columns, caudal.children()[kCaudalUnrepresentable]);
  std::vector<std::string> before;
  if (layout.has_before())
    before = RowDigests(changes.column(layout.before).children(),
                        caudal.children()[kCaudalBeforeUnrepresentable]);
  TRY(Count(now));
  TRY(Count(before));

  const Array& op = changes.column(layout.op);
  const Array replica_caudal = CaudalOf(layout, changes);
  BatchBuilder builder = TRY(BatchBuilder::Make(layout.replica));
  KeyedRows keyed;
  const size_t key_place = layout.columns;
  const auto append = [&](int64_t row, bool put, const std::string& key) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (put) {
        builder.column(i).AppendRows(columns[i], row, 1);
      } else {
        builder.column(i).AppendNull();
      }
    }
    builder.column(key_place).AppendBytes(key);
    builder.column(key_place + 1).AppendRows(replica_caudal, row, 1);
    keyed.changes.push_back(put ? lake::RowChange::kPut : lake::RowChange::kRemove);
  };
  const auto remove = [&](int64_t row, const std::string& digest) {
    int64_t& count = counts_[digest];
    if (count == 0) {
      ++missing_;
      return;
    }
    append(row, false, KeyOf(digest, --count));
  };
  for (int64_t row = 0; row < changes.rows(); ++row) {
    const auto i = static_cast<size_t>(row);
    const std::string_view what = op.bytes(row);
    if (what == "d") {
      remove(row, now[i]);
      continue;
    }
    if (what == "u") remove(row, layout.has_before() ? before[i] : now[i]);
    append(row, true, KeyOf(now[i], counts_[now[i]]++));
  }
  keyed.rows = TRY(builder.Finish());
  return keyed;
}

}  // namespace caudal::pipeline
