// The whole platform in one process: start, requests, authorisation, reload, backup, restore, fsck.
#include "app/platform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "app/backup.h"
#include "app/config/load.h"
#include "app/data_folder.h"
#include "app/fsck.h"
#include "app/migrations.h"
#include "app/server_file.h"
#include "http/client.h"
#include "os/file.h"

namespace caudal::app {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class PlatformTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("caudal-platform-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    Configure("");
  }
  void TearDown() override {
    platform_.reset();
    fs::remove_all(root_);
  }

  std::string File(const std::string& name) const { return (root_ / name).string(); }
  void Configure(const std::string& more, const std::string& data = "data") {
    ASSERT_TRUE(os::ReplaceFile(File("caudal.yaml"), "data: " + data +
                                                         "\nserver: {listen: '127.0.0.1:0'}\n" +
                                                         "storage: {disk_reserve: 16MiB}\n" +
                                                         "log: {level: error}\n" + more)
                    .ok());
  }
  Result<void> Start() {
    platform_ = TRY(Platform::Start(TRY(LoadValidConfig(File("caudal.yaml")))));
    server_ = TRY(ReadServerFile(DataPaths{File("data")}.server_file()));
    return {};
  }
  http::ClientResponse Ask(http::Method method, const std::string& path,
                           const std::string& body = "", const std::string& token = "") {
    http::ClientRequest request;
    request.method = method;
    request.url = platform_->url() + path;
    request.body = body;
    if (!token.empty()) request.headers.Set("Authorization", "Bearer " + token);
    Result<http::ClientResponse> response = client_.Send(request);
    EXPECT_TRUE(response.ok()) << response.error().message;
    return response.ok() ? *response : http::ClientResponse{};
  }
  void Upload(const std::string& name, const std::string& bytes) {
    EXPECT_EQ(
        Ask(http::Method::kPost, "/upload/storage/v1/b/raw/o?uploadType=media&name=" + name, bytes)
            .status,
        200);
  }
  Json Backup(const std::string& folder) {
    const http::ClientResponse response =
        Ask(http::Method::kPost, "/api/v1/backup", Json{{"folder", File(folder)}}.dump());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body);
  }
  std::string AnyFileIn(const std::string& folder) const {
    for (const auto& entry : fs::recursive_directory_iterator(File(folder)))
      if (entry.is_regular_file()) return entry.path().string();
    return "";
  }
  Json Fsck(const std::string& data) {
    const DataFolder folder = DataFolder::Open(File(data), DataFolder::Missing::kRefuse).value();
    meta::DatabaseOptions options;
    options.path = folder.paths().database();
    const auto migrations = AllMigrations();
    const auto database = meta::Database::Open(options, migrations).value();
    return CheckData(*database, folder.paths().objects(), {}, false).value();
  }

  fs::path root_;
  std::unique_ptr<Platform> platform_;
  ServerFile server_;
  http::Client client_;
};

TEST_F(PlatformTest, ServesAndLeavesNoServerFileBehind) {
  Configure("buckets: {raw: {}}\n");
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Ask(http::Method::kGet, "/readyz").body, "ready\n");
  EXPECT_THAT(Ask(http::Method::kGet, "/").body, HasSubstr("Caudal is running"));
  Upload("x", "hello");
  const http::ClientResponse events = Ask(http::Method::kGet, "/api/v1/events");
  EXPECT_EQ(Json::parse(events.body)["events"][0]["object"], "x");
  EXPECT_THAT(Ask(http::Method::kGet, "/metrics").body, HasSubstr("\ncaudal_buckets 1\n"));
  EXPECT_EQ(Ask(http::Method::kGet, "/api/v1/nothing").status, 404);
  EXPECT_EQ(Ask(http::Method::kGet, "/api/v1/events?limit=x").status, 400);
  EXPECT_EQ(Ask(http::Method::kPost, "/api/v1/deliveries/drop", "{}").status, 400);
  EXPECT_EQ(fs::status(DataPaths{File("data")}.server_file()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  platform_.reset();
  EXPECT_FALSE(os::Exists(DataPaths{File("data")}.server_file()));
}

TEST_F(PlatformTest, EveryRequestPassesTheAuthoriser) {
  Configure("auth: {required: always}\nbuckets: {raw: {}}\n");
  ASSERT_TRUE(Start().ok());
  for (const char* open : {"/healthz", "/readyz", "/", "/metrics"})
    EXPECT_EQ(Ask(http::Method::kGet, open).status, 200) << open;
  for (const char* closed : {"/api/v1/status", "/api/v1/keys", "/storage/v1/b?project=p",
                             "/storage/v1/b/raw/o", "/raw/x", "/b/raw"})
    EXPECT_EQ(Ask(http::Method::kGet, closed).status, 401) << closed;
  EXPECT_EQ(Ask(http::Method::kGet, "/api/v1/status", "", "caudal_x_y").status, 401);
  const std::string admin = server_.admin_token;
  const http::ClientResponse made =
      Ask(http::Method::kPost, "/api/v1/keys", R"({"name":"etl"})", admin);
  ASSERT_EQ(made.status, 201) << made.body;
  const Json key = Json::parse(made.body);
  const std::string secret = key["secret"];
  EXPECT_EQ(Ask(http::Method::kGet, "/storage/v1/b/raw/o", "", secret).status, 200);
  EXPECT_EQ(
      Ask(http::Method::kDelete, "/api/v1/keys/" + key["id"].get<std::string>(), "", secret).status,
      204);
  EXPECT_EQ(Ask(http::Method::kGet, "/storage/v1/b/raw/o", "", secret).status, 401);
}

TEST_F(PlatformTest, AWrongSignatureIsRefusedInEveryMode) {
  Configure("buckets: {raw: {}}\n");
  ASSERT_TRUE(Start().ok());
  Upload("x", "hello");
  EXPECT_EQ(Ask(http::Method::kGet, "/raw/x").status, 200);
  const int status =
      Ask(http::Method::kGet,
          "/raw/x?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=a%2F20261123%2Fauto%2F"
          "storage%2Fgoog4_request&X-Goog-Date=20261123T000000Z&X-Goog-Expires=600&"
          "X-Goog-SignedHeaders=host&X-Goog-Signature=00")
          .status;
  EXPECT_GE(status, 400);
  EXPECT_LT(status, 500);
}

TEST_F(PlatformTest, OffLoopbackAKeyMustExist) {
  ASSERT_TRUE(
      os::ReplaceFile(File("caudal.yaml"), "data: data\nserver: {listen: '0.0.0.0:0'}\n").ok());
  const Result<void> started = Start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, "auth.no_keys");
  EXPECT_THAT(started.error().message, HasSubstr("caudal keys create"));
}

