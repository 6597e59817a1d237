#include "app/cli/query_sink.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "app/cli/context.h"
#include "app/cli/query_table.h"
#include "base/terminal.h"
#include "os/file.h"
#include "os/terminal.h"

namespace caudal::app::cli {
namespace {

// What the server makes goes on as it is.
class PlainSink final : public QuerySink {
 public:
  PlainSink(const char* format, QueryTarget& target) : format_(format), target_(target) {}
  const char* server_format() const override { return format_; }
  bool Take(std::string_view piece) override { return target_.Write(piece); }
  Result<void> Finish() override { return {}; }
  std::optional<uint64_t> rows() const override { return std::nullopt; }

 private:
  const char* const format_;
  QueryTarget& target_;
};

// Reads JSON lines. Those that aren't rows are objects: the schema, the end, the error.
class LineSink : public QuerySink {
 public:
  const char* server_format() const override { return "jsonl"; }

  bool Take(std::string_view piece) override {
    rest_ += piece;
    size_t begin = 0;
    bool more = true;
    for (size_t end; more && (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      more = TakeLine(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
    return more && AfterPiece();
  }

  Result<void> Finish() override {
    if (failure_) return *failure_;
    if (!rows_)
      return MakeError(ErrorKind::kUnavailable, "the answer was cut off before its end",
                       "query.cut");
    return {};
  }
  std::optional<uint64_t> rows() const override { return rows_; }

 protected:
  // Lines come without their ends.
  virtual void Schema(const Json& columns) = 0;
  virtual bool Row(std::string_view line) = 0;
  virtual void End() = 0;
  virtual void Line(std::string_view) {}
  virtual bool AfterPiece() { return true; }
  void Fail(Error error) { failure_ = std::move(error); }

 private:
  bool TakeLine(std::string_view line) {
    Line(line);
    if (!line.starts_with('{')) return Row(line);
    const Result<Json> json = ParseJson(line, "line of the answer");
    if (!json.ok()) {
      Fail(json.error());
      return false;
    }
    if (json->contains("schema")) Schema((*json)["schema"]);
    if (json->contains("rows")) {
      rows_ = (*json)["rows"].get<uint64_t>();
      End();
    }
    if (json->contains("error")) {
      const Json& error = (*json)["error"];
      Fail(MakeError(ErrorKind::kInvalid, Cell(error, "message"), Cell(error, "reason")));
    }
    return true;
  }

  std::string rest_;
  std::optional<uint64_t> rows_;
  std::optional<Error> failure_;
};

class JsonLinesSink final : public LineSink {
 public:
  explicit JsonLinesSink(QueryTarget& target) : target_(target) {}

 protected:
  void Schema(const Json&) override {}
  bool Row(std::string_view) override { return true; }
  void End() override {}
  void Line(std::string_view line) override {
    out_ += line;
    out_ += '\n';
  }
  bool AfterPiece() override {
    const bool written = target_.Write(out_);
    out_.clear();
    return written;
  }

 private:
  QueryTarget& target_;
  std::string out_;
};

// What is written of each parsed row.
class ParsingSink : public LineSink {
 public:
  explicit ParsingSink(QueryTarget& target) : target_(target) {}

 protected:
  virtual void Parsed(const Json& row) = 0;
  bool Row(std::string_view line) override {
    const Result<Json> row = ParseJson(line, "row of the answer");
    if (!row.ok() || !row->is_array()) {
      Fail(row.ok() ? MakeError(ErrorKind::kInternal, "a row of the answer isn't a list")
                    : row.error());
      return false;
    }
    Parsed(*row);
    return true;
  }
  bool AfterPiece() override {
    const bool written = target_.Write(out_);
    out_.clear();
    return written;
  }
  std::string out_;

 private:
  QueryTarget& target_;
};

// One array of objects.
class JsonSink final : public ParsingSink {
 public:
  using ParsingSink::ParsingSink;

 protected:
  void Schema(const Json& columns) override {
    for (const Json& column : columns) keys_.push_back(DumpJson(column.at("name")));
    out_ += '[';
  }
  void Parsed(const Json& row) override {
    out_ += std::exchange(first_, false) ? "\n{" : ",\n{";
    for (size_t i = 0; i < row.size() && i < keys_.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += keys_[i];
      out_ += ':';
      out_ += DumpJson(row[i]);
    }
    out_ += '}';
  }
  void End() override { out_ += "\n]\n"; }

 private:
  std::vector<std::string> keys_;
  bool first_ = true;
};

class TableSink final : public ParsingSink {
 public:
  TableSink(QueryTarget& target, size_t line_width, bool color)
      : ParsingSink(target), line_width_(line_width), color_(color) {}

 protected:
  void Schema(const Json& columns) override { table_.emplace(columns, line_width_, color_); }
  void Parsed(const Json& row) override {
    if (table_) table_->Add(row, out_);
  }
  void End() override {
    if (table_) table_->End(out_);
  }

 private:
  const size_t line_width_;
  const bool color_;
  std::optional<QueryTable> table_;
};

}  // namespace

Result<QueryTarget> QueryTarget::Open(const std::string& path) {
  if (path.empty()) return QueryTarget(stdout, path);
  QueryTarget target(nullptr, path);
  target.file_ = std::fopen(target.PartPath().c_str(), "wb");
  if (target.file_ == nullptr)
    return MakeError(ErrorKind::kInvalid, path + " can't be written: " + std::strerror(errno));
  return target;
}

QueryTarget::QueryTarget(QueryTarget&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      failure_(other.failure_) {}

QueryTarget::~QueryTarget() {
  if (file_ == nullptr || path_.empty()) return;
  std::fclose(file_);
  (void)os::Remove(PartPath()).ok();
}

bool QueryTarget::Write(std::string_view bytes) {
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() &&
                       (!path_.empty() || std::fflush(file_) == 0);
  if (!written && failure_ == 0) failure_ = errno;
  return written;
}

Result<void> QueryTarget::Finish() {
  if (!path_.empty()) {
    std::FILE* file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0 && failure_ == 0) failure_ = errno;
    if (failure_ == 0) return os::Rename(PartPath(), path_);
    (void)os::Remove(PartPath()).ok();
  }
  if (failure_ == 0) return {};
  if (failure_ == EPIPE) return MakeError(ErrorKind::kCancelled, "nobody reads the rows");
  return MakeError(ErrorKind::kDiskFull, (path_.empty() ? "standard output" : path_) +
                                             " can't be written: " + std::strerror(failure_));
}

std::unique_ptr<QuerySink> QuerySink::Make(QueryFormat format, QueryTarget& target) {
  switch (format) {
    case QueryFormat::kTable: {
      const bool terminal = IsTerminal(Stream::kOutput);
      const int columns = terminal ? os::TerminalColumns().value_or(0) : 0;
      return std::make_unique<TableSink>(target, static_cast<size_t>(columns),
                                         WantsColor(Stream::kOutput));
    }
    case QueryFormat::kJson:
      return std::make_unique<JsonSink>(target);
    case QueryFormat::kJsonLines:
      return std::make_unique<JsonLinesSink>(target);
    case QueryFormat::kCsv:
      return std::make_unique<PlainSink>("csv", target);
    case QueryFormat::kArrow:
      return std::make_unique<PlainSink>("arrow", target);
    case QueryFormat::kParquet:
      break;
  }
  return std::make_unique<PlainSink>("parquet", target);
}

}  // namespace caudal::app::cli
