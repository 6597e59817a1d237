// Where the answer to a query goes, as it comes. Internal to cli.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli/query_options.h"
#include "base/result.h"

namespace caudal::app::cli {

// Standard output, or a file that appears under its name when it is whole.
class QueryTarget {
 public:
  static Result<QueryTarget> Open(const std::string& path);  // empty: standard output
  QueryTarget(QueryTarget&& other) noexcept;
  QueryTarget& operator=(QueryTarget&&) = delete;
  ~QueryTarget();  // a file that isn't whole goes

  // False when nobody reads any more, or the disk is full; Finish says which.
  bool Write(std::string_view bytes);
  bool failed() const { return failure_ != 0; }
  // kCancelled when nobody reads any more.
  Result<void> Finish();

 private:
  QueryTarget(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::string PartPath() const { return path_ + ".part"; }

  std::FILE* file_;
  std::string path_;  // empty: standard output
  int failure_ = 0;   // errno's
};

// Takes the server's answer piece by piece; a piece ends anywhere.
class QuerySink {
 public:
  static std::unique_ptr<QuerySink> Make(QueryFormat format, QueryTarget& target);
  virtual ~QuerySink() = default;

  // What the server is asked for.
  virtual const char* server_format() const = 0;
  // False: no more is wanted, for the error below or because nobody reads.
  virtual bool Take(std::string_view piece) = 0;
  // After the last piece. The server's own error, where it came after the first rows.
  virtual Result<void> Finish() = 0;
  // That it told.
  virtual std::optional<uint64_t> rows() const = 0;
};

}  // namespace caudal::app::cli
