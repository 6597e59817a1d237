#include "functions/sql/input.h"

#include <fmt/format.h>

#include "functions/sql/file_format.h"
#include "functions/sql/unpack.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

Result<objects::OpenedObject> OpenEvents(objects::Store& store, const events::Event& event) {
  Result<objects::OpenedObject> opened = store.Open({event.bucket, event.object, event.generation});
  if (opened.ok() || !opened.error().Is(ErrorKind::kNotFound)) return opened;
  const Result<objects::Object> live = store.Stat({event.bucket, event.object, std::nullopt});
  if (live.ok() && live->generation > event.generation)
    return MakeError(ErrorKind::kNotFound,
                     fmt::format("generation {} was replaced by {} before the function ran; that "
                                 "one has an event of its own",
                                 event.generation, live->generation),
                     "input.superseded");
  return MakeError(
      ErrorKind::kNotFound,
      fmt::format("generation {} was deleted before the function ran", event.generation),
      "input.gone");
}

Compression PackingOf(const SqlInput& spec, const objects::Object& object) {
  if (spec.compression) return *spec.compression;
  const std::string& encoding = object.metadata.content_encoding;
  if (encoding == "gzip") return Compression::kGzip;
  if (encoding == "zstd") return Compression::kZstd;
  return CompressionOf(object.name);
}

Result<void> Fill(RunInput& input, size_t number, WorkFiles& work, const GoOn& go_on) {
  const objects::Object& object = input.opened.object;
  const std::optional<FileFormat> format =
      input.spec->format ? input.spec->format : FormatOf(object.name);
  if (!format)
    return MakeError(ErrorKind::kInvalid,
                     "its name doesn't say whether it is CSV, JSON or Parquet; set 'format'",
                     "input.format");
  input.format = *format;
  input.csv = input.spec->csv;
  if (IsTsv(object.name) && input.csv.delimiter == CsvOptions().delimiter)
    input.csv.delimiter = "\t";
  input.file = {std::to_string(number), input.opened.path};
  const Compression compression = PackingOf(*input.spec, object);
  if (compression == Compression::kNone) return {};
  if (*format == FileFormat::kParquet)
    return MakeError(ErrorKind::kInvalid, "Parquet files are compressed inside, not as a whole",
                     "input.packed");
  input.file.path = work.New();
  TRY(Unpack(compression, *input.opened.file, input.file.path, input.spec->unpacked_bytes_max,
             go_on));
  return {};
}

}  // namespace

std::string RunInput::What() const {
  return fmt::format("input '{}' ({})", spec->table, uri.Text());
}

WorkFiles::~WorkFiles() {
  for (const std::string& path : paths_) (void)os::Remove(path).ok();
}

std::string WorkFiles::New() {
  paths_.push_back(fmt::format("{}-{}", prefix_, paths_.size() + 1));
  return paths_.back();
}

Result<RunInput> FindInput(objects::Store& store, const SqlInput& spec, const events::Event& event,
                           size_t number, WorkFiles& work, const GoOn& go_on) {
  RunInput input;
  input.spec = &spec;
  Result<objects::OpenedObject> opened = MakeError(ErrorKind::kInternal, "not opened");
  if (spec.is_event()) {
    input.uri = {event.bucket, event.object};
    opened = OpenEvents(store, event);
  } else {
    const ObjectUri uri = TRY(ParseUri(spec.uri));
    input.uri = TRY(Expand(uri, event.object));
    opened = store.Open({input.uri.bucket, input.uri.name, std::nullopt});
  }
  if (!opened.ok()) return std::move(opened).error().Within(input.What());
  input.opened = std::move(opened).take();
  Result<void> filled = Fill(input, number, work, go_on);
  if (!filled.ok()) return std::move(filled).error().Within(input.What());
  return input;
}

}  // namespace caudal::functions
