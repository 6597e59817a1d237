#include "codec/postgres/lsn.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace caudal::postgres {
namespace {

std::optional<uint32_t> ParseHalf(std::string_view text) {
  uint32_t half = 0;
  if (text.empty() || text.size() > 8) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), half, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return half;
}

}  // namespace

Result<Lsn> Lsn::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto high = ParseHalf(text.substr(0, slash));
    const auto low = ParseHalf(text.substr(slash + 1));
    if (high && low) return Lsn{static_cast<uint64_t>(*high) << 32 | *low};
  }
  return MakeError(
      ErrorKind::kInvalid,
      fmt::format("\"{}\" is no log position of the form 16/B374D848", text.substr(0, 80)));
}

std::string Lsn::Text() const { return fmt::format("{:X}/{:X}", value >> 32, value & 0xffff'ffff); }

}  // namespace caudal::postgres
