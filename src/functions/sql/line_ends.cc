#include "functions/sql/line_ends.h"

namespace caudal::functions {

void LineEnds::Straighten(std::string_view piece, std::string& out) {
  for (const char c : piece) {
    if (c == '\r' && !quoted_) {
      ++returns_;
      continue;
    }
    if (returns_ != 0) {
      if (c != '\n') out.append(returns_, '\r');
      returns_ = 0;
    }
    // A doubled quote within a value closes and opens it again: no matter.
    if (c == quote_ && quote_ != 0) quoted_ = !quoted_;
    out += c;
  }
}

void LineEnds::Finish(std::string& out) {
  out.append(returns_, '\r');
  returns_ = 0;
}

Result<void> StraightenFile(const os::File& file, char quote, const std::string& path,
                            const std::function<Result<void>()>& go_on) {
  constexpr size_t kPieceBytes = 1u << 20;
  os::File straight = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  LineEnds line_ends(quote);
  std::string in(kPieceBytes, '\0');
  std::string out;
  uint64_t read = 0;
  uint64_t written = 0;
  while (true) {
    TRY(go_on());
    const size_t got = TRY(file.ReadAt(read, in.data(), in.size()));
    read += got;
    out.clear();
    line_ends.Straighten(std::string_view(in.data(), got), out);
    if (got == 0) line_ends.Finish(out);
    TRY(straight.WriteAt(written, out));
    written += out.size();
    if (got == 0) return {};
  }
}

}  // namespace caudal::functions
