#include "app/config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace caudal::app {
namespace {

constexpr std::array<std::pair<std::string_view, int64_t>, 6> kDurationUnits = {{
    {"w", 7 * 24 * 3'600'000ll},
    {"d", 24 * 3'600'000ll},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1000},
    {"ms", 1},
}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 9> kSizeUnits = {{
    {"TiB", 1ull << 40},
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1000},
    {"B", 1},
}};

Error NotA(std::string_view what) {
  return MakeError(ErrorKind::kInvalid, "expected " + std::string(what));
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const Error wrong = NotA("a duration such as 500ms, 10s, 1h30m or 7d");
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return wrong;
  constexpr int64_t kMax = 1000ll * 366 * 24 * 3'600'000;  // a thousand years
  int64_t total = 0;
  while (!text.empty()) {
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return wrong;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    int64_t factor = 0;
    for (const auto& [name, value] : kDurationUnits)
      if (name == unit) factor = value;
    if (factor == 0 || count > kMax / factor) return wrong;
    total += count * factor;
    if (total > kMax) return wrong;
  }
  return std::chrono::milliseconds(total);
}

Result<uint64_t> ParseSize(std::string_view text) {
  const Error wrong = NotA("a size such as 512KiB, 256MiB or 5GiB");
  double count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc() || !(count >= 0) || !std::isfinite(count)) return wrong;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  uint64_t factor = text.empty() ? 1 : 0;
  for (const auto& [name, value] : kSizeUnits)
    if (name == text) factor = value;
  const double bytes = count * static_cast<double>(factor);
  if (factor == 0 || bytes > 1e18) return wrong;
  return static_cast<uint64_t>(bytes);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  int64_t rest = duration.count();
  if (rest == 0) return "0";
  std::string text;
  for (const auto& [name, value] : kDurationUnits) {
    if (rest / value == 0 || (name == "w" && rest % value != 0)) continue;
    text += std::to_string(rest / value) + std::string(name);
    rest %= value;
  }
  return text;
}

std::string FormatSize(uint64_t bytes) {
  for (const auto& [name, value] : kSizeUnits)
    if (name.size() == 3 && bytes >= value && bytes % value == 0)
      return std::to_string(bytes / value) + std::string(name);
  return std::to_string(bytes);
}

std::string FormatSizeForPeople(uint64_t bytes) {
  for (const auto& [name, value] : kSizeUnits)
    if (name.size() == 3 && bytes >= value)
      return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(value),
                         name);
  return std::to_string(bytes) + " B";
}

}  // namespace caudal::app
