#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/failpoint.h"
#include "objects/store_fixture.h"

namespace caudal::objects {
namespace {

constexpr size_t kLarge = 300'000;  // over the journal's limit: moved, not copied

class PublishAllTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    ASSERT_TRUE(os::MakeDirs(folder_ + "/out").ok());
    MakeBucket();
  }
  void TearDown() override {
    DisarmFailpoints();
    StoreFixture::TearDown();
  }

  std::string LocalFile(const std::string& name, std::string_view bytes) {
    const std::string path = folder_ + "/out/" + name;
    os::File file = os::File::Open(path, os::File::Mode::kOpenOrCreate).value();
    EXPECT_TRUE(file.Truncate(0).ok());
    EXPECT_TRUE(file.WriteAt(0, bytes).ok());
    return path;
  }
  FileToPublish File(const std::string& name, std::string_view bytes) {
    return {To(name), LocalFile(name, bytes)};
  }
  FileToPublish Offered(const std::string& name, std::string_view bytes) {
    return {To(name), LocalFile(name, bytes), std::string(bytes)};
  }
  std::vector<FileToPublish> Both() {
    return {File("small", "s"), File("large", std::string(kLarge, 'l'))};
  }
  size_t Live() {
    ListQuery query;
    query.bucket = "bucket";
    return store_->List(query).value().items.size();
  }
  void ExpectNothing() {
    EXPECT_EQ(Live(), 0u);
    EXPECT_TRUE(Events().empty());
    EXPECT_EQ(FilesOnDisk(), 0u);
  }
};

TEST_F(PublishAllTest, FilesAppearTogetherWithWhatJoins) {
  Put("small", "before");
  const std::vector<FileToPublish> files = Both();
  std::vector<Object> joined;
  const std::vector<Object> objects =
      store_
          ->PublishAll(files,
                       [&](meta::Tx& tx, std::span<const Object> all) -> Result<void> {
                         joined.assign(all.begin(), all.end());
                         TRY(tx.Run("CREATE TABLE witness(x)"));
                         return {};
                       })
          .value();
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(joined[1].generation, objects[1].generation);
  EXPECT_EQ(Read("small"), "s");
  EXPECT_EQ(Read("large"), std::string(kLarge, 'l'));
  EXPECT_EQ(objects[0].md5, Put("same", "s").md5);
  EXPECT_EQ(objects[1].md5, std::nullopt);
  EXPECT_EQ(objects[1].crc32c, Crc32c(std::string(kLarge, 'l')));
  EXPECT_FALSE(os::Exists(files[1].path));  // moved
  EXPECT_TRUE(database_->Read().value().Prepare("SELECT x FROM witness").ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 5u);  // before, small and what it replaced, large, same
  EXPECT_EQ(events[1].object, "small");
  EXPECT_EQ(events[3].object, "large");
  Reopen();
  EXPECT_EQ(Read("large").size(), kLarge);
  EXPECT_EQ(Read("small"), "s");
}

TEST_F(PublishAllTest, FilesOfGivenBytesAreMovedWhereTheyCanBe) {
  for (const std::string& bytes : {std::string("s"), std::string(kLarge, 'l')}) {
    std::vector<FileToPublish> files = {Offered("moved", bytes), Offered("gone", bytes),
                                        Offered("other", bytes), Offered("shared", bytes)};
    ASSERT_TRUE(os::Remove(files[1].path).ok());
    LocalFile("other", bytes + "?");
    ASSERT_TRUE(os::HardLink(files[3].path, folder_ + "/out/second").ok());
    const std::vector<Object> objects = store_->PublishAll(files).value();
    EXPECT_FALSE(os::Exists(files[0].path));
    EXPECT_TRUE(os::Exists(files[2].path) && os::Exists(files[3].path));
    const Object same = Put("same", bytes);
    for (const Object& object : objects) {
      EXPECT_EQ(Read(object.name), bytes) << object.name;
      EXPECT_EQ(object.md5, same.md5);
      EXPECT_EQ(object.crc32c, same.crc32c);
    }
    Reopen();
    EXPECT_EQ(Read("moved"), bytes);
    ASSERT_TRUE(os::Remove(folder_ + "/out/second").ok());
  }
}

