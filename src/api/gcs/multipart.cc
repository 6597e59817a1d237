#include "api/gcs/multipart.h"

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kBoundaryBytesMax = 200;
constexpr size_t kPreambleBytesMax = 64u << 10;
constexpr size_t kHeaderBytesMax = 32u << 10;
constexpr size_t kPaddingMax = 200;  // blanks after a boundary

Error Malformed(const std::string& what) {
  return MakeError(ErrorKind::kInvalid, "Malformed multipart body: " + what + ".",
                   "multipart.malformed");
}

}  // namespace

Result<std::string> BoundaryOf(std::string_view content_type) {
  std::string_view rest = content_type;
  size_t at = rest.find(';');
  if (!StartsWithIgnoringCase(Trimmed(rest), "multipart/"))
    return InvalidValue("Content-Type", "multipart/…; boundary=…");
  while (at != std::string_view::npos) {
    rest = Trimmed(rest.substr(at + 1));
    if (StartsWithIgnoringCase(rest, "boundary=") && rest.size() > 9) {
      rest.remove_prefix(9);
      const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
      const size_t end = quoted ? rest.find(rest[0], 1) : rest.find(';');
      if (quoted && end == std::string_view::npos) break;
      const std::string_view boundary =
          quoted ? rest.substr(1, end - 1) : Trimmed(rest.substr(0, end));
      if (boundary.empty() || boundary.size() > kBoundaryBytesMax ||
          boundary.find_first_of("\r\n") != std::string_view::npos)
        break;
      return std::string(boundary);
    }
    at = rest.find(';');
  }
  return InvalidValue("Content-Type", "a multipart type with its boundary");
}

Result<http::Headers> ParseHeaderLines(std::string_view lines) {
  http::Headers headers;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return Malformed("a header line of a part has no name");
    headers.Add(std::string(Trimmed(line.substr(0, colon))), std::string(line.substr(colon + 1)));
  }
  return headers;
}

MultipartParser::MultipartParser(std::string_view boundary, PartSink& sink)
    : sink_(sink), dashes_("--" + std::string(boundary)) {}

Result<void> MultipartParser::Feed(std::string_view bytes) {
  if (state_ == State::kEpilogue) return {};
  buffer_.append(bytes);
  Step step = Step::kAgain;
  while (step == Step::kAgain && state_ != State::kEpilogue) {
    switch (state_) {
      case State::kPreamble:
        step = TRY(Preamble());
        break;
      case State::kHeaders:
        step = TRY(PartHeaders());
        break;
      case State::kBody:
        step = TRY(Body());
        break;
      case State::kEpilogue:
        break;
    }
  }
  return {};
}

Result<void> MultipartParser::Finish() {
  // A body may end right after "--boundary--": Judge had all it needs.
  if (state_ != State::kEpilogue) return Malformed("it ends before the closing boundary");
  return {};
}

MultipartParser::After MultipartParser::Judge(size_t at, size_t& line_end) const {
  const std::string_view rest = std::string_view(buffer_).substr(at);
  if (rest.empty() || rest == "-") return After::kNeedMore;
  if (rest.starts_with("--")) return After::kClose;
  size_t i = 0;
  while (i < rest.size() && (rest[i] == ' ' || rest[i] == '\t') && i < kPaddingMax) ++i;
  if (i == rest.size()) return After::kNeedMore;
  if (rest[i] == '\r') {
    if (i + 1 == rest.size()) return After::kNeedMore;
    if (rest[i + 1] != '\n') return After::kData;
    line_end = at + i + 2;
    return After::kPart;
  }
  if (rest[i] != '\n') return After::kData;
  line_end = at + i + 1;
  return After::kPart;
}

Result<MultipartParser::Step> MultipartParser::Preamble() {
  for (size_t at = buffer_.find(dashes_); at != std::string::npos;
       at = buffer_.find(dashes_, at + 1)) {
    if (at != 0 && buffer_[at - 1] != '\n') continue;
    size_t line_end = 0;
    const After after = Judge(at + dashes_.size(), line_end);
    if (after == After::kNeedMore) return Step::kNeedMore;
    if (after == After::kData) continue;
    if (after == After::kClose) return Malformed("it has no parts");
    bare_lf_ = buffer_[line_end - 1] == '\n' && (line_end < 2 || buffer_[line_end - 2] != '\r');
    delimiter_ = (bare_lf_ ? "\n" : "\r\n") + dashes_;
    buffer_.erase(0, line_end);
    state_ = State::kHeaders;
    return Step::kAgain;
  }
  if (buffer_.size() > kPreambleBytesMax) return Malformed("its first boundary doesn't come");
  return Step::kNeedMore;
}

Result<MultipartParser::Step> MultipartParser::PartHeaders() {
  const std::string_view text = buffer_;
  size_t end = std::string_view::npos;  // of the header lines
  size_t body = 0;
  for (size_t line = 0; line < text.size();) {
    const size_t newline = text.find('\n', line);
    if (newline == std::string_view::npos) break;
    if (newline == line || (newline == line + 1 && text[line] == '\r')) {
      end = line;
      body = newline + 1;
      break;
    }
    line = newline + 1;
  }
  if (end == std::string_view::npos) {
    if (buffer_.size() > kHeaderBytesMax) return Malformed("the headers of a part are too long");
    return Step::kNeedMore;
  }
  http::Headers headers = TRY(ParseHeaderLines(text.substr(0, end)));
  TRY(sink_.OnPart(std::move(headers)));
  // An empty part's delimiter follows at once: its line end is the one that ended the headers.
  buffer_.erase(0, body);
  buffer_.insert(0, bare_lf_ ? "\n" : "\r\n");
  state_ = State::kBody;
  at_start_ = true;
  return Step::kAgain;
}

Result<MultipartParser::Step> MultipartParser::Body() {
  const size_t skip = at_start_ ? (bare_lf_ ? 1 : 2) : 0;  // the line end put before the bytes
  size_t from = 0;
  while (true) {
    const size_t at = buffer_.find(delimiter_, from);
    if (at == std::string::npos) {
      // The tail may be the beginning of a delimiter.
      if (buffer_.size() > delimiter_.size() + skip) {
        const size_t emit = buffer_.size() - delimiter_.size();
        if (emit > skip) TRY(sink_.OnBytes(std::string_view(buffer_).substr(skip, emit - skip)));
        buffer_.erase(0, emit);
        at_start_ = false;
      }
      return Step::kNeedMore;
    }
    size_t line_end = 0;
    const After after = Judge(at + delimiter_.size(), line_end);
    if (after == After::kData) {
      from = at + 1;
      continue;
    }
    if (at > skip) TRY(sink_.OnBytes(std::string_view(buffer_).substr(skip, at - skip)));
    if (after == After::kNeedMore) {
      buffer_.erase(0, at);
      at_start_ = at_start_ && at == 0;
      return Step::kNeedMore;
    }
    TRY(sink_.OnPartEnd());
    if (after == After::kClose) {
      buffer_.clear();
      state_ = State::kEpilogue;
    } else {
      buffer_.erase(0, line_end);
      state_ = State::kHeaders;
    }
    return Step::kAgain;
  }
}

}  // namespace caudal::api::gcs
