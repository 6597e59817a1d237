#include "functions/sql/csv_plain.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "data/utf8.h"

namespace caudal::functions {
namespace {

constexpr size_t kPieceBytes = 1u << 20;

bool Has(std::string_view text, char wanted) {
  return std::memchr(text.data(), wanted, text.size()) != nullptr;
}

bool IsAscii(std::string_view text) {
  uint64_t all = 0;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    all |= eight;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080u) == 0;
}

bool HasValues(std::string_view line, char delimiter, size_t wanted) {
  size_t values = 1;
  const char* at = line.data();
  const char* const end = line.data() + line.size();
  while (values <= wanted) {
    at = static_cast<const char*>(std::memchr(at, delimiter, static_cast<size_t>(end - at)));
    if (at == nullptr) break;
    ++at;
    ++values;
  }
  return values == wanted;
}

// Where the line ends that has the byte before `offset`: right behind its LF. The size of the file
// when that is further away than a piece.
Result<uint64_t> LineAfter(const os::File& file, uint64_t offset, uint64_t size) {
  if (offset == 0 || offset >= size) return std::min(offset, size);
  std::string piece(kPieceBytes, '\0');
  const size_t got = TRY(file.ReadAt(offset - 1, piece.data(), piece.size()));
  const size_t feed = piece.find('\n');
  return feed < got ? offset + feed : size;
}

// The lines from `begin` to `end`, in pieces that end with a line.
Result<std::optional<uint64_t>> CountPart(const os::File& file, const CsvOptions& options,
                                          size_t columns, uint64_t begin, uint64_t end,
                                          const GoOn& go_on) {
  uint64_t records = 0;
  std::string piece(kPieceBytes, '\0');
  while (begin < end) {
    TRY(go_on());
    const size_t wanted = std::min<uint64_t>(piece.size(), end - begin);
    const size_t got = TRY(file.ReadAt(begin, piece.data(), wanted));
    std::string_view lines(piece.data(), got);
    if (begin + got < end) lines = lines.substr(0, lines.rfind('\n') + 1);
    if (lines.empty()) return std::optional<uint64_t>();
    const std::optional<uint64_t> counted = CountPlainLines(lines, options, columns);
    if (!counted) return counted;
    records += *counted;
    begin += lines.size();
  }
  return std::optional(records);
}

}  // namespace

std::optional<uint64_t> CountPlainLines(std::string_view lines, const CsvOptions& options,
                                        size_t columns) {
  const char delimiter = options.delimiter[0];
  if (columns < 2 || delimiter == ' ' || Has(lines, '\r') || Has(lines, '\0')) return std::nullopt;
  if (!options.quote.empty() && Has(lines, options.quote[0])) return std::nullopt;
  uint64_t records = 0;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (line.empty()) continue;
    if (line.size() > options.line_bytes_max || !HasValues(line, delimiter, columns))
      return std::nullopt;
    if (!IsAscii(line) && !IsValidUtf8(line)) return std::nullopt;
    ++records;
  }
  return records;
}

Result<std::optional<uint64_t>> CountPlainRecords(const os::File& file, const CsvOptions& options,
                                                  size_t columns, const GoOn& go_on) {
  const uint64_t size = TRY(file.Size());
  const uint64_t middle = TRY(LineAfter(file, size / 2, size));
  Result<std::optional<uint64_t>> second = std::optional<uint64_t>(0);
  std::thread other([&] { second = CountPart(file, options, columns, middle, size, go_on); });
  const auto first = CountPart(file, options, columns, 0, middle, go_on);
  other.join();
  if (!first.ok()) return first;
  if (!second.ok() || !*first || !*second) return !second.ok() ? second : std::optional<uint64_t>();
  return std::optional(**first + **second);
}

}  // namespace caudal::functions
