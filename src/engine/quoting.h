// Names and texts as DuckDB's SQL writes them.
#pragma once

#include <string>
#include <string_view>

namespace caudal::engine {

// Neither may hold a NUL: a statement ends there.
std::string QuoteName(std::string_view name);  // "a ""b"""
std::string QuoteText(std::string_view text);  // 'it''s'

}  // namespace caudal::engine
