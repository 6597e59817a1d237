#include "data/position.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace caudal {
namespace {

constexpr size_t kEpochDigits = 8;
constexpr size_t kCommitDigits = 16;
constexpr size_t kOrdinalDigits = 10;
constexpr size_t kCommitAt = kEpochDigits + 1;
constexpr size_t kOrdinalAt = kCommitAt + kCommitDigits + 1;
static_assert(kOrdinalAt + kOrdinalDigits == Position::kTextLength);

char* PutHex(char* at, uint64_t value, size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = digits; i-- > 0; value >>= 4) at[i] = kDigits[value & 15];
  return at + digits;
}

// All of it, digits only; the letters in lower case, so that equal positions have equal texts.
template <class T>
bool ReadNumber(std::string_view text, int base, T& value) {
  for (const char c : text)
    if (!(c >= '0' && c <= '9') && !(base == 16 && c >= 'a' && c <= 'f')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void Position::PutText(char* at) const {
  CAUDAL_CHECK(ordinal <= kOrdinalMax, "a transaction of too many changes");
  at = PutHex(at, epoch, kEpochDigits);
  *at++ = '-';
  at = PutHex(at, commit, kCommitDigits);
  *at++ = '-';
  uint64_t left = ordinal;
  for (size_t i = kOrdinalDigits; i-- > 0; left /= 10) at[i] = static_cast<char>('0' + left % 10);
}

std::string Position::Text() const {
  std::string text(kTextLength, '\0');
  PutText(text.data());
  return text;
}

Result<Position> Position::Parse(std::string_view text) {
  Position position;
  if (text.size() == kTextLength && text[kCommitAt - 1] == '-' && text[kOrdinalAt - 1] == '-' &&
      ReadNumber(text.substr(0, kEpochDigits), 16, position.epoch) &&
      ReadNumber(text.substr(kCommitAt, kCommitDigits), 16, position.commit) &&
      ReadNumber(text.substr(kOrdinalAt), 10, position.ordinal))
    return position;
  return MakeError(ErrorKind::kInvalid, "\"" + std::string(text) +
                                            "\" is no position: it must be like "
                                            "0000000a-00000000016b3748-0000000042");
}

}  // namespace caudal
