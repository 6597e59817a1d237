// SQL that turns what files hold into values of a table's types, exactly: nothing is rounded, cut
// or guessed. What is no value becomes NULL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/type.h"
#include "engine/schema.h"

namespace caudal::transfer {

// "DECIMAL(9,2)", "STRUCT(\"x\" DOUBLE)[]"
std::string SqlTypeOf(const Type& type);
// A JSON pointer to a member of an object (RFC 6901): "/a~1b" for a/b.
std::string PointerTo(std::string_view name);

// Of a text, `text` being a SQL expression of type VARCHAR:
//
//   boolean          true, false, t, f, 1, 0 (any case)
//   int, long        an optional sign and digits
//   decimal(p,s)     no more decimals than s, but for zeros; no exponent
//   float, double    a number, also with an exponent; inf, nan
//   date             2026-07-31
//   time             10:20 or 10:20:30.123456
//   timestamp        a date, or a date and a time, with T or a space between them; no zone
//   timestamptz      the same with Z, +02, +02:00 or +0200; UTC where there is none
//   uuid             with hyphens or without
//   binary, fixed    Base64
//   list, struct     JSON
//   map              a JSON object, or an array of pairs
std::string ValueOfText(const Type& type, const std::string& text);

// The narrower forms by which a column's type is told from its texts: the first of them that fits
// all texts, else string. In order: boolean, long, double, date, timestamp, timestamptz.
std::string LooksLike(const Type& type, const std::string& text);

// Of a column of a file that has types of its own. kInvalid when not every value of the one is one
// of the other; those that don't fit (a number too large) become NULL.
Result<std::string> ValueOfColumn(const Type& type, const engine::Field& column,
                                  const std::string& sql);

}  // namespace caudal::transfer
