// A type of a PostgreSQL server, as its catalogue describes it: resolved as far as values need it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace caudal::postgres {

// The numbers of built-in types (pg_type.dat) that values are read by; they never change.
namespace oid {
inline constexpr uint32_t kBool = 16;
inline constexpr uint32_t kBytea = 17;
inline constexpr uint32_t kChar = 18;  // "char", one byte
inline constexpr uint32_t kName = 19;
inline constexpr uint32_t kInt8 = 20;
inline constexpr uint32_t kInt2 = 21;
inline constexpr uint32_t kInt4 = 23;
inline constexpr uint32_t kText = 25;
inline constexpr uint32_t kOid = 26;
inline constexpr uint32_t kXid = 28;
inline constexpr uint32_t kCid = 29;
inline constexpr uint32_t kJson = 114;
inline constexpr uint32_t kFloat4 = 700;
inline constexpr uint32_t kFloat8 = 701;
inline constexpr uint32_t kBpchar = 1042;
inline constexpr uint32_t kVarchar = 1043;
inline constexpr uint32_t kDate = 1082;
inline constexpr uint32_t kTime = 1083;
inline constexpr uint32_t kTimestamp = 1114;
inline constexpr uint32_t kTimestampTz = 1184;
inline constexpr uint32_t kInterval = 1186;
inline constexpr uint32_t kNumeric = 1700;
inline constexpr uint32_t kUuid = 2950;
inline constexpr uint32_t kJsonb = 3802;
inline constexpr uint32_t kXid8 = 5069;
}  // namespace oid

struct PgField;

// Made once from pg_type, then left alone; copies share their parts.
struct PgType {
  // pg_type.typtype; and an array is what some type's pg_type.typarray names (so int2vector and
  // oidvector, which have a typelem too, are kBase).
  enum class Kind : uint8_t {
    kBase,
    kDomain,
    kEnum,
    kComposite,
    kRange,
    kMultirange,
    kArray,
    kPseudo,
  };

  uint32_t oid = 0;
  std::string name;  // as format_type(oid, NULL) gives it: "numeric", "\"Odd\".mood"
  Kind kind = Kind::kBase;
  // pg_attribute.atttypmod, or of a domain's base type pg_type.typtypmod; -1: none. An array's is
  // that of its elements.
  int32_t typmod = -1;
  char delimiter = ',';   // of an array: its element's pg_type.typdelim (';' for box)
  std::string extension;  // that it is a member of ("hstore"); empty: none
  // The base type of a domain, the element of an array, the subtype of a range, the range of a
  // multirange; else null.
  std::shared_ptr<const PgType> part;
  // Of a composite, by attnum, without dropped ones; else null.
  std::shared_ptr<const std::vector<PgField>> fields;
};

struct PgField {
  std::string name;
  PgType type;
};

}  // namespace caudal::postgres