// A crash before the file's bytes are on the disk: they come from the journal.
TEST_F(PublishAllTest, AMovedFileThatWasLostIsRecovered) {
  ASSERT_TRUE(store_->PublishAll({Offered("moved", "bytes")}).ok());
  std::string path;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.folder))
    if (entry.is_regular_file()) path = entry.path();
  Close();
  ASSERT_TRUE(os::Remove(path).ok());
  Open();
  EXPECT_EQ(Read("moved"), "bytes");
}

TEST_F(PublishAllTest, NoFilesIsATransactionOfWhatJoins) {
  EXPECT_TRUE(store_->PublishAll({}).ok());
  const auto objects = store_->PublishAll({}, [](meta::Tx& tx, auto) -> Result<void> {
    TRY(tx.Run("CREATE TABLE witness(x)"));
    return {};
  });
  EXPECT_TRUE(objects.ok());
  EXPECT_TRUE(database_->Read().value().Prepare("SELECT x FROM witness").ok());
}

TEST_F(PublishAllTest, AConditionThatFailsStopsThemAll) {
  std::vector<FileToPublish> files = Both();
  files[1].request.preconditions.generation_match = 5;
  EXPECT_EQ(store_->PublishAll(files).error().kind, ErrorKind::kPrecondition);
  files = Both();
  files[1].request.crc32c = 1;
  EXPECT_EQ(store_->PublishAll(files).error().code, "checksum.mismatch");
  files = Both();
  files[1].request.bucket = "nowhere";
  EXPECT_EQ(store_->PublishAll(files).error().code, "bucket.not_found");
  files = Both();
  files[0].request.name = "large";
  EXPECT_EQ(store_->PublishAll(files).error().code, "publish.twice");
  // One that only the transaction can see.
  files = Both();
  files[1].request.preconditions.generation_match = 0;
  const auto objects = store_->PublishAll(
      files, [](meta::Tx&, auto) -> Result<void> { return MakeError(ErrorKind::kConflict, "no"); });
  EXPECT_EQ(objects.error().kind, ErrorKind::kConflict);
  ExpectNothing();
}

