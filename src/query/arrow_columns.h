// How the columns of a result go into a stream of Arrow batches. Internal to query.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/schema.h"
#include "query/arrow_generated.h"
#include "query/values.h"

namespace caudal::query {

// A column, or what is nested in one.
struct ArrowColumn {
  // Types that Arrow lacks go as one that every reader has.
  enum class Form : uint8_t {
    kAsItIs,
    kDecimal,          // HUGEINT as DECIMAL(38,0), whose bytes are the same
    kUnsignedDecimal,  // UHUGEINT
    kText,             // BIT, BIGNUM, TIME WITH TIME ZONE
    kBits,             // BOOLEAN, a byte a value before
  };
  engine::Field field;
  Form form = Form::kAsItIs;
  std::optional<ValueWriter> text;  // for kText
  int64_t dictionary = -1;          // its number, where values are numbers in one
  std::vector<ArrowColumn> children;
  std::vector<ArrowColumn> dictionary_values;  // none or one

  // `dictionaries` counts them over the whole result.
  static Result<ArrowColumn> Make(const engine::Field& field, int64_t& dictionaries);
  Result<flatbuffers::Offset<ipc::Field>> Write(flatbuffers::FlatBufferBuilder& builder) const;
};

}  // namespace caudal::query
