#include "capture/landing/landing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "data/civil.h"
#include "os/file.h"

namespace caudal::capture {
namespace {

constexpr int64_t kHour = 3'600'000'000;

// Bytes that stay as they are in a step of an object's name; those beyond ASCII do, too.
bool IsPlain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == ' ' || c >= 0x80;
}

void AppendEncoded(std::string& out, std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsPlain(byte)) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

// "2026/11/28/19"
std::string HourOf(Micros time) {
  const int64_t hours = FloorDivide(time, kHour);
  const int64_t days = FloorDivide(hours, 24);
  const CivilDate date = CivilFromDays(days);
  return fmt::format("{:04}/{:02}/{:02}/{:02}", date.year, date.month, date.day, hours - days * 24);
}

}  // namespace

std::string TableFolder(std::string_view schema, std::string_view table) {
  std::string folder;
  AppendEncoded(folder, schema);
  folder += '.';
  AppendEncoded(folder, table);
  return folder;
}

struct LandingBatch::File {
  LandedTable table;
  std::string path;
  std::unique_ptr<engine::ParquetWriter> writer;  // null once it is finished
  engine::ParquetFile parquet;
  Position first;
  Position last;

  ~File() {
    if (!path.empty() && writer == nullptr) (void)os::Remove(path).ok();
  }
};

LandingBatch::LandingBatch(Landing& landing, std::string source, Micros landed_before)
    : landing_(landing), source_(std::move(source)), landed_before_(landed_before) {}

LandingBatch::~LandingBatch() = default;

Result<void> LandingBatch::Write(const LandedTable& table, Batch rows, const Position& first,
                                 const Position& last) {
  if (rows.rows() == 0) return {};
  const auto same = [&](const std::unique_ptr<File>& file) {
    return file->table.folder == table.folder && file->table.incarnation == table.incarnation &&
           file->table.fresh == table.fresh && file->table.reading == table.reading &&
           file->table.history == table.history;
  };
  auto found = std::ranges::find_if(open_, same);
  if (found == open_.end()) {
    auto file = std::make_unique<File>();
    file->table = table;
    file->first = first;
    const std::string path = landing_.options_.folder + "/" + landing_.random_.Hex(16) + ".parquet";
    engine::ParquetWriteOptions options;
    // Written faster than small: read once or twice before compaction.
    options.compression = 1;
    options.dictionaries = false;
    options.durable = false;  // the store syncs what it publishes
    file->writer =
        TRY(engine::ParquetWriter::Open(landing_.database_, path, table.history, options));
    file->path = path;
    open_.push_back(std::move(file));
    found = open_.end() - 1;
  }
  File& file = **found;
  file.last = last;
  TRY(file.writer->Write(std::move(rows)));
  if (file.writer->bytes() < landing_.options_.file_bytes) return {};
  if (ending_ != nullptr) TRY(FinishFile(std::move(ending_)));
  ending_ = std::move(*found);
  open_.erase(found);
  ending_->writer->End();
  return {};
}

Result<void> LandingBatch::FinishFile(std::unique_ptr<File> file) {
  file->parquet = TRY(file->writer->Finish());
  file->writer.reset();
  finished_.push_back(std::move(file));
  return {};
}

std::string LandingBatch::ObjectOf(const File& file, Micros landed_at) const {
  return fmt::format("{}/{}/{:08x}/{}/{}-{}.parquet", source_, file.table.folder,
                     file.table.incarnation, HourOf(landed_at), file.first.Text(),
                     file.last.Text());
}

Result<LandedChanges> LandingBatch::Commit(const BatchEnd& end,
                                           const std::function<Result<void>(meta::Tx&)>& also) {
  if (ending_ != nullptr) TRY(FinishFile(std::move(ending_)));
  for (std::unique_ptr<File>& file : open_) TRY(FinishFile(std::move(file)));
  open_.clear();
  LandedChanges landed;
  LandedBatch& batch = landed.batch;
  batch.first = end.first;
  batch.last = end.last;
  batch.committed_at = end.committed_at;
  batch.landed_at = std::max(landing_.clock_.Now(), landed_before_);
  std::vector<objects::FileToPublish> publish;
  for (const std::unique_ptr<File>& file : finished_) {
    LandedFile& one = batch.files.emplace_back();
    one.table = file->table.folder;
    one.incarnation = file->table.incarnation;
    one.bucket = landing_.options_.bucket;
    one.object = ObjectOf(*file, batch.landed_at);
    one.rows = file->parquet.rows;
    one.bytes = file->parquet.bytes;
    one.first = file->first;
    one.last = file->last;
    one.fresh = file->table.fresh;
    one.reading = file->table.reading;
    objects::FileToPublish& object = publish.emplace_back();
    object.path = file->path;
    object.request.bucket = one.bucket;
    object.request.name = one.object;
    object.request.metadata.content_type = "application/vnd.apache.parquet";
    object.request.preconditions.generation_match = 0;
  }
  FAILPOINT("capture.landing.written");
  TRY(landing_.store_.PublishAll(
      std::move(publish),
      [&](meta::Tx& tx, std::span<const objects::Object> objects) -> Result<void> {
        for (size_t i = 0; i < objects.size(); ++i)
          batch.files[i].generation = objects[i].generation;
        batch.number = TRY(Ledger::Append(tx, source_, batch, end.resume_at));
        return also ? also(tx) : Result<void>();
      }));
  FAILPOINT_NO_ERROR("capture.landing.landed");
  for (size_t i = 0; i < finished_.size(); ++i)
    landed.files.push_back({batch.files[i], std::move(finished_[i]->parquet)});
  finished_.clear();
  return landed;
}

Result<std::unique_ptr<Landing>> Landing::Open(LandingOptions options, objects::Store& store,
                                               Ledger& ledger, engine::InProcessDatabase& database,
                                               Clock& clock, Random& random) {
  TRY(os::RemoveTree(options.folder));
  TRY(os::MakeDirs(options.folder));
  return std::unique_ptr<Landing>(
      new Landing(std::move(options), store, ledger, database, clock, random));
}

Result<std::unique_ptr<LandingBatch>> Landing::Begin(const std::string& source) {
  const SourceProgress progress = TRY(ledger_.NeedProgressOf(source));
  return std::unique_ptr<LandingBatch>(new LandingBatch(*this, source, progress.landed_at));
}

}  // namespace caudal::capture
