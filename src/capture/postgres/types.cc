#include "capture/postgres/types.h"

#include <utility>

#include "capture/postgres/connection.h"

namespace caudal::capture::postgres {
namespace {

using Kind = PgType::Kind;

// Types by what they are made of, until nothing new is found. Multiranges came with 14.
std::string Closure(const std::vector<uint32_t>& oids, bool multiranges) {
  return "WITH RECURSIVE needed(oid) AS (SELECT unnest(" + OidArray(oids) +
         "::oid[]) UNION SELECT part.oid FROM needed JOIN pg_catalog.pg_type t ON t.oid = "
         "needed.oid CROSS JOIN LATERAL (SELECT t.typbasetype WHERE t.typtype = 'd' UNION ALL "
         "SELECT t.typelem WHERE t.typelem <> 0 UNION ALL SELECT r.rngsubtype FROM "
         "pg_catalog.pg_range r WHERE r.rngtypid = t.oid UNION ALL " +
         (multiranges ? "SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = "
                        "t.oid UNION ALL "
                      : "") +
         "SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = "
         "t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS part(oid)) ";
}

std::string TypesSql(const std::vector<uint32_t>& oids, bool multiranges) {
  return Closure(oids, multiranges) +
         "SELECT t.oid, format_type(t.oid, NULL), t.typtype, t.typbasetype, t.typtypmod, "
         "coalesce(e.oid, 0), coalesce(e.typdelim, ','), coalesce(r.rngsubtype, 0), " +
         (multiranges ? "coalesce(m.rngtypid, 0)" : "0") +
         ", x.extname FROM needed JOIN pg_catalog.pg_type t ON t.oid = needed.oid LEFT JOIN "
         "pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid LEFT JOIN "
         "pg_catalog.pg_range r ON r.rngtypid = t.oid " +
         (multiranges ? "LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid " : "") +
         "LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::regclass AND "
         "d.objid = t.oid AND d.deptype = 'e' LEFT JOIN pg_catalog.pg_extension x ON x.oid = "
         "d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::regclass ORDER BY t.oid LIMIT " +
         std::to_string(Types::kTypesMax + 1);
}

std::string FieldsSql(const std::vector<uint32_t>& oids, bool multiranges) {
  return Closure(oids, multiranges) +
         "SELECT t.oid, a.attname, a.atttypid, a.atttypmod FROM needed JOIN pg_catalog.pg_type t "
         "ON t.oid = needed.oid AND t.typtype = 'c' JOIN pg_catalog.pg_attribute a ON a.attrelid "
         "= t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum LIMIT " +
         std::to_string(Types::kTypesMax + 1);
}

Kind KindOf(std::string_view typtype, bool array) {
  if (array) return Kind::kArray;
  switch (typtype.empty() ? 'b' : typtype.front()) {
    case 'c':
      return Kind::kComposite;
    case 'd':
      return Kind::kDomain;
    case 'e':
      return Kind::kEnum;
    case 'r':
      return Kind::kRange;
    case 'm':
      return Kind::kMultirange;
    case 'p':
      return Kind::kPseudo;
    default:
      return Kind::kBase;
  }
}

Result<void> NotTooMany(const Rows& rows) {
  if (rows.size() <= Types::kTypesMax) return {};
  return MakeError(ErrorKind::kLimit,
                   "the source's columns have more than " + std::to_string(Types::kTypesMax) +
                       " types and fields of types",
                   "postgres.too_many");
}

}  // namespace

std::string OidArray(const std::vector<uint32_t>& oids) {
  std::string text = "'{";
  for (const uint32_t oid : oids) {
    if (text.size() > 2) text += ',';
    text += std::to_string(oid);
  }
  return text + "}'";
}

Result<Types> Types::Read(Connection& connection, const std::vector<uint32_t>& oids) {
  Types types;
  if (oids.empty()) return types;
  const bool multiranges = connection.server_version() >= 140000;
  const Rows rows = TRY(connection.Query(TypesSql(oids, multiranges)));
  TRY(NotTooMany(rows));
  for (int i = 0; i < rows.size(); ++i) {
    Row row;
    const auto oid_at = [&](int column) { return static_cast<uint32_t>(rows.Int(i, column)); };
    row.type.oid = oid_at(0);
    row.type.name = rows.Text(i, 1);
    row.type.kind = KindOf(rows.Text(i, 2), oid_at(5) != 0);
    row.type.extension = rows.Text(i, 9);
    switch (row.type.kind) {
      case Kind::kDomain:
        row.part = oid_at(3);
        row.part_typmod = static_cast<int32_t>(rows.Int(i, 4));
        break;
      case Kind::kArray:
        row.part = oid_at(5);
        row.type.delimiter = rows.Text(i, 6).front();
        break;
      case Kind::kRange:
        row.part = oid_at(7);
        break;
      case Kind::kMultirange:
        row.part = oid_at(8);
        break;
      default:
        break;
    }
    types.rows_.emplace(row.type.oid, std::move(row));
  }
  const Rows fields = TRY(connection.Query(FieldsSql(oids, multiranges)));
  TRY(NotTooMany(fields));
  for (int i = 0; i < fields.size(); ++i)
    types.fields_[static_cast<uint32_t>(fields.Int(i, 0))].push_back(
        {std::string(fields.Text(i, 1)), static_cast<uint32_t>(fields.Int(i, 2)),
         static_cast<int32_t>(fields.Int(i, 3))});
  return types;
}

Result<PgType> Types::Resolve(uint32_t oid, int32_t typmod) const {
  return Resolve(oid, typmod, 0);
}

Result<PgType> Types::Resolve(uint32_t oid, int32_t typmod, int depth) const {
  const auto found = rows_.find(oid);
  if (found == rows_.end())
    return MakeError(ErrorKind::kNotFound,
                     "the source has no type with the number " + std::to_string(oid),
                     "postgres.type");
  const Row& row = found->second;
  if (depth > kDepthMax)
    return MakeError(ErrorKind::kLimit, "the type " + row.type.name + " is nested too deeply",
                     "postgres.too_many");
  PgType type = row.type;
  type.typmod = typmod;
  if (row.part != 0) {
    const int32_t inner = type.kind == Kind::kArray ? typmod : row.part_typmod;
    type.part = std::make_shared<const PgType>(TRY(Resolve(row.part, inner, depth + 1)));
  }
  if (type.kind != Kind::kComposite) return type;
  auto fields = std::make_shared<std::vector<PgField>>();
  if (const auto known = fields_.find(oid); known != fields_.end())
    for (const FieldRow& field : known->second) {
      PgType inner = TRY(Resolve(field.type, field.typmod, depth + 1));
      fields->push_back({field.name, std::move(inner)});
    }
  type.fields = std::move(fields);
  return type;
}

}  // namespace caudal::capture::postgres
