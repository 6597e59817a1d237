#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/big_number.h"
#include "engine/scalar_pieces.h"
#include "engine/text.h"
#include "engine/time_text.h"

namespace caudal::engine {
namespace {

using Kind = Shape::Kind;

// The shortest digits that read back the same; with an exponent from 1e16 on and below 1e-4.
template <class T>
void AppendFloat(std::string& out, T value) {
  if (std::isnan(value)) {
    out += "nan";
    return;
  }
  if (std::signbit(value)) out += '-';
  if (std::isinf(value)) {
    out += "inf";
    return;
  }
  const T size = std::abs(value);
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), size, std::chars_format::scientific)
          .ptr;
  const std::string_view scientific(text.data(), static_cast<size_t>(end - text.data()));
  if (size != 0 && (size >= T(1e16) || size < T(1e-4))) {
    out += scientific;
    return;
  }
  // "1.2345e+02": the digits, and where the point goes among them.
  const size_t e = scientific.find('e');
  std::string digits(scientific.substr(0, e));
  std::erase(digits, '.');
  const int point = std::atoi(std::string(scientific.substr(e + 1)).c_str()) + 1;
  if (point <= 0) digits.insert(0, static_cast<size_t>(1 - point), '0');
  const auto whole = static_cast<size_t>(std::max(point, 1));
  if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
  out += digits.insert(whole, ".");
}

void AppendBlob(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    if (c >= 32 && c < 127 && c != '\\' && c != '\'' && c != '"') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

std::string_view BytesAt(const ArrowArray& array, Kind kind, int64_t row) {
  const auto* text = static_cast<const char*>(array.buffers[2]);
  if (kind == Kind::kText32) {
    const auto* offsets = static_cast<const int32_t*>(array.buffers[1]);
    return {text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  const auto* offsets = static_cast<const int64_t*>(array.buffers[1]);
  return {text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
}

void AppendBytes(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const std::string_view bytes = BytesAt(array, field.shape.kind, row);
  if (field.format == "u" || field.format == "U") {
    out += bytes;
  } else if (field.ExtensionType() == "bit") {
    AppendBits(out, bytes);
  } else if (field.ExtensionType() == "bignum") {
    AppendBigNumber(out, bytes);
  } else {
    AppendBlob(out, bytes);
  }
}

void AppendFixedBytes(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const std::string_view extension = field.ExtensionType();
  const auto* bytes = static_cast<const unsigned char*>(array.buffers[1]) + row * field.shape.width;
  if (extension == "hugeint" && field.shape.width == 16) {
    AppendDecimal(out, ValueAt<Int128>(array, row), 0, true);
  } else if (extension == "uhugeint" && field.shape.width == 16) {
    AppendUnsigned(out, ValueAt<UInt128>(array, row));
  } else if (extension == "arrow.uuid" && field.shape.width == 16) {
    AppendUuid(out, bytes);
  } else if (extension == "time_tz" && field.shape.width == 8) {
    AppendTimeWithZone(out, ValueAt<uint64_t>(array, row));
  } else {
    AppendBlob(out, {reinterpret_cast<const char*>(bytes), static_cast<size_t>(field.shape.width)});
  }
}

void AppendDecimalOf(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  const size_t comma = field.format.find(',');
  const int width = std::atoi(field.format.c_str() + 2);
  const int scale = comma == std::string::npos ? 0 : std::atoi(field.format.c_str() + comma + 1);
  const Int128 value = field.shape.width == 4   ? ValueAt<int32_t>(array, row)
                       : field.shape.width == 8 ? ValueAt<int64_t>(array, row)
                                                : ValueAt<Int128>(array, row);
  AppendDecimal(out, value, scale, width > scale);
}

}  // namespace

void AppendScalar(std::string& out, const ArrowArray& array, const Field& field, int64_t row) {
  if (field.shape.kind == Kind::kBits) {
    const auto* bits = static_cast<const uint8_t*>(array.buffers[1]);
    out += (bits[row / 8] >> (row % 8) & 1) != 0 ? "true" : "false";
    return;
  }
  if (field.shape.kind != Kind::kFixed) return AppendBytes(out, array, field, row);
  const std::string_view format = field.format;
  if (format[0] == 'd') return AppendDecimalOf(out, array, field, row);
  if (format[0] == 'w') return AppendFixedBytes(out, array, field, row);
  if (format == "c" && field.ExtensionType() == "arrow.bool8") {
    out += ValueAt<int8_t>(array, row) != 0 ? "true" : "false";
    return;
  }
  if (format == "c") return AppendInteger(out, static_cast<int>(ValueAt<int8_t>(array, row)));
  if (format == "C") return AppendInteger(out, static_cast<int>(ValueAt<uint8_t>(array, row)));
  if (format == "s") return AppendInteger(out, ValueAt<int16_t>(array, row));
  if (format == "S") return AppendInteger(out, ValueAt<uint16_t>(array, row));
  if (format == "i") return AppendInteger(out, ValueAt<int32_t>(array, row));
  if (format == "I") return AppendInteger(out, ValueAt<uint32_t>(array, row));
  if (format == "l") return AppendInteger(out, ValueAt<int64_t>(array, row));
  if (format == "L") return AppendInteger(out, ValueAt<uint64_t>(array, row));
  if (format == "f") return AppendFloat(out, ValueAt<float>(array, row));
  if (format == "g") return AppendFloat(out, ValueAt<double>(array, row));
  if (format == "tdD") return AppendDate(out, ValueAt<int32_t>(array, row));
  if (format == "ttu") return AppendTime(out, ValueAt<int64_t>(array, row), 6);
  if (format == "ttn") return AppendTime(out, ValueAt<int64_t>(array, row), 9);
  if (format.starts_with("ts"))
    return AppendTimestamp(out, ValueAt<int64_t>(array, row), format[2], format.size() > 4);
  if (format == "tin") {
    const auto* value = static_cast<const char*>(array.buffers[1]) + row * 16;
    Interval interval;
    std::memcpy(&interval, value, sizeof interval);
    return AppendInterval(out, interval);
  }
  out += "?";  // a format that DuckDB doesn't give
}

}  // namespace caudal::engine
