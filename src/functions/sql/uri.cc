#include "functions/sql/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "functions/sql/file_format.h"
#include "objects/names.h"

namespace caudal::functions {
namespace {

constexpr std::string_view kScheme = "gs://";
constexpr auto kTemplates = std::to_array<std::string_view>({"{name}", "{folder}", "{stem}"});

std::string_view FolderOf(std::string_view object) {
  const size_t slash = object.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : object.substr(0, slash);
}

std::string_view StemOf(std::string_view object) {
  const size_t slash = object.rfind('/');
  std::string_view file = slash == std::string_view::npos ? object : object.substr(slash + 1);
  file = WithoutCompression(file);
  const size_t dot = file.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? file : file.substr(0, dot);
}

std::string_view ValueOf(std::string_view name, std::string_view object) {
  if (name == "{name}") return object;
  return name == "{folder}" ? FolderOf(object) : StemOf(object);
}

}  // namespace

Result<ObjectUri> ParseUri(std::string_view uri) {
  const auto wrong = [&](std::string_view what) {
    return MakeError(ErrorKind::kInvalid, fmt::format("'{}' {}", uri, what));
  };
  if (!uri.starts_with(kScheme)) return wrong("isn't a URI like gs://bucket/folder/file.csv");
  const std::string_view rest = uri.substr(kScheme.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return wrong("names no object: gs://bucket/folder/file.csv is meant");
  ObjectUri parsed{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
  const Result<void> bucket = objects::CheckBucketName(parsed.bucket);
  if (!bucket.ok()) return wrong("names no bucket: " + bucket.error().message);
  for (size_t at = 0; (at = parsed.name.find_first_of("{}", at)) != std::string::npos;) {
    const std::string_view here = std::string_view(parsed.name).substr(at);
    const auto found = std::ranges::find_if(
        kTemplates, [&](std::string_view known) { return here.starts_with(known); });
    if (found == kTemplates.end()) {
      const size_t close = here.find('}');
      return wrong(fmt::format("has '{}' where {{name}}, {{folder}} or {{stem}} may stand",
                               here.substr(0, close == std::string_view::npos ? 1 : close + 1)));
    }
    at += found->size();
  }
  return parsed;
}

Result<ObjectUri> Expand(const ObjectUri& uri, std::string_view object) {
  ObjectUri expanded{uri.bucket, ""};
  std::string_view rest = uri.name;
  while (!rest.empty()) {
    const size_t open = rest.find('{');
    expanded.name += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = rest.find('}', open);
    expanded.name += ValueOf(rest.substr(open, close - open + 1), object);
    rest = rest.substr(close + 1);
  }
  Result<void> name = objects::CheckObjectName(expanded.name);
  if (!name.ok())
    return std::move(name).error().Within(fmt::format("{} of '{}'", uri.Text(), object));
  return expanded;
}

WritePlace PlaceOf(const ObjectUri& uri) {
  WritePlace place;
  place.bucket = uri.bucket;
  const size_t first = uri.name.find('{');
  place.exact = first == std::string::npos;
  place.prefix = uri.name.substr(0, first);
  if (!place.exact) place.suffix = uri.name.substr(uri.name.rfind('}') + 1);
  return place;
}

std::vector<WritePlace> WritesOf(const SqlPart& part) {
  std::vector<WritePlace> places;
  for (const SqlOutput& output : part.outputs) {
    const Result<ObjectUri> uri = ParseUri(output.uri);
    if (uri.ok()) places.push_back(PlaceOf(*uri));
  }
  return places;
}

}  // namespace caudal::functions
