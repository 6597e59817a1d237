// Single values as Iceberg stores them: in bytes (the bounds of columns and partitions, by which
// engines leave files out) and in JSON (defaults of columns).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"
#include "data/value.h"

namespace caudal::lake {

// The value's bytes. `value` fits `type` (Fits) and isn't null; a type without such a form is a
// defect.
std::string EncodeValue(const Type& type, const Value& value);
// Also of a value that was written when the type was narrower: 4 bytes as long, double or
// timestamp. kInvalid when the bytes are no value of the type, kUnsupported when it has none.
Result<Value> DecodeValue(const Type& type, std::string_view bytes);

struct Bounds {
  std::optional<std::string> lower;  // every value is this or above
  std::optional<std::string> upper;  // every value is this or below
};

// Strings and bytes are cut to so many code points or bytes, as other writers do.
constexpr size_t kBoundLength = 16;

// Bounds of a column (or a partition field: `length` npos) whose least and greatest values, nulls
// and NaNs left out, are these, in the order of Compare. What can't be bounded has no bound: a
// wrong one loses rows, a missing one costs time. So:
//
//   NaN                  no bound
//   a zero               -0.0 below, 0.0 above: readers differ in their order
//   string               cut to `length` code points, the upper one's last then raised; no upper
//                        bound when none can be raised, none at all when it isn't UTF-8
//   fixed, binary        likewise, by bytes
//   uuid                 some readers compare the halves as signed numbers: bounds that hold in
//   both
//                        orders, or none
Bounds MakeBounds(const Type& type, const Value& least, const Value& greatest,
                  size_t length = kBoundLength);

// JSON's single-value form, for types that aren't nested: "14.20", "2017-11-16T22:31:08.123456"…
// Null is null.
Json ValueToJson(const Type& type, const Value& value);
// kInvalid when it is no value of the type.
Result<Value> ValueFromJson(const Type& type, const Json& json);

}  // namespace caudal::lake
