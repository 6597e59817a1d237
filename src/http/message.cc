#include "http/message.h"

#include <algorithm>
#include <array>

#include "http/ascii.h"

namespace caudal::http {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

void TrimInPlace(std::string& value) {
  const std::string_view trimmed = TrimBlanks(value);
  if (trimmed.size() != value.size()) value = std::string(trimmed);
}

}  // namespace

std::string_view NameOf(Method method) { return kMethods[static_cast<size_t>(method)]; }

std::optional<Method> ParseMethod(std::string_view text) {
  for (size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == text) return static_cast<Method>(i);
  }
  return std::nullopt;
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (EqualIgnoringCase(field.first, name)) return field.second;
  }
  return std::nullopt;
}

void Headers::Add(std::string name, std::string value) {
  TrimInPlace(value);
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return EqualIgnoringCase(field.first, name); });
}

std::optional<std::string_view> Parameters::Get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.first == name) return field.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> Parameters::All(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const Field& field : fields_) {
    if (field.first == name) out.emplace_back(field.second);
  }
  return out;
}

const std::string& Request::Path(std::string_view name) const {
  for (const auto& [key, value] : path_parameters) {
    if (key == name) return value;
  }
  Fatal("the route's pattern has no {" + std::string(name) + "}");
}

Response Response::Json(int status, std::string body) {
  return Text(status, std::move(body), "application/json; charset=UTF-8");
}

Response Response::Text(int status, std::string body, std::string content_type) {
  Response out;
  out.status = status;
  out.headers.Add("Content-Type", std::move(content_type));
  out.body = std::move(body);
  return out;
}

Response Response::Empty(int status) {
  Response out;
  out.status = status;
  return out;
}

}  // namespace caudal::http
