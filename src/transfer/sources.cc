#include "transfer/sources.h"

#include <fmt/format.h>

#include <utility>

#include "functions/sql/file_format.h"
#include "functions/sql/line_ends.h"
#include "functions/sql/unpack.h"
#include "objects/names.h"
#include "os/file.h"
#include "transfer/avro_rows.h"

namespace caudal::transfer {
namespace {

constexpr size_t kFilesMax = 10'000;

struct Uri {
  std::string bucket;
  std::string name;
};

Result<Uri> ParseUri(const std::string& text) {
  constexpr std::string_view kScheme = "gs://";
  const std::string rest = text.starts_with(kScheme) ? text.substr(kScheme.size()) : std::string();
  const size_t slash = rest.find('/');
  if (slash == std::string::npos || slash + 1 == rest.size())
    return MakeError(ErrorKind::kInvalid,
                     "'" + text +
                         "' isn't a source: gs://bucket/folder/file.csv is meant, and "
                         "the name may have *, ** and ?");
  Uri uri{rest.substr(0, slash), rest.substr(slash + 1)};
  Result<void> bucket = objects::CheckBucketName(uri.bucket);
  if (!bucket.ok()) return std::move(bucket).error().Within(text);
  return uri;
}

class Finder {
 public:
  Finder(objects::Store& store, engine::InProcessDatabase& database, const LoadRequest& request,
         uint64_t unpacked_bytes_max, functions::WorkFiles& work, const functions::GoOn& go_on)
      : store_(store),
        database_(database),
        request_(request),
        unpacked_bytes_max_(unpacked_bytes_max),
        work_(work),
        go_on_(go_on) {}

  Result<void> Add(const std::string& text) {
    const Uri uri = TRY(ParseUri(text));
    // One object's own name wins over what it says as a pattern.
    Result<objects::OpenedObject> opened = store_.Open({uri.bucket, uri.name, std::nullopt});
    if (opened.ok()) return AddObject(uri.bucket, std::move(opened).take());
    const bool pattern = uri.name.find_first_of("*?[{") != std::string::npos;
    if (!pattern || opened.error().code != "object.not_found")
      return std::move(opened).error().Within(text);
    objects::ListQuery query;
    query.bucket = uri.bucket;
    query.match_glob = uri.name;
    const size_t before = sources_.size();
    do {
      TRY(go_on_());
      Result<objects::ListPage> page = store_.List(query);
      if (!page.ok()) return std::move(page).error().Within(text);
      for (const objects::Object& object : page->items) {
        opened = store_.Open({uri.bucket, object.name, std::nullopt});
        if (!opened.ok()) return std::move(opened).error().Within(text);
        TRY(AddObject(uri.bucket, std::move(opened).take()));
      }
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    if (sources_.size() > before) return {};
    return MakeError(ErrorKind::kNotFound, "no object is named like " + text, "object.not_found");
  }

  Result<void> AddUpload(const UploadedFile& upload) {
    Source source;
    source.name = upload.name;
    source.path = upload.path;
    const Compression compression =
        request_.compression.value_or(functions::CompressionOf(upload.name));
    return Fill(std::move(source), upload.name, compression);
  }

  std::vector<Source> Take() { return std::move(sources_); }

 private:
  Result<void> AddObject(const std::string& bucket, objects::OpenedObject opened) {
    const objects::Object& object = opened.object;
    Source source;
    source.name = "gs://" + bucket + "/" + object.name;
    source.path = opened.path;
    Compression compression = functions::CompressionOf(object.name);
    if (object.metadata.content_encoding == "gzip") compression = Compression::kGzip;
    if (object.metadata.content_encoding == "zstd") compression = Compression::kZstd;
    if (request_.compression) compression = *request_.compression;
    const std::string name = object.name;
    source.guard = std::make_shared<objects::OpenedObject>(std::move(opened));
    return Fill(std::move(source), name, compression);
  }

  Result<void> Fill(Source source, const std::string& name, Compression compression) {
    if (sources_.size() == kFilesMax)
      return MakeError(ErrorKind::kLimit, fmt::format("a load takes up to {} files", kFilesMax));
    const std::optional<FileFormat> format = request_.format ? request_.format : FileFormatOf(name);
    if (!format)
      return MakeError(ErrorKind::kInvalid,
                       source.name +
                           ": its name doesn't say whether it is csv, jsonl, parquet or "
                           "avro; give the format",
                       "load.format");
    source.format = *format;
    source.csv = request_.csv;
    if (functions::IsTsv(name) && source.csv.delimiter == CsvOptions().delimiter)
      source.csv.delimiter = "\t";
    if (compression != Compression::kNone) {
      if (*format == FileFormat::kParquet || *format == FileFormat::kAvro)
        return MakeError(ErrorKind::kInvalid,
                         source.name + ": such files are compressed inside, not as a whole",
                         "load.format");
      const os::File packed = TRY(os::File::Open(source.path, os::File::Mode::kRead));
      const std::string path = work_.New();
      Result<uint64_t> unpacked =
          functions::Unpack(compression, packed, path, unpacked_bytes_max_, go_on_);
      if (!unpacked.ok()) return std::move(unpacked).error().Within(source.name);
      source.path = path;
    }
    if (*format == FileFormat::kCsv || *format == FileFormat::kJson) TRY(Straighten(source));
    if (*format == FileFormat::kAvro) {
      const std::string path = work_.New();
      Result<void> made = AvroToParquet(database_, source.path, path, go_on_);
      if (!made.ok()) return std::move(made).error().Within(source.name);
      source.path = path;
      source.format = FileFormat::kParquet;
    }
    sources_.push_back(std::move(source));
    return {};
  }

  // DuckDB's reader refuses files whose lines end in several ways.
  Result<void> Straighten(Source& source) {
    const os::File file = TRY(os::File::Open(source.path, os::File::Mode::kRead));
    std::string buffer(1u << 20, '\0');
    bool returns = false;
    for (uint64_t at = 0; !returns;) {
      TRY(go_on_());
      const size_t got = TRY(file.ReadAt(at, buffer.data(), buffer.size()));
      if (got == 0) return {};
      returns = std::string_view(buffer.data(), got).find('\r') != std::string_view::npos;
      at += got;
    }
    const bool quotes = source.format == FileFormat::kCsv && !source.csv.quote.empty();
    const std::string path = work_.New();
    TRY(functions::StraightenFile(file, quotes ? source.csv.quote[0] : '\0', path, go_on_));
    source.path = path;
    return {};
  }

  objects::Store& store_;
  engine::InProcessDatabase& database_;
  const LoadRequest& request_;
  const uint64_t unpacked_bytes_max_;
  functions::WorkFiles& work_;
  const functions::GoOn& go_on_;
  std::vector<Source> sources_;
};

}  // namespace

Result<std::vector<Source>> FindSources(objects::Store& store, engine::InProcessDatabase& database,
                                        const LoadRequest& request, uint64_t unpacked_bytes_max,
                                        functions::WorkFiles& work, const functions::GoOn& go_on) {
  Finder finder(store, database, request, unpacked_bytes_max, work, go_on);
  for (const std::string& uri : request.sources) TRY(finder.Add(uri));
  for (const UploadedFile& upload : request.uploads) TRY(finder.AddUpload(upload));
  std::vector<Source> sources = finder.Take();
  if (sources.empty())
    return MakeError(ErrorKind::kInvalid, "there is nothing to load: no source is given");
  return sources;
}

}  // namespace caudal::transfer
