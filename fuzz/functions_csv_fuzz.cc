// The first line of any file is read or refused; line ends come out the same in one piece as in
// two; what is plain has as many records as is counted otherwise.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "functions/sql/csv_head.h"
#include "functions/sql/csv_plain.h"
#include "functions/sql/csv_records.h"
#include "functions/sql/line_ends.h"
#include "functions/sql/messages.h"
#include "functions/sql/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal::functions;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  CsvOptions options;
  options.header = (data[0] & 1) != 0;
  options.quote = (data[0] & 2) != 0 ? "" : "\"";
  options.delimiter = (data[0] & 4) != 0 ? ";" : ",";
  const auto head = ReadCsvHead(text, (data[0] & 8) != 0, options);
  if (head.ok())
    (void)MatchColumns(*head, {{"id", "text"}, {"amount", "decimal(18,2)"}}, options).ok();

  const char quote = options.quote.empty() ? '\0' : '"';
  const auto straighten = [&](size_t cut) {
    std::string out;
    LineEnds line_ends(quote);
    line_ends.Straighten(text.substr(0, cut), out);
    line_ends.Straighten(text.substr(cut), out);
    line_ends.Finish(out);
    return out;
  };
  const size_t cut = data[1] % (text.size() + 1);
  if (straighten(0) != straighten(cut)) std::abort();

  const auto count = [&](size_t at) {
    CsvRecords records(options, (data[0] & 16) != 0 ? 1 : 2);
    if (!records.Feed(text.substr(0, at)).ok() || !records.Feed(text.substr(at)).ok()) return ~0ull;
    return static_cast<unsigned long long>(records.records());
  };
  if (count(0) != count(cut)) std::abort();
  const auto plain = CountPlainLines(text, options, 2);
  if (plain && (data[0] & 16) == 0 && *plain != count(0)) std::abort();

  (void)CsvMessage(text);
  const auto uri = ParseUri(text);
  if (uri.ok()) (void)Expand(*uri, "raw/x.csv").ok();
  return 0;
}
