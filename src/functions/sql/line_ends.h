// Line ends that CSV readers refuse, made plain.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace caudal::functions {

// Outside of quoted values, CRs before a LF go: "\r\n" becomes "\n", and so does "\r\r\n", which
// Windows programs write that turn the LF of a CRLF into another CRLF. What comes in pieces may be
// cut anywhere.
class LineEnds {
 public:
  // `quote`: 0 for none.
  explicit LineEnds(char quote) : quote_(quote) {}
  void Straighten(std::string_view piece, std::string& out);
  void Finish(std::string& out);

 private:
  const char quote_;
  bool quoted_ = false;
  size_t returns_ = 0;  // CRs held back
};

// The same of a whole file, to the new file `path`; `go_on` as in Unpack.
Result<void> StraightenFile(const os::File& file, char quote, const std::string& path,
                            const std::function<Result<void>()>& go_on);

}  // namespace caudal::functions