TEST_F(PlatformTest, ReloadAppliesWhatItCanAndNamesTheRest) {
  ASSERT_TRUE(Start().ok());
  Configure(
      "buckets: {late: {}}\nlimits: {webhook_threads: 3}\n"
      "events: {subscribers: [{name: s, webhook: 'http://127.0.0.1:9/'}]}\n");
  const http::ClientResponse answer = Ask(http::Method::kPost, "/api/v1/reload");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = Json::parse(answer.body);
  EXPECT_THAT(json["applied"].dump(), HasSubstr("events.subscribers"));
  EXPECT_EQ(json["needs_restart"].dump(), R"(["limits.webhook_threads"])");
  EXPECT_EQ(json["buckets_created"].dump(), R"(["late"])");
  Configure("nonsense: 1\n");
  const http::ClientResponse refused = Ask(http::Method::kPost, "/api/v1/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("unknown key 'nonsense'"));
}

TEST_F(PlatformTest, ABackupIsIncrementalAndRestores) {
  Configure("buckets: {raw: {}}\n");
  ASSERT_TRUE(Start().ok());
  Upload("one", "first");
  Upload("two", std::string(300'000, 'x'));
  EXPECT_EQ(Backup("backup")["files_copied"], 2);
  Upload("three", "third");
  EXPECT_EQ(Ask(http::Method::kDelete, "/storage/v1/b/raw/o/one").status / 100, 2);
  const Json second = Backup("backup");
  EXPECT_EQ(second["files"], 2);
  EXPECT_EQ(second["files_copied"], 1);
  EXPECT_EQ(
      Ask(http::Method::kPost, "/api/v1/backup", Json{{"folder", File("data") + "/inside"}}.dump())
          .status,
      400);
  EXPECT_EQ(Ask(http::Method::kPost, "/api/v1/fsck").status, 200);
  platform_.reset();

  ASSERT_TRUE(Restore(File("backup"), File("restored"), nullptr).ok());
  EXPECT_EQ(Fsck("restored")["sound"], true);
  EXPECT_FALSE(Restore(File("backup"), File("restored"), nullptr).ok());  // not empty any more
  fs::remove_all(File("data"));
  fs::rename(File("restored"), File("data"));
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Ask(http::Method::kGet, "/raw/three").body, "third");
  EXPECT_EQ(Ask(http::Method::kGet, "/raw/two").body, std::string(300'000, 'x'));
  EXPECT_EQ(Ask(http::Method::kGet, "/raw/one").status, 404);
  // Numbers of files are given out again after a restore: nothing of before is taken for new.
  EXPECT_EQ(Backup("backup")["files_copied"], 2);
}

TEST_F(PlatformTest, DamageIsFoundInBackupsAndFolders) {
  Configure("buckets: {raw: {}}\n");
  ASSERT_TRUE(Start().ok());
  Upload("one", std::string(300'000, 'x'));  // too large for the journal, which could repair it
  Backup("backup");
  platform_.reset();
  EXPECT_EQ(Fsck("data")["sound"], true);

  const std::string in_backup = AnyFileIn("backup/objects");
  ASSERT_TRUE(os::ReplaceFile(in_backup, std::string(300'000, 'y')).ok());
  const Result<BackupReport> torn = Restore(File("backup"), File("torn"), nullptr);
  ASSERT_FALSE(torn.ok());
  EXPECT_TRUE(torn.error().Is(ErrorKind::kCorrupt));
  EXPECT_THAT(torn.error().message, HasSubstr(in_backup));
  EXPECT_FALSE(DataFolder::Open(File("torn"), DataFolder::Missing::kCreate).ok());

  ASSERT_TRUE(os::Remove(File("backup/manifest.json")).ok());
  const Result<BackupReport> incomplete = Restore(File("backup"), File("none"), nullptr);
  ASSERT_FALSE(incomplete.ok());
  EXPECT_TRUE(incomplete.error().Is(ErrorKind::kNotFound));

  ASSERT_TRUE(os::ReplaceFile(AnyFileIn("data/objects"), "fi").ok());
  const Json report = Fsck("data");
  ASSERT_EQ(report["sound"], false);
  EXPECT_THAT(report["findings"][0]["what"].get<std::string>(), HasSubstr("raw/one"));
}

}  // namespace
}  // namespace caudal::app