TEST_F(PublishAllTest, OnlyPlainFilesOfOneNameAreMoved) {
  const std::string secret = folder_ + "/secret";
  ASSERT_TRUE(os::ReplaceFile(secret, std::string(kLarge, '!')).ok());
  std::filesystem::create_symlink(secret, folder_ + "/out/link");
  EXPECT_EQ(store_->PublishAll({{To("link"), folder_ + "/out/link"}}).error().kind,
            ErrorKind::kInvalid);
  ASSERT_EQ(::mkfifo((folder_ + "/out/pipe").c_str(), 0600), 0);
  EXPECT_EQ(store_->PublishAll({{To("pipe"), folder_ + "/out/pipe"}}).error().kind,
            ErrorKind::kInvalid);
  EXPECT_EQ(store_->PublishAll({{To("dir"), folder_ + "/out"}}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store_->PublishAll({{To("none"), folder_ + "/out/none"}}).error().kind,
            ErrorKind::kNotFound);
  ExpectNothing();
  // Another name could still be written through: the bytes are copied.
  ASSERT_TRUE(os::HardLink(secret, folder_ + "/out/shared").ok());
  ASSERT_TRUE(store_->PublishAll({{To("shared"), folder_ + "/out/shared"}}).ok());
  ASSERT_TRUE(os::File::Open(secret, os::File::Mode::kReadWrite).value().WriteAt(0, "?").ok());
  EXPECT_EQ(Read("shared"), std::string(kLarge, '!'));
}

TEST_F(PublishAllTest, ConcurrentPublicationsOfOneNameDontMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const std::string bytes(kLarge, static_cast<char>('0' + t));
      for (int i = 0; i < 5; ++i) {
        const std::string local = std::to_string(t);
        std::vector<FileToPublish> files = {{To("a"), LocalFile(local + "a", bytes)},
                                            {To("b"), LocalFile(local + "b", bytes)}};
        EXPECT_TRUE(store_->PublishAll(std::move(files)).ok());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Read("a"), Read("b"));
}

#if defined(CAUDAL_FAILPOINTS)

TEST_F(PublishAllTest, AFailureAtAnyStepLeavesNothing) {
  for (const char* step :
       {"objects.blob.create", "objects.adopt.moved", "objects.blob.synced", "objects.publish",
        "objects.publish_all.join", "meta.batch.begin", "meta.batch.before_commit"}) {
    SCOPED_TRACE(step);
    std::vector<FileToPublish> files = Both();
    files.push_back(Offered("offered", "o"));
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    EXPECT_EQ(store_->PublishAll(files).error().kind, ErrorKind::kUnavailable);
    DisarmFailpoints();
    ExpectNothing();
  }
  EXPECT_TRUE(store_->PublishAll(Both()).ok());
}

TEST_F(PublishAllTest, ADeathAtAnyStepLeavesAllOrNothing) {
  for (const char* step :
       {"objects.blob.create", "objects.adopt.moved", "objects.blob.synced", "objects.publish",
        "objects.publish_all.join", "meta.batch.before_commit", "meta.batch.after_commit"}) {
    SCOPED_TRACE(step);
    std::vector<FileToPublish> files = Both();
    files.push_back(Offered("offered", "o"));
    Close();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Open();
      Put("first", "1");  // so that the next commit is the one that counts
      if (!ArmFailpoints(std::string(step) + "=kill").ok()) ::_exit(3);
      (void)store_->PublishAll(files).ok();
      ::_exit(4);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    Open();
    const bool all = std::string_view(step) == "meta.batch.after_commit";
    EXPECT_EQ(Live(), all ? 4u : 1u);
    EXPECT_EQ(FilesOnDisk(), Live());
    size_t told = 0;
    for (const events::Event& event : Events()) told += event.object != "first" ? 1 : 0;
    EXPECT_EQ(told, all ? 3u : 0u);
    if (all) {
      EXPECT_EQ(Read("small") + Read("large") + Read("offered"),
                "s" + std::string(kLarge, 'l') + "o");
    }
  }
}

TEST_F(PublishAllTest, DeletesManyOrNone) {
  Put("a", "1");
  const Object b = Put("b", "2");
  Put("b", "3");
  Put("c", "4");
  ASSERT_TRUE(store_
                  ->Update({"bucket", "c"}, {},
                           [](ObjectMetadata& metadata) -> Result<void> {
                             metadata.temporary_hold = true;
                             return {};
                           })
                  .ok());
  const std::vector<ObjectRef> refs = {
      {"bucket", "a"}, {"bucket", "b", b.generation}, {"bucket", "c"}, {"nowhere", "a"}};
  const size_t events = Events().size();
  ASSERT_TRUE(ArmFailpoints("objects.delete_all.one=error").ok());
  EXPECT_FALSE(store_->DeleteAll(refs).ok());
  DisarmFailpoints();
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(Events().size(), events);
  EXPECT_EQ(store_->DeleteAll(refs).value(), 1);
  EXPECT_EQ(store_->Stat({"bucket", "a"}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Read("b"), "3");
  EXPECT_EQ(Read("c"), "4");
  ASSERT_EQ(Events().size(), events + 1);
  EXPECT_EQ(Events().back().type, events::EventType::kDeleted);
  EXPECT_EQ(store_->DeleteAll(std::vector<ObjectRef>(501)).error().kind, ErrorKind::kLimit);
}

#endif

}  // namespace
}  // namespace caudal::objects
