#include <thread>

#include "objects/check.h"
#include "objects/store_fixture.h"

namespace caudal::objects {
namespace {

using StoreTest = StoreFixture;

TEST_F(StoreTest, BytesComeBackAtEverySizeAroundTheJournalLimit) {
  MakeBucket();
  const uint64_t limit = options_.journaled_bytes_max;
  for (uint64_t size :
       {uint64_t{0}, uint64_t{1}, uint64_t{4096}, limit - 1, limit, limit + 1, limit * 5 + 3}) {
    std::string bytes(size, '\0');
    random_.Fill(std::as_writable_bytes(std::span(bytes)));
    const std::string name = "o" + std::to_string(size);
    const Object o = Put(name, bytes);
    EXPECT_EQ(o.size, size);
    EXPECT_EQ(Read(name), bytes);
    auto writer = store_->Write(To(name + "-streamed")).value();
    for (size_t at = 0; at < bytes.size(); at += 100'000)
      ASSERT_TRUE(writer->Append(std::string_view(bytes).substr(at, 100'000)).ok());
    EXPECT_EQ(writer->Commit().value().md5, o.md5);
    EXPECT_EQ(Read(name + "-streamed"), bytes);
  }
  Reopen();
  EXPECT_EQ(Read("o" + std::to_string(limit + 1)).size(), limit + 1);
}

TEST_F(StoreTest, AnyNameIsJustAName) {
  MakeBucket();
  const std::vector<std::string> names = {"a/../b",
                                          "..",
                                          ".",
                                          "//",
                                          "a",
                                          "a/b",
                                          "a/",
                                          "%2F",
                                          "🦦/ñ",
                                          "con\x01trol",
                                          std::string(1024, 'x')};
  for (const std::string& name : names) Put(name, "of " + name);
  for (const std::string& name : names) EXPECT_EQ(Read(name), "of " + name);
  EXPECT_EQ(store_->Put(To(""), "x").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store_->Put(To(std::string(1025, 'x')), "x").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store_->Put(To("\xff"), "x").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store_->Put(To("a\nb"), "x").error().kind, ErrorKind::kInvalid);
}

TEST_F(StoreTest, BucketNamesAreChecked) {
  for (const char* bad : {"ab", "Upper", "-a-", "a..b", "1.2.3.4", "storage", "ui", "with space"})
    EXPECT_EQ(store_->CreateBucket(bad, {}).error().kind, ErrorKind::kInvalid) << bad;
  EXPECT_TRUE(store_->CreateBucket("anoc001-test-armandolara", {}).ok());
  EXPECT_EQ(store_->CreateBucket("anoc001-test-armandolara", {}).error().kind,
            ErrorKind::kAlreadyExists);
}

TEST_F(StoreTest, PreconditionsGuardEveryChange) {
  MakeBucket();
  WriteRequest absent = To("o");
  absent.preconditions.generation_match = 0;
  const Object first = store_->Put(absent, "1").value();
  EXPECT_EQ(store_->Put(absent, "2").error().kind, ErrorKind::kPrecondition);
  WriteRequest exact = To("o");
  exact.preconditions.generation_match = first.generation;
  const Object second = store_->Put(exact, "2").value();
  EXPECT_GT(second.generation, first.generation);
  Preconditions stale;
  stale.generation_match = first.generation;
  EXPECT_EQ(store_->Delete({"bucket", "o"}, stale).error().kind, ErrorKind::kPrecondition);
  Preconditions same;
  same.generation_not_match = second.generation;
  EXPECT_EQ(store_->Stat({"bucket", "o"}, same).error().code, "not_modified");
  Preconditions meta;
  meta.metageneration_match = 2;
  EXPECT_EQ(
      store_->Update({"bucket", "o"}, meta, [](ObjectMetadata&) -> Result<void> { return {}; })
          .error()
          .kind,
      ErrorKind::kPrecondition);
  EXPECT_EQ(Read("o"), "2");
}

TEST_F(StoreTest, WrongChecksumsLeaveNothing) {
  MakeBucket();
  WriteRequest request = To("o");
  request.crc32c = 1;
  EXPECT_EQ(store_->Put(request, "x").error().code, "checksum.mismatch");
  request.crc32c.reset();
  request.md5.emplace().fill('x');
  EXPECT_EQ(store_->Put(request, std::string(1 << 20, 'x')).error().code, "checksum.mismatch");
  EXPECT_EQ(store_->Stat({"bucket", "o"}).error().code, "object.not_found");
  EXPECT_EQ(FilesOnDisk(), 0u);
}

TEST_F(StoreTest, GenerationsGrowWhenTheClockDoesNot) {
  MakeBucket();
  int64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    clock_.SetNow(clock_.Now() - 3'600'000'000);
    const int64_t generation = Put("o", "x").generation;
    EXPECT_GT(generation, last);
    last = generation;
    if (i == 2) Reopen();
  }
}

TEST_F(StoreTest, OverwriteAndDeleteTellTheirEvents) {
  MakeBucket();
  const Object first = Put("o", "1");
  const Object second = Put("o", "2");
  ASSERT_TRUE(store_->Delete({"bucket", "o"}).ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].type, events::EventType::kFinalized);
  EXPECT_EQ(events[1].type, events::EventType::kDeleted);
  EXPECT_EQ(events[1].generation, first.generation);
  EXPECT_EQ(events[1].overwritten_by_generation, second.generation);
  EXPECT_EQ(events[2].type, events::EventType::kFinalized);
  EXPECT_EQ(events[2].overwrote_generation, first.generation);
  EXPECT_EQ(events[3].type, events::EventType::kDeleted);
  EXPECT_EQ(events[3].generation, second.generation);
}

TEST_F(StoreTest, VersioningKeepsEveryGeneration) {
  BucketSettings settings;
  settings.versioning = true;
  MakeBucket(settings);
  const Object first = Put("o", "1");
  const Object second = Put("o", "2");
  ASSERT_TRUE(store_->Delete({"bucket", "o"}).ok());
  EXPECT_EQ(store_->Stat({"bucket", "o"}).error().code, "object.not_found");
  EXPECT_EQ(Read("o", first.generation), "1");
  EXPECT_EQ(Read("o", second.generation), "2");
  ListQuery query;
  query.bucket = "bucket";
  EXPECT_EQ(store_->List(query).value().items.size(), 0u);
  query.versions = true;
  query.max_results = 1;
  ListPage page = store_->List(query).value();
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].generation, first.generation);
  query.page_token = page.next_page_token;
  page = store_->List(query).value();
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].generation, second.generation);
  EXPECT_EQ(page.next_page_token, "");
  EXPECT_EQ(store_->DeleteBucket("bucket").error().code, "bucket.not_empty");
  ASSERT_TRUE(store_->Delete({"bucket", "o", first.generation}).ok());
  ASSERT_TRUE(store_->Delete({"bucket", "o", second.generation}).ok());
  EXPECT_TRUE(store_->DeleteBucket("bucket").ok());
}

TEST_F(StoreTest, SoftDeletedObjectsComeBackUntilTheyExpire) {
  BucketSettings settings;
  settings.soft_delete_seconds = 3600;
  MakeBucket(settings);
  const Object kept = Put("a", "one");
  const Object lost = Put("b", "two");
  ASSERT_TRUE(store_->Delete({"bucket", "a"}).ok());
  ASSERT_TRUE(store_->Delete({"bucket", "b"}).ok());
  ListQuery query;
  query.bucket = "bucket";
  query.soft_deleted = true;
  EXPECT_EQ(store_->List(query).value().items.size(), 2u);
  EXPECT_TRUE(store_->Restore({"bucket", "a", kept.generation}).ok());
  EXPECT_EQ(Read("a"), "one");
  clock_.Advance(std::chrono::hours(2));
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(store_->Restore({"bucket", "b", lost.generation}).error().code, "object.not_found");
  EXPECT_EQ(FilesOnDisk(), 1u);
}

TEST_F(StoreTest, HoldsAndRetentionForbidRemoval) {
  BucketSettings settings;
  settings.retention_seconds = 60;
  MakeBucket(settings);
  Put("o", "x");
  EXPECT_EQ(store_->Delete({"bucket", "o"}).error().code, "object.retained");
  EXPECT_EQ(store_->Put(To("o"), "y").error().code, "object.retained");
  clock_.Advance(std::chrono::seconds(61));
  ASSERT_TRUE(store_
                  ->Update({"bucket", "o"}, {},
                           [](ObjectMetadata& m) -> Result<void> {
                             m.temporary_hold = true;
                             return {};
                           })
                  .ok());
  EXPECT_EQ(store_->Delete({"bucket", "o"}).error().code, "object.held");
  ASSERT_TRUE(store_
                  ->Update({"bucket", "o"}, {},
                           [](ObjectMetadata& m) -> Result<void> {
                             m.temporary_hold = false;
                             return {};
                           })
                  .ok());
  EXPECT_TRUE(store_->Delete({"bucket", "o"}).ok());
}

TEST_F(StoreTest, TheRetentionPolicyOfTheMomentCounts) {
  MakeBucket();
  const Object o = Put("o", "x");
  const auto retain = [&](std::optional<int64_t> seconds) {
    return store_->UpdateBucket("bucket", {}, [&](BucketSettings& settings) -> Result<void> {
      settings.retention_seconds = seconds;
      return {};
    });
  };
  ASSERT_TRUE(retain(100).ok());
  EXPECT_EQ(store_->Stat({"bucket", "o"}).value().retention_expires, o.created + 100'000'000);
  EXPECT_EQ(store_->Delete({"bucket", "o"}).error().code, "object.retained");
  ASSERT_TRUE(retain(std::nullopt).ok());
  EXPECT_TRUE(store_->Delete({"bucket", "o"}).ok());
}

TEST_F(StoreTest, ListsByPrefixDelimiterRangeAndGlob) {
  MakeBucket();
  for (const char* name : {"a", "a/", "a/1", "a/2", "a/b/3", "ab", "b", "c/d/e", "c/f", "ñ/x"})
    Put(name, "x");
  const auto list = [&](ListQuery query) {
    query.bucket = "bucket";
    std::string text;
    // One at a time, so that every page border is crossed.
    for (int size : {1, 2, 1000}) {
      std::string found;
      query.max_results = size;
      query.page_token.clear();
      do {
        ListPage page = store_->List(query).value();
        for (const auto& item : page.items) found += item.name + " ";
        for (const auto& prefix : page.prefixes) found += "[" + prefix + "] ";
        query.page_token = page.next_page_token;
      } while (!query.page_token.empty());
      if (size == 2) continue;  // items and prefixes interleave differently by page
      if (size == 1000) text = found;
    }
    return text;
  };
  EXPECT_EQ(list({}), "a a/ a/1 a/2 a/b/3 ab b c/d/e c/f ñ/x ");
  ListQuery query;
  query.delimiter = "/";
  EXPECT_EQ(list(query), "a ab b [a/] [c/] [ñ/] ");
  query.include_trailing_delimiter = true;
  EXPECT_EQ(list(query), "a a/ ab b [a/] [c/] [ñ/] ");
  query.include_trailing_delimiter = false;
  query.prefix = "a/";
  EXPECT_EQ(list(query), "a/ a/1 a/2 [a/b/] ");
  query = {};
  query.start_offset = "a/2";
  query.end_offset = "c/d/e";
  EXPECT_EQ(list(query), "a/2 a/b/3 ab b ");
  query = {};
  query.match_glob = "**/[0-9]";
  EXPECT_EQ(list(query), "a/1 a/2 a/b/3 ");
  query.page_token = "nonsense";
  query.bucket = "bucket";
  EXPECT_EQ(store_->List(query).error().kind, ErrorKind::kInvalid);
}

TEST_F(StoreTest, CopySharesBytesAndMoveIsOneStep) {
  MakeBucket();
  Put("a", std::string(300'000, 'a'));
  Put("small", "s");
  for (const char* source : {"a", "small"}) {
    CopyRequest copy;
    copy.source = {"bucket", source};
    copy.destination = To(std::string(source) + "-copy");
    ASSERT_TRUE(store_->Copy(copy).ok());
  }
  EXPECT_EQ(FilesOnDisk(), 2u);
  ASSERT_TRUE(store_->Delete({"bucket", "a"}).ok());
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(Read("a-copy").size(), 300'000u);
  CopyRequest move;
  move.source = {"bucket", "a-copy"};
  move.destination = To("moved");
  move.remove_source = true;
  ASSERT_TRUE(store_->Copy(move).ok());
  EXPECT_EQ(store_->Stat({"bucket", "a-copy"}).error().code, "object.not_found");
  ASSERT_TRUE(store_->Delete({"bucket", "moved"}).ok());
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(FilesOnDisk(), 1u);
}

TEST_F(StoreTest, ComposeCombinesChecksums) {
  MakeBucket();
  Put("a", "hello ");
  Put("b", std::string(200'000, 'b'));
  ComposeRequest compose;
  compose.destination = To("ab");
  compose.sources = {{"a", {}, {}}, {"b", {}, {}}, {"a", {}, {}}};
  const Object o = store_->Compose(compose).value();
  EXPECT_EQ(o.component_count, 3);
  EXPECT_FALSE(o.md5.has_value());
  EXPECT_EQ(Read("ab"), "hello " + std::string(200'000, 'b') + "hello ");
  compose.sources = {{"missing", {}, {}}};
  EXPECT_EQ(store_->Compose(compose).error().code, "object.not_found");
}

TEST_F(StoreTest, ReadersKeepWhatTheyOpened) {
  MakeBucket();
  Put("o", std::string(300'000, 'o'));
  OpenedObject opened = store_->Open({"bucket", "o"}).value();
  Put("o", "new");
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_TRUE(os::Exists(opened.path)) << "a guard keeps the file";
  opened.guard.reset();
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_FALSE(os::Exists(opened.path));
}

TEST_F(StoreTest, ResumableUploadGoesOnAfterARestart) {
  MakeBucket();
  const std::string bytes(700'000, 'r');
  const std::string id = store_->StartUpload(To("r")).value().id;
  auto chunk = store_->ContinueUpload(id, {0, std::nullopt, false}).value();
  ASSERT_TRUE(chunk->Append(std::string_view(bytes).substr(0, 262'144)).ok());
  EXPECT_EQ(chunk->End().value().persisted, 262'144u);
  // A request that breaks off counts as far as it came.
  chunk = store_->ContinueUpload(id, {262'144, std::nullopt, false}).value();
  ASSERT_TRUE(chunk->Append(std::string_view(bytes).substr(262'144, 1000)).ok());
  chunk.reset();
  EXPECT_EQ(store_->StatUpload(id).value().persisted, 263'144u);
  EXPECT_EQ(store_->ContinueUpload(id, {300'000, std::nullopt, false}).error().code, "upload.gap");
  Reopen();
  EXPECT_EQ(store_->StatUpload(id).value().persisted, 263'144u);
  chunk = store_->ContinueUpload(id, {262'144, bytes.size(), false}).value();  // overlaps
  ASSERT_TRUE(chunk->Append(std::string_view(bytes).substr(262'144)).ok());
  const UploadStatus done = chunk->End().value();
  ASSERT_TRUE(done.object.has_value());
  EXPECT_EQ(Read("r"), bytes);
  EXPECT_EQ(store_->StatUpload(id).value().object->generation, done.object->generation);
  Reopen();
  EXPECT_EQ(store_->StatUpload(id).value().object->generation, done.object->generation);
}

TEST_F(StoreTest, AStatusQueryTakesAnUploadOver) {
  MakeBucket();
  const std::string id = store_->StartUpload(To("r")).value().id;
  auto stale = store_->ContinueUpload(id, {0, std::nullopt, false}).value();
  ASSERT_TRUE(stale->Append("abc").ok());
  EXPECT_EQ(store_->StatUpload(id).value().persisted, 3u);
  EXPECT_EQ(stale->Append("def").error().code, "upload.taken_over");
  auto fresh = store_->ContinueUpload(id, {3, 6, false}).value();
  ASSERT_TRUE(fresh->Append("DEF").ok());
  ASSERT_TRUE(fresh->End().ok());
  EXPECT_EQ(Read("r"), "abcDEF");
}

TEST_F(StoreTest, CancelledAndExpiredUploadsLeaveNothing) {
  MakeBucket();
  const std::string cancelled = store_->StartUpload(To("r")).value().id;
  const std::string expired = store_->StartUpload(To("r")).value().id;
  ASSERT_TRUE(store_->CancelUpload(cancelled).ok());
  EXPECT_EQ(store_->StatUpload(cancelled).error().code, "upload.not_found");
  clock_.Advance(std::chrono::hours(24 * 8));
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(store_->StatUpload(expired).error().code, "upload.not_found");
  EXPECT_EQ(FilesOnDisk(), 0u);
}

TEST_F(StoreTest, OnlyUnfinishedUploadsCountAgainstTheLimit) {
  options_.uploads_open_max = 2;
  Reopen();
  MakeBucket();
  for (int i = 0; i < 4; ++i) {
    const std::string id = store_->StartUpload(To("r")).value().id;
    auto chunk = store_->ContinueUpload(id, {0, 1, false}).value();
    ASSERT_TRUE(chunk->Append("x").ok());
    ASSERT_TRUE(chunk->End().value().object.has_value());
  }
  ASSERT_TRUE(store_->StartUpload(To("a")).ok());
  ASSERT_TRUE(store_->StartUpload(To("b")).ok());
  EXPECT_EQ(store_->StartUpload(To("c")).error().kind, ErrorKind::kLimit);
}

TEST_F(StoreTest, MultipartJoinsItsParts) {
  MakeBucket();
  const std::string id = store_->StartMultipart(To("m")).value();
  std::vector<std::pair<int, std::optional<Md5Digest>>> parts;
  for (int number : {2, 1, 3}) {
    auto writer = store_->WritePart("bucket", "m", id, number).value();
    ASSERT_TRUE(writer->Append(std::string(150'000, static_cast<char>('0' + number))).ok());
    EXPECT_TRUE(writer->Commit().ok());
  }
  for (const Part& part : store_->ListParts("bucket", "m", id, 0, 100).value())
    parts.emplace_back(part.number, part.md5);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(store_->CompleteMultipart("bucket", "m", id, {{4, std::nullopt}}).error().code,
            "part.missing");
  const Result<Object> joined = store_->CompleteMultipart("bucket", "m", id, parts);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  EXPECT_EQ(Read("m"),
            std::string(150'000, '1') + std::string(150'000, '2') + std::string(150'000, '3'));
  EXPECT_EQ(store_->AbortMultipart("bucket", "m", id).error().code, "upload.not_found");
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(FilesOnDisk(), 1u);
}

TEST_F(StoreTest, LifecycleDeletesByAgeAndByNewerVersions) {
  BucketSettings settings;
  settings.versioning = true;
  LifecycleRule old;
  old.condition.age_days = 30;
  old.condition.matches_prefix = {"tmp/"};
  LifecycleRule newer;
  newer.condition.newer_versions = 2;
  settings.lifecycle = {old, newer};
  MakeBucket(settings);
  Put("tmp/x", "x");
  Put("keep", "x");
  for (int i = 0; i < 5; ++i) Put("v", std::to_string(i));
  ASSERT_TRUE(store_->Maintain().ok());
  ListQuery query;
  query.bucket = "bucket";
  query.versions = true;
  query.prefix = "v";
  EXPECT_EQ(store_->List(query).value().items.size(), 2u);
  clock_.Advance(std::chrono::hours(24 * 31));
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(store_->Stat({"bucket", "tmp/x"}).error().code, "object.not_found");
  EXPECT_TRUE(store_->Stat({"bucket", "keep"}).ok());
}

TEST_F(StoreTest, OrphanFilesGoAtTheNextStart) {
  MakeBucket();
  Put("kept", std::string(200'000, 'k'));
  const std::string stray = BlobPath(options_.folder, 2);
  ASSERT_EQ(FilesOnDisk(), 1u);
  Close();
  {
    // As a crash would leave it: the floor behind, a file that nothing refers to.
    meta::DatabaseOptions database;
    database.path = folder_ + "/meta.db";
    std::vector<meta::Migration> migrations;
    for (auto part : {Store::Migrations(), events::Outbox::Migrations()})
      migrations.insert(migrations.end(), part.begin(), part.end());
    auto opened = meta::Database::Open(database, migrations).value();
    ASSERT_TRUE(opened
                    ->Write([](meta::Tx& tx) {
                      return tx.Run(
                          "UPDATE object_counters SET value = 1 WHERE name = 'blob_floor'");
                    })
                    .ok());
    os::File file = os::File::Open(stray, os::File::Mode::kCreateNew).value();
  }
  Open();
  EXPECT_FALSE(os::Exists(stray));
  EXPECT_EQ(FilesOnDisk(), 1u);
  EXPECT_EQ(Read("kept").size(), 200'000u);
}

TEST_F(StoreTest, CheckFindsDamage) {
  MakeBucket();
  Put("a", std::string(200'000, 'a'));
  Put("b", std::string(200'000, 'b'));
  Put("c", std::string(200'000, 'c'));
  const std::string a = store_->Open({"bucket", "a"}).value().path;
  const std::string b = store_->Open({"bucket", "b"}).value().path;
  store_.reset();
  EXPECT_TRUE(CheckObjects(*database_, options_.folder, {}, false).value().findings.empty());
  ASSERT_TRUE(os::Remove(a).ok());
  ASSERT_TRUE(os::File::Open(b, os::File::Mode::kReadWrite).value().WriteAt(100, "X").ok());
  const CheckReport report = CheckObjects(*database_, options_.folder, {}, false).value();
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_TRUE(report.findings[0].damage);
  EXPECT_NE(report.findings[0].what.find("bucket/a#"), std::string::npos);
  EXPECT_NE(report.findings[1].what.find("checksum"), std::string::npos);
}

TEST_F(StoreTest, ManyThreadsWriteReadAndDelete) {
  MakeBucket();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 40; ++i) {
        const std::string name = "n" + std::to_string(i % 5);
        const std::string bytes(static_cast<size_t>(i) * 5000, static_cast<char>('a' + t));
        ASSERT_TRUE(store_->Put(To(name), bytes).ok());
        Result<OpenedObject> opened = store_->Open({"bucket", name});
        if (opened.ok()) {
          std::string read(opened->object.size, '\0');
          ASSERT_EQ(opened->file->ReadAt(0, read.data(), read.size()).value(), read.size());
          ASSERT_EQ(Crc32c(read), opened->object.crc32c);
        }
        if (i % 7 == 0) (void)store_->Delete({"bucket", name}).ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(store_->Maintain().ok());
  store_.reset();
  EXPECT_TRUE(CheckObjects(*database_, options_.folder, {}, false).value().findings.empty());
}

}  // namespace
}  // namespace caudal::objects
