// Values of rows as texts: for people, and as a PostgreSQL reads them.
#pragma once

#include <string>

#include "data/array.h"
#include "data/json.h"

namespace caudal::pipeline {

// A text, or null. What is nested is compact JSON, and bytes are hexadecimal digits.
Json TextOfValue(const Array& column, int64_t row);

// Of a column that can be a part of a key, and isn't null there.
std::string SourceTextOf(const Array& column, int64_t row);

}  // namespace caudal::pipeline
