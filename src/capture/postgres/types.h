// The types of a source's columns, resolved from its catalogue.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/result.h"
#include "codec/postgres/type.h"

namespace caudal::capture::postgres {

class Connection;

using caudal::postgres::PgField;
using caudal::postgres::PgType;

class Types {
 public:
  static constexpr int kTypesMax = 100'000;
  static constexpr int kDepthMax = 32;  // of domains, arrays and composites in one another

  // These types and all that they are made of, in two statements. kLimit beyond kTypesMax.
  static Result<Types> Read(Connection& connection, const std::vector<uint32_t>& oids);

  // With pg_attribute's typmod. kNotFound for a type that was dropped meanwhile.
  Result<PgType> Resolve(uint32_t oid, int32_t typmod) const;

 private:
  struct Row {
    PgType type;  // without parts
    uint32_t part = 0;
    int32_t part_typmod = -1;
  };
  struct FieldRow {
    std::string name;
    uint32_t type = 0;
    int32_t typmod = -1;
  };
  Result<PgType> Resolve(uint32_t oid, int32_t typmod, int depth) const;

  std::map<uint32_t, Row> rows_;
  std::map<uint32_t, std::vector<FieldRow>> fields_;  // of a composite type
};

// '{1,2,3}', as SQL takes a list of numbers of ours.
std::string OidArray(const std::vector<uint32_t>& oids);

}  // namespace caudal::capture::postgres
