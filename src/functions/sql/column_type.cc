#include "functions/sql/column_type.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace caudal::functions {
namespace {

struct Decimal {
  int precision = 0;
  int scale = 0;
};

// "decimal(18,2)", spaces allowed after the comma.
std::optional<Decimal> ParseDecimal(std::string_view type) {
  constexpr std::string_view kStart = "decimal(";
  if (!type.starts_with(kStart) || !type.ends_with(")")) return std::nullopt;
  std::string_view rest = type.substr(kStart.size(), type.size() - kStart.size() - 1);
  Decimal decimal;
  auto [after, error] = std::from_chars(rest.data(), rest.data() + rest.size(), decimal.precision);
  if (error != std::errc() || after == rest.data() + rest.size() || *after != ',')
    return std::nullopt;
  rest.remove_prefix(static_cast<size_t>(after - rest.data()) + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto scale = std::from_chars(rest.data(), rest.data() + rest.size(), decimal.scale);
  if (scale.ec != std::errc() || scale.ptr != rest.data() + rest.size()) return std::nullopt;
  const bool fits = decimal.precision >= 1 && decimal.precision <= 38 && decimal.scale >= 0 &&
                    decimal.scale <= decimal.precision;
  return fits ? std::optional(decimal) : std::nullopt;
}

constexpr std::string_view kDate = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
constexpr std::string_view kTime = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?";

std::string Cast(std::string_view type, const std::string& text, std::string_view pattern) {
  return fmt::format("CASE WHEN regexp_full_match({0}, '{1}') THEN TRY_CAST({0} AS {2}) END", text,
                     pattern, type);
}

}  // namespace

Result<void> CheckColumnType(std::string_view type) {
  for (const std::string_view known : {"text", "boolean", "integer", "double", "date", "timestamp"})
    if (type == known) return {};
  if (ParseDecimal(type)) return {};
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("'{}' is no type of a column: text, boolean, integer, "
                               "decimal(18,2), double, date or timestamp",
                               type));
}

std::string ValueOfText(std::string_view type, const std::string& text) {
  if (type == "boolean") return Cast("BOOLEAN", text, "(?i:true|false)");
  if (type == "integer") return Cast("BIGINT", text, "[-+]?[0-9]+");
  if (type == "double") return fmt::format("TRY_CAST({} AS DOUBLE)", text);
  if (type == "date") return Cast("DATE", text, kDate);
  if (type == "timestamp") return Cast("TIMESTAMP", text, fmt::format("{}([ T]{})?", kDate, kTime));
  const std::optional<Decimal> decimal = ParseDecimal(type);
  if (!decimal) return text;
  const std::string digits =
      decimal->scale == 0 ? "[.]?0*" : fmt::format("([.][0-9]{{0,{}}}0*)?", decimal->scale);
  return Cast(fmt::format("DECIMAL({},{})", decimal->precision, decimal->scale), text,
              "[-+]?[0-9]*" + digits);
}

}  // namespace caudal::functions
