// Single values of a result as text: what JSON lines and CSV are made of. Internal to query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/schema.h"

namespace caudal::query {

// JSON's form of `text`, with its quotes.
void AppendJsonText(std::string& out, std::string_view text);

// Writes the values of one column. What a column is, is decided once, here; a value costs a switch
// and no allocation.
class ValueWriter {
 public:
  // kUnsupported for a type without a text form, naming `field`.
  static Result<ValueWriter> Make(const engine::Field& field);

  // How a value looks in JSON.
  enum class Look : uint8_t {
    kBare,    // as it is: numbers, booleans, null
    kQuoted,  // in quotes, nothing in it to escape: times, wide numbers, base64…
    kText,    // in quotes, escaped
    kNested,  // arrays and objects
  };
  Look look() const { return look_; }

  bool IsNull(const ArrowArray& array, int64_t row) const;
  void AppendJson(std::string& out, const ArrowArray& array, int64_t row) const;
  // Of a value that isn't null. What stands between the quotes in JSON, not escaped; of nested
  // values, JSON.
  void AppendText(std::string& out, const ArrowArray& array, int64_t row) const;

 private:
  enum class Op : uint8_t {
    kNull,
    kBit,
    kBool8,
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kUint64,
    kFloat,
    kDouble,
    kHugeint,
    kUhugeint,
    kDecimal32,
    kDecimal64,
    kDecimal128,
    kDate,
    kTime,
    kTimeTz,
    kTimestamp,
    kInterval,
    kText,
    kBlob,
    kBits,
    kBignum,
    kUuid,
    kFixedBlob,
    kList,
    kMap,
    kStruct,
    kUnion,
    kEnum,
  };
  struct Items {
    int64_t first;
    int64_t last;  // past the end
  };

  Result<void> Choose(const engine::Field& field);
  Result<void> ChooseNested(const engine::Field& field);
  void ChooseBytes(const engine::Field& field);
  void ChooseFixedBytes(const engine::Field& field);
  bool ChooseNumber(std::string_view format);
  bool ChooseTime(std::string_view format);
  // These take rows that count the array's offset already.
  std::string_view BytesAt(const ArrowArray& array, int64_t row) const;
  Items ItemsOf(const ArrowArray& array, int64_t row) const;
  size_t MemberAt(const ArrowArray& array, int64_t row) const;
  void AppendScalar(std::string& out, const ArrowArray& array, int64_t row) const;
  void AppendWide(std::string& out, const ArrowArray& array, int64_t row) const;
  void AppendMoment(std::string& out, const ArrowArray& array, int64_t row) const;
  void AppendBytes(std::string& out, const ArrowArray& array, int64_t row) const;
  void AppendNested(std::string& out, const ArrowArray& array, int64_t row) const;
  void AppendStruct(std::string& out, const ArrowArray& array, int64_t row) const;

  Op op_ = Op::kNull;
  Look look_ = Look::kBare;
  engine::Shape shape_;
  int scale_ = 0;  // of decimals; digits behind the second of times
  bool zone_ = false;
  std::string key_;  // of a struct's or union's member: "name":
  std::vector<ValueWriter> children_;
};

}  // namespace caudal::query
