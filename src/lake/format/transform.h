// What makes a partition's (or a sort key's) value out of a column's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/value.h"

namespace caudal::lake {

enum class TransformKind : uint8_t {
  kIdentity,
  kBucket,    // a hash, modulo `width`
  kTruncate,  // to multiples, characters or bytes of `width`
  kYear,      // since 1970, likewise below
  kMonth,
  kDay,
  kHour,
  kVoid,     // always null
  kUnknown,  // one that Caudal doesn't know: tables with it can be read, not written
};

class Transform {
 public:
  explicit Transform(TransformKind kind = TransformKind::kIdentity, int32_t width = 0);
  // Of any text: "bucket[16]"; what isn't known is kUnknown. kInvalid for bucket[0] and the like.
  static Result<Transform> Parse(std::string_view text);

  TransformKind kind() const { return kind_; }
  int32_t width() const { return width_; }
  std::string Text() const;
  bool known() const { return kind_ != TransformKind::kUnknown; }

  bool Accepts(const Type& source) const;
  // Of what Apply gives for values of `source`. An unknown transform's is string.
  Type ResultType(const Type& source) const;
  // Null for null. `value` fits `source`, which the transform accepts and knows.
  Value Apply(const Type& source, const Value& value) const;
  // Partitions by this keep the values of equal rows together after the source is widened.
  bool KeepsResultWhenPromoted(const Type& from, const Type& to) const;

  bool operator==(const Transform&) const = default;

 private:
  TransformKind kind_;
  int32_t width_;
  std::string unknown_;
};

// The 32-bit Murmur3 (x86, seed 0) of a value in the form of the specification's appendix B.
int32_t HashValue(const Type& type, const Value& value);
uint32_t Murmur3(std::string_view bytes);

}  // namespace caudal::lake
