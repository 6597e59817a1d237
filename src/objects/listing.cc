#include "objects/listing.h"

#include <algorithm>
#include <optional>

#include "data/digest.h"
#include "data/glob.h"

namespace caudal::objects {
namespace {

constexpr int kPageMax = 1000;
constexpr int kRowsLookedAtMax = 20'000;

// Where the next row is looked for: the least (name, generation) that may come.
struct Position {
  std::string name;
  int64_t generation = INT64_MIN;
};

// The least string greater than every string that begins with `prefix`; none when there is no such
// string.
std::optional<std::string> AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// A page token is the position to go on from: base64url of generation, ':', name.
std::string EncodeToken(const Position& position) {
  return EncodeBase64Url(std::to_string(position.generation) + ":" + position.name);
}

Result<Position> DecodeToken(const std::string& token) {
  const Error bad = MakeError(ErrorKind::kInvalid, "the page token isn't one that this server gave",
                              "page_token");
  Result<std::string> text = DecodeBase64(token);
  if (!text.ok()) return bad;
  const size_t colon = text->find(':');
  if (colon == std::string::npos || colon == 0 || colon > 20) return bad;
  Position position;
  char* end = nullptr;
  errno = 0;
  position.generation = std::strtoll(text->c_str(), &end, 10);
  if (errno != 0 || end != text->c_str() + colon) return bad;
  position.name = text->substr(colon + 1);
  return position;
}

// Rows of one table from a position on, in order of (name, generation).
class Cursor {
 public:
  Cursor(meta::ReadTx& read, const Bucket& bucket, Table table, bool soft_deleted)
      : read_(read), bucket_(bucket), table_(table), soft_deleted_(soft_deleted) {}

  Result<void> Seek(const Position& position) {
    row_.reset();
    row_.emplace(TRY(read_.Prepare(Sql())));
    from_ = position;
    row_->Bind(1, bucket_.id);
    row_->Bind(2, from_.name);
    return Next(true);
  }

  Result<void> Next(bool after_seek = false) {
    while (true) {
      valid_ = TRY(row_->Step());
      if (!valid_) return {};
      // The statement orders by name; within the first name, generations before the position are
      // passed over.
      if (after_seek && name() == from_.name && generation() < from_.generation) continue;
      return {};
    }
  }

  bool valid() const { return valid_; }
  std::string_view name() const { return row_->Text(0); }
  int64_t generation() const { return row_->Int(1); }
  Result<Object> Read() const { return ReadObject(*row_, bucket_); }

 private:
  std::string_view Sql() const {
    if (table_ == Table::kLive)
      return "SELECT " CAUDAL_OBJECT_COLUMNS
             " FROM live_objects WHERE bucket = ?1 AND name >= ?2 ORDER BY name";
    if (soft_deleted_)
      return "SELECT " CAUDAL_OBJECT_COLUMNS
             " FROM old_objects WHERE bucket = ?1 AND name >= ?2 AND soft_deleted IS NOT NULL "
             "ORDER BY name, generation";
    return "SELECT " CAUDAL_OBJECT_COLUMNS
           " FROM old_objects WHERE bucket = ?1 AND name >= ?2 AND soft_deleted IS NULL "
           "ORDER BY name, generation";
  }

  meta::ReadTx& read_;
  const Bucket& bucket_;
  const Table table_;
  const bool soft_deleted_;
  Position from_;  // bound, so it must stay
  std::optional<meta::Statement> row_;
  bool valid_ = false;
};

// The tables that a listing covers, merged.
class MergedCursor {
 public:
  MergedCursor(meta::ReadTx& read, const Bucket& bucket, const ListQuery& query) {
    cursors_.reserve(2);
    if (!query.soft_deleted) cursors_.emplace_back(read, bucket, Table::kLive, false);
    if (query.versions || query.soft_deleted)
      cursors_.emplace_back(read, bucket, Table::kOld, query.soft_deleted);
  }
  Result<void> Seek(const Position& position) {
    for (Cursor& cursor : cursors_) TRY(cursor.Seek(position));
    Choose();
    return {};
  }
  Result<void> Next() {
    TRY(current_->Next());
    Choose();
    return {};
  }
  const Cursor* current() const { return current_; }  // null at the end

 private:
  void Choose() {
    current_ = nullptr;
    for (Cursor& cursor : cursors_) {
      if (!cursor.valid()) continue;
      if (current_ == nullptr || cursor.name() < current_->name() ||
          (cursor.name() == current_->name() && cursor.generation() < current_->generation()))
        current_ = &cursor;
    }
  }
  std::vector<Cursor> cursors_;
  Cursor* current_ = nullptr;
};

}  // namespace

Result<ListPage> ListObjects(Core& core, const ListQuery& query) {
  std::optional<Glob> glob;
  if (!query.match_glob.empty()) {
    if (!query.delimiter.empty() && query.delimiter != "/")
      return MakeError(ErrorKind::kInvalid, "matchGlob can be combined with the delimiter '/' only",
                       "match_glob");
    glob = TRY(Glob::Parse(query.match_glob));
  }
  if (query.versions && query.soft_deleted)
    return MakeError(ErrorKind::kInvalid, "versions and softDeleted can't be combined",
                     "soft_deleted");
  const int page_max = std::clamp(query.max_results, 1, kPageMax);

  Position start{std::max(query.prefix, query.start_offset)};
  if (glob) start.name = std::max(start.name, glob->literal_prefix());
  if (!query.page_token.empty()) {
    Position resumed = TRY(DecodeToken(query.page_token));
    if (resumed.name >= start.name) start = std::move(resumed);
  }

  meta::ReadTx read = TRY(core.database.Read());
  const std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(read, query.bucket));
  MergedCursor cursor(read, *bucket, query);
  TRY(cursor.Seek(start));

  ListPage page;
  int looked_at = 0;
  while (cursor.current() != nullptr) {
    const std::string_view name = cursor.current()->name();
    if (!name.starts_with(query.prefix) && name > query.prefix) break;
    if (!query.end_offset.empty() && name >= query.end_offset) break;
    const auto found = static_cast<int>(page.items.size() + page.prefixes.size());
    // An object that is listed beside its own prefix can make a page one longer.
    if (found >= page_max || ++looked_at > kRowsLookedAtMax) {
      page.next_page_token = EncodeToken({std::string(name), cursor.current()->generation()});
      break;
    }
    if (!query.delimiter.empty()) {
      const size_t cut = name.find(query.delimiter, query.prefix.size());
      if (cut != std::string_view::npos) {
        const size_t prefix_end = cut + query.delimiter.size();
        std::string prefix(name.substr(0, prefix_end));
        // With a glob a prefix is listed when something below it, or itself as a folder, matches.
        if (glob && !glob->Matches(name) && !glob->Matches(prefix)) {
          TRY(cursor.Next());
          continue;
        }
        if (query.include_trailing_delimiter && name.size() == prefix_end)
          page.items.push_back(TRY(cursor.current()->Read()));
        page.prefixes.push_back(prefix);
        const std::optional<std::string> after = AfterPrefix(std::move(prefix));
        if (!after) break;
        TRY(cursor.Seek({*after}));
        continue;
      }
    }
    if (!glob || glob->Matches(name)) page.items.push_back(TRY(cursor.current()->Read()));
    TRY(cursor.Next());
  }
  return page;
}

}  // namespace caudal::objects
