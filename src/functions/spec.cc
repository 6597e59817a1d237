#include "functions/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/matcher.h"

namespace caudal::functions {
namespace {

bool OneBeginsWithOther(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

bool OneEndsWithOther(std::string_view a, std::string_view b) {
  return a.ends_with(b) || b.ends_with(a);
}

// What every name that the glob matches ends with; may be empty.
std::string_view LiteralSuffix(std::string_view glob) {
  const size_t special = glob.find_last_of("*?[]{}\\");
  return special == std::string_view::npos ? glob : glob.substr(special + 1);
}

// Writing finalizes an object, and may delete or archive the one before.
bool FiresOnWrites(const std::vector<events::EventType>& types) {
  return types.empty() || std::ranges::any_of(types, [](events::EventType type) {
           return type != events::EventType::kMetadataUpdated;
         });
}

Result<void> CheckName(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= 63 && name.front() != '-' &&
                    std::ranges::all_of(name, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (fine) return {};
  return MakeError(ErrorKind::kInvalid,
                   "a function's name has 1 to 63 of a-z, 0-9 and '-', and doesn't begin with '-'");
}

std::string_view KindNameOf(const HttpPart&) { return "http"; }
std::string_view KindNameOf(const FrameworkPart& part) {
  return part.runtime == FrameworkPart::Runtime::kPython ? "python" : "node";
}
std::string_view KindNameOf(const SqlPart&) { return "sql"; }

}  // namespace

std::string_view KindOf(const FunctionSpec& spec) {
  return std::visit([](const auto& part) { return KindNameOf(part); }, spec.part);
}

bool MayFire(const events::Filter& trigger, const WritePlace& place) {
  if (!trigger.bucket.empty() && trigger.bucket != place.bucket) return false;
  if (!FiresOnWrites(trigger.types)) return false;
  const Result<events::Matcher> matcher =
      events::Matcher::Make({trigger.bucket, trigger.prefix, trigger.glob, {}});
  if (!matcher.ok()) return true;
  if (place.exact)
    return matcher->Matches(events::EventType::kFinalized, place.bucket, place.prefix);
  if (!OneBeginsWithOther(trigger.prefix, place.prefix)) return false;
  if (trigger.glob.empty()) return true;
  const Result<Glob> glob = Glob::Parse(trigger.glob);
  if (!glob.ok()) return true;
  return OneBeginsWithOther(glob->literal_prefix(), place.prefix) &&
         OneEndsWithOther(LiteralSuffix(trigger.glob), place.suffix);
}

Result<void> CheckSpec(const FunctionSpec& spec) {
  TRY(CheckName(spec.name));
  const auto wrong = [&](std::string_view cause) {
    return MakeError(ErrorKind::kInvalid, fmt::format("function '{}': {}", spec.name, cause));
  };
  if (spec.trigger.bucket.empty()) return wrong("its trigger needs a bucket");
  const Result<events::Matcher> matcher = events::Matcher::Make(spec.trigger);
  if (!matcher.ok()) return wrong(matcher.error().message);
  if (spec.timeout.count() < 1) return wrong("its timeout must be positive");
  if (spec.concurrency < 1 || spec.concurrency > 100)
    return wrong("its concurrency must be 1 to 100");
  if (const auto* sql = std::get_if<SqlPart>(&spec.part)) {
    Result<void> checked = CheckSqlPart(*sql, spec.trigger);
    if (!checked.ok())
      return std::move(checked).error().Within(fmt::format("function '{}'", spec.name));
  }
  if (spec.allow_loops) return {};
  for (const WritePlace& place : spec.writes)
    if (MayFire(spec.trigger, place))
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("function '{}' writes to gs://{}/{}{}{}, which fires it again: write "
                      "elsewhere, narrow its trigger, or set allow_loops: true if it knows when "
                      "to stop",
                      spec.name, place.bucket, place.prefix, place.exact ? "" : "*", place.suffix),
          "function.loop");
  return {};
}

}  // namespace caudal::functions
