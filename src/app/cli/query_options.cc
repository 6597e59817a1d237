#include "app/cli/query_options.h"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace caudal::app::cli {
namespace {

constexpr auto kFormats = std::to_array<std::pair<std::string_view, QueryFormat>>({
    {"table", QueryFormat::kTable},
    {"csv", QueryFormat::kCsv},
    {"jsonl", QueryFormat::kJsonLines},
    {"json", QueryFormat::kJson},
    {"arrow", QueryFormat::kArrow},
    {"parquet", QueryFormat::kParquet},
});
// Other names of files.
constexpr auto kEndings = std::to_array<std::pair<std::string_view, QueryFormat>>({
    {"ndjson", QueryFormat::kJsonLines},
    {"arrows", QueryFormat::kArrow},
    {"pq", QueryFormat::kParquet},
    {"txt", QueryFormat::kTable},
});

Error Usage(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message), "usage");
}

template <class T>
Result<Json> NumberOf(const std::string& parameter, std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size()) return Json(value);
  return Usage("--param " + parameter + ": '" + std::string(text) + "' isn't such a number");
}

Result<Json> ValueOf(const std::string& parameter, std::string_view type, std::string_view text) {
  if (type.empty() || type == "text") return Json(std::string(text));
  if (type == "int") return NumberOf<int64_t>(parameter, text);
  if (type == "float") return NumberOf<double>(parameter, text);
  if (type == "null" && text.empty()) return Json(nullptr);
  if (type == "bool" && (text == "true" || text == "false")) return Json(text == "true");
  return Usage("--param " + parameter +
               ": write name=value for a text, or name:int=…, name:float=…, name:bool=true|false, "
               "name:null=");
}

}  // namespace

Result<QueryFormat> FormatOf(const QueryOptions& options, bool json, bool terminal) {
  if (!options.format.empty()) {
    for (const auto& [name, format] : kFormats)
      if (options.format == name) return format;
    return Usage("--format must be table, csv, jsonl, json, arrow or parquet, not '" +
                 options.format + "'");
  }
  if (json) return QueryFormat::kJson;
  if (!options.output.empty()) {
    const std::string_view ending =
        std::string_view(options.output).substr(options.output.rfind('.') + 1);
    for (const auto& [name, format] : kFormats)
      if (ending == name) return format;
    for (const auto& [name, format] : kEndings)
      if (ending == name) return format;
    return QueryFormat::kCsv;
  }
  return terminal ? QueryFormat::kTable : QueryFormat::kCsv;
}

Result<Json> ParametersOf(const std::vector<std::string>& parameters) {
  Json object = Json::object();
  for (const std::string& parameter : parameters) {
    const std::string_view text = parameter;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      return Usage("--param " + parameter + ": write name=value, for $name in the SQL");
    std::string_view name = text.substr(0, equals);
    std::string_view type;
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
      type = name.substr(colon + 1);
      name = name.substr(0, colon);
    }
    if (name.starts_with('$')) name.remove_prefix(1);
    if (name.empty()) return Usage("--param " + parameter + ": the name is missing");
    Json value = TRY(ValueOf(parameter, type, text.substr(equals + 1)));
    object[std::string(name)] = std::move(value);
  }
  return object;
}

}  // namespace caudal::app::cli
