#include "app/config/function_spec.h"

#include "functions/sql/uri.h"

namespace caudal::app {
namespace {

using functions::FrameworkPart;

// "gs://bucket/prefix": objects whose names begin so.
Result<functions::WritePlace> PlaceOf(const std::string& text) {
  constexpr std::string_view kScheme = "gs://";
  const size_t slash = text.find('/', kScheme.size());
  const std::string bucket =
      text.substr(std::min(kScheme.size(), text.size()),
                  slash == std::string::npos ? slash : slash - kScheme.size());
  if (!text.starts_with(kScheme) || bucket.empty())
    return MakeError(ErrorKind::kInvalid, "expected gs://bucket/prefix, not '" + text + "'");
  return functions::WritePlace{bucket, slash == std::string::npos ? "" : text.substr(slash + 1), "",
                               false};
}

functions::SqlPart SqlPartOf(const SqlFunctionConfig& config) {
  functions::SqlPart part;
  for (const auto& [table, input] : config.inputs) {
    part.inputs.push_back(input);
    part.inputs.back().table = table;
  }
  part.sql = config.sql;
  part.expect = config.expect;
  part.outputs = config.outputs;
  part.threads = config.threads;
  part.temp_bytes_max = config.temp;
  part.output_bytes_max = config.output;
  return part;
}

functions::KindPart PartOf(const FunctionConfig& config) {
  if (config.kind == FunctionKind::kSql) return SqlPartOf(config.sql);
  if (config.kind == FunctionKind::kHttp)
    return functions::HttpPart{config.http.url, config.http.secret};
  FrameworkPart part;
  part.runtime = config.kind == FunctionKind::kPython ? FrameworkPart::Runtime::kPython
                                                      : FrameworkPart::Runtime::kNode;
  part.source = config.framework.source;
  part.target = config.framework.target;
  part.signature = config.framework.signature;
  part.interpreter = config.framework.interpreter;
  part.install = config.framework.install;
  part.calls_max = config.framework.calls_max;
  part.start_timeout = config.framework.start_timeout;
  return part;
}

}  // namespace

Result<functions::FunctionSpec> SpecOf(const std::string& name, const FunctionConfig& config) {
  functions::FunctionSpec spec;
  spec.name = name;
  const FunctionTriggerConfig& trigger = config.trigger;
  spec.trigger = {trigger.bucket, trigger.prefix, trigger.glob, trigger.types};
  spec.timeout = config.timeout;
  spec.memory_bytes = config.memory;
  spec.concurrency = config.concurrency;
  spec.retry = {config.retry.first, config.retry.max, config.retry.window};
  spec.environment = config.environment;
  spec.allow_loops = config.allow_loops;
  for (const std::string& place : config.writes) {
    functions::WritePlace one = TRY(PlaceOf(place));
    spec.writes.push_back(std::move(one));
  }
  spec.part = PartOf(config);
  if (const auto* sql = std::get_if<functions::SqlPart>(&spec.part))
    for (functions::WritePlace& place : functions::WritesOf(*sql))
      spec.writes.push_back(std::move(place));
  return spec;
}

Result<std::vector<functions::FunctionSpec>> SpecsOf(
    const std::map<std::string, FunctionConfig>& functions) {
  std::vector<functions::FunctionSpec> specs;
  for (const auto& [name, config] : functions) {
    functions::FunctionSpec spec = TRY(SpecOf(name, config));
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace caudal::app
