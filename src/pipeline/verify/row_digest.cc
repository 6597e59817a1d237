#include "pipeline/verify/row_digest.h"

#include "lake/keys/encoded_keys.h"

namespace caudal::pipeline {
namespace {

// Any two numbers: what one takes for equal, the other doesn't.
constexpr uint64_t kHighSeed = 0x9e3779b97f4a7c15;
constexpr uint64_t kLowSeed = 0xc2b2ae3d27d4eb4f;

constexpr char kNull = 0;
constexpr char kValue = 1;

}  // namespace

RowDigest DigestOf(std::string_view bytes) {
  return {lake::HashOf(bytes, kHighSeed), lake::HashOf(bytes, kLowSeed)};
}

// A row's bytes can be read in one way only, its types being known.
void RowDigester::Append(const Array& column, int64_t row) {
  if (column.IsNull(row)) {
    bytes_.Push(kNull);
    return;
  }
  bytes_.Push(kValue);
  switch (column.type().kind()) {
    case TypeKind::kBoolean:
      bytes_.Push(column.boolean(row));
      return;
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const std::string_view text = column.bytes(row);
      bytes_.Push(static_cast<uint32_t>(text.size()));
      bytes_.Push(text.data(), text.size());
      return;
    }
    case TypeKind::kStruct:
      for (const Array& part : column.children()) Append(part, row);
      return;
    case TypeKind::kList:
    case TypeKind::kMap: {
      const int32_t* at = column.offsets() + row;
      bytes_.Push(at[1] - at[0]);
      for (int32_t item = at[0]; item < at[1]; ++item)
        for (const Array& part : column.children()) Append(part, item);
      return;
    }
    default: {
      const auto width = static_cast<size_t>(WidthOf(column.type()));
      bytes_.Push(static_cast<const char*>(column.raw()) + static_cast<size_t>(row) * width, width);
      return;
    }
  }
}

void RowDigester::Digest(const Batch& rows, std::vector<RowDigest>& digests) {
  digests.resize(static_cast<size_t>(rows.rows()));
  for (int64_t row = 0; row < rows.rows(); ++row) {
    bytes_.Clear();
    for (const Array& column : rows.columns()) Append(column, row);
    digests[static_cast<size_t>(row)] = DigestOf({bytes_.data(), bytes_.size()});
  }
}

}  // namespace caudal::pipeline
