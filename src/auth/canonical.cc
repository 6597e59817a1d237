#include "auth/canonical.h"

#include <fmt/format.h>

#include <algorithm>

namespace caudal::auth {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Trimmed, runs of blanks as one.
void AppendCollapsed(std::string& out, std::string_view value) {
  bool blank = false;
  bool any = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      blank = any;
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    any = true;
    out += c;
  }
}

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string DecodePercent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string EncodePercent(std::string_view text, bool keep_slash) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view raw_query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!raw_query.empty()) {
    const size_t end = raw_query.find('&');
    const std::string_view one = raw_query.substr(0, end);
    raw_query.remove_prefix(end == std::string_view::npos ? raw_query.size() : end + 1);
    if (one.empty()) continue;
    const size_t equals = one.find('=');
    parameters.emplace_back(
        DecodePercent(one.substr(0, equals)),
        equals == std::string_view::npos ? "" : DecodePercent(one.substr(equals + 1)));
  }
  return parameters;
}

std::string CanonicalQuery(std::string_view raw_query, std::optional<std::string_view> left_out) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : ParseQuery(raw_query))
    if (LowerAscii(name) != left_out)
      encoded.emplace_back(EncodePercent(name, false), EncodePercent(value, false));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

std::optional<std::string> HeaderOf(const SignedRequest& request, std::string_view lower_name) {
  std::optional<std::string> joined;
  for (const auto& [name, value] : request.headers) {
    if (LowerAscii(name) != lower_name) continue;
    if (joined) {
      *joined += ',';
    } else {
      joined.emplace();
    }
    AppendCollapsed(*joined, value);
  }
  return joined;
}

Result<std::string> CanonicalHeaders(const SignedRequest& request,
                                     const std::vector<std::string>& signed_headers) {
  std::string out;
  for (const std::string& name : signed_headers) {
    const std::optional<std::string> value = HeaderOf(request, name);
    if (!value)
      return MakeError(ErrorKind::kDenied,
                       fmt::format("header {} is signed but the request doesn't carry it", name),
                       "signature.mismatch");
    out += name + ":" + *value + "\n";
  }
  return out;
}

std::vector<std::string> CanonicalPaths(std::string_view path) {
  std::vector<std::string> forms = {std::string(path)};
  std::string again = EncodePercent(DecodePercent(path), true);
  if (again != forms.front()) forms.push_back(std::move(again));
  return forms;
}

}  // namespace caudal::auth
