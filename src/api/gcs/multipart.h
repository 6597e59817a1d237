// Multipart bodies (RFC 2046), parsed as they arrive: multipart/related uploads and batches.
//
// Lines may end in CRLF or, as some clients write, in bare LF; the first boundary line decides for
// the whole body, so that a carriage return at the end of a part's bytes is never lost.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace caudal::api::gcs {

// The boundary of a Content-Type such as `multipart/related; boundary="x"`. kInvalid when it has
// none or one longer than 70 characters allow (200 are taken).
Result<std::string> BoundaryOf(std::string_view content_type);

// "Name: value" lines into headers; kInvalid for a line without a colon.
Result<http::Headers> ParseHeaderLines(std::string_view lines);

// Gets the parts, in order.
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual Result<void> OnPart(http::Headers headers) = 0;
  virtual Result<void> OnBytes(std::string_view bytes) = 0;
  virtual Result<void> OnPartEnd() = 0;
};

class MultipartParser {
 public:
  // `sink` must outlive the parser.
  MultipartParser(std::string_view boundary, PartSink& sink);

  Result<void> Feed(std::string_view bytes);
  // kInvalid when the closing boundary hasn't come.
  Result<void> Finish();

 private:
  enum class State : uint8_t { kPreamble, kHeaders, kBody, kEpilogue };
  enum class Step : uint8_t { kAgain, kNeedMore };

  Result<Step> Preamble();
  Result<Step> PartHeaders();
  Result<Step> Body();
  // A delimiter that ends before `at`, judged by what follows it there.
  enum class After : uint8_t { kNeedMore, kData, kPart, kClose };
  After Judge(size_t at, size_t& line_end) const;

  PartSink& sink_;
  const std::string dashes_;  // "--boundary"
  std::string delimiter_;     // with the line end before it
  bool bare_lf_ = false;
  bool at_start_ = false;  // the buffer begins with a line end put before a part's bytes
  State state_ = State::kPreamble;
  std::string buffer_;
};

}  // namespace caudal::api::gcs
