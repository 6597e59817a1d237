// How fast rows of a stream or a snapshot become columns: one core, no I/O.
#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/postgres/copy_text.h"
#include "codec/postgres/pgoutput.h"
#include "codec/postgres/value_form.h"

namespace {

using namespace caudal;
using namespace caudal::postgres;

constexpr int64_t kRows = 200'000;  // made once, read again and again
constexpr int64_t kRowsOfBatch = 50'000;

template <class T>
void Put(std::string& out, T value) {
  char bytes[sizeof value];
  StoreBig(bytes, value);
  out.append(bytes, sizeof bytes);
}

// One row of (bigint, int, text of 20, numeric(12,2), timestamptz, boolean).
struct Row {
  int64_t id;
  int32_t number;
  std::string text;
  int64_t cents;
  int64_t micros;  // of the year 2026, whose first day they count from
  bool flag;
};

Row MakeRow(int64_t i) {
  const auto mixed = static_cast<uint64_t>(i) * 0x9e37'79b9'7f4a'7c15;
  return {.id = 1'000'000'000 + i,
          .number = static_cast<int32_t>(mixed >> 40),
          .text = fmt::format("customer {:011}", mixed >> 32),
          .cents = static_cast<int64_t>(mixed >> 36),
          .micros = static_cast<int64_t>(mixed % 86'400'000'000),
          .flag = (mixed >> 63) != 0};
}

std::vector<std::string> Texts(const Row& row) {
  const int64_t seconds = row.micros / 1'000'000;
  return {fmt::format("{}", row.id),
          fmt::format("{}", row.number),
          row.text,
          fmt::format("{}.{:02}", row.cents / 100, row.cents % 100),
          fmt::format("2026-01-01 {:02}:{:02}:{:02}.{:06}+00", seconds / 3600, seconds / 60 % 60,
                      seconds % 60, row.micros % 1'000'000),
          row.flag ? "t" : "f"};
}

std::string BinaryNumeric(int64_t cents) {
  const auto whole = cents / 100;
  std::string bytes;
  Put<int16_t>(bytes, 3);
  Put<int16_t>(bytes, 1);
  Put<int16_t>(bytes, 0);
  Put<int16_t>(bytes, 2);
  Put<int16_t>(bytes, static_cast<int16_t>(whole / 10'000 % 10'000));
  Put<int16_t>(bytes, static_cast<int16_t>(whole % 10'000));
  Put<int16_t>(bytes, static_cast<int16_t>(cents % 100 * 100));
  return bytes;
}

std::vector<std::string> Binaries(const Row& row) {
  std::vector<std::string> values(6);
  Put<int64_t>(values[0], row.id);
  Put<int32_t>(values[1], row.number);
  values[2] = row.text;
  values[3] = BinaryNumeric(row.cents);
  Put<int64_t>(values[4], 820'540'800'000'000 + row.micros);
  values[5] = std::string(1, row.flag ? '\1' : '\0');
  return values;
}

std::string InsertOf(const std::vector<std::string>& values, char kind) {
  std::string message = "I";
  Put<uint32_t>(message, 16'384);
  message += 'N';
  Put<int16_t>(message, static_cast<int16_t>(values.size()));
  for (const std::string& value : values) {
    message += kind;
    Put<uint32_t>(message, static_cast<uint32_t>(value.size()));
    message += value;
  }
  return message;
}

std::vector<ValueForm> Forms() {
  std::vector<ValueForm> forms;
  for (const uint32_t oid :
       {oid::kInt8, oid::kInt4, oid::kText, oid::kNumeric, oid::kTimestampTz, oid::kBool}) {
    PgType type;
    type.oid = oid;
    if (oid == oid::kNumeric) type.typmod = 4 + (12 << 16 | 2);
    forms.push_back(ValueForm::Of(type));
  }
  return forms;
}

// Columns of the rows, given up from time to time as a writer of files would take them.
class Columns {
 public:
  Columns() {
    for (const ValueForm& form : forms_) builders_.emplace_back(form.type());
  }

  template <class Row>
  void Append(const Row& row) {
    size_t i = 0;
    for (const ColumnValue& value : row) {
      const Held held = value.kind == ColumnKind::kBinary
                            ? AppendBinary(builders_[i], forms_[i], value.bytes)
                            : AppendText(builders_[i], forms_[i], value.bytes);
      if (held != Held::kExact) Fatal("a value was not read");
      ++i;
    }
    if (builders_[0].length() < kRowsOfBatch) return;
    for (ColumnBuilder& builder : builders_) nulls_ += builder.Finish().null_count();
  }
  int64_t nulls() const { return nulls_; }

 private:
  std::vector<ValueForm> forms_ = Forms();
  std::vector<ColumnBuilder> builders_;
  int64_t nulls_ = 0;
};

// Calls `read`, which takes kRows rows, until two seconds of processor time have gone: others that
// want the core don't count.
template <class Read>
void Measure(std::string_view name, const Read& read) {
  read();
  const std::clock_t start = std::clock();
  int64_t rows = 0;
  double seconds = 0;
  while (seconds < 2) {
    read();
    rows += kRows;
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  fmt::print("{:<34} {:>6.2f} M rows a CPU-second\n", name,
             static_cast<double>(rows) / seconds / 1e6);
}

void MeasureMessages(std::string_view name, char kind) {
  std::string stream;
  std::vector<size_t> ends;
  for (int64_t i = 0; i < kRows; ++i) {
    const Row row = MakeRow(i);
    stream += InsertOf(kind == 'b' ? Binaries(row) : Texts(row), kind);
    ends.push_back(stream.size());
  }
  const auto each = [&](const auto& take) {
    MessageParser parser;
    size_t start = 0;
    for (const size_t end : ends) {
      const auto message = parser.Parse(std::string_view(stream).substr(start, end - start));
      if (!message.ok()) Fatal(message.error().message);
      take(std::get<Insert>(*message).row);
      start = end;
    }
  };
  Columns columns;
  Measure(name, [&] { each([&](const Tuple& row) { columns.Append(row); }); });
  size_t bytes = 0;
  Measure(fmt::format("{}, messages alone", name), [&] {
    each([&](const Tuple& row) {
      for (const ColumnValue value : row) bytes += value.bytes.size();
    });
  });
  if (columns.nulls() + static_cast<int64_t>(bytes) == 1) fmt::print("\n");
}

void MeasureCopy(bool nulls_of_other_columns) {
  std::string chunk;
  for (int64_t i = 0; i < kRows; ++i) {
    const std::vector<std::string> values = Texts(MakeRow(i));
    for (size_t k = 0; k < values.size(); ++k) {
      chunk += values[k];
      chunk += k + 1 < values.size() ? '\t' : '\n';
    }
    if (nulls_of_other_columns) chunk.insert(chunk.size() - 1, "\t\\N");
  }
  Columns columns;
  CopyTextReader reader(nulls_of_other_columns ? 7 : 6);
  Measure(nulls_of_other_columns ? "COPY text, with a null" : "COPY text", [&] {
    for (std::string_view rest = chunk; !rest.empty();) {
      const auto row = reader.Next(rest);
      if (!row.ok()) Fatal(row.error().message);
      columns.Append(row->first(6));
    }
  });
}

}  // namespace

int main() {
  MeasureMessages("pgoutput text", 't');
  MeasureMessages("pgoutput binary", 'b');
  MeasureCopy(false);
  MeasureCopy(true);
  return 0;
}
