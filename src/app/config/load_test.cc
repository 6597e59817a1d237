#include "app/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "os/file.h"

namespace caudal::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

fs::path Repo() {
  fs::path path = fs::path(__FILE__);
  if (path.is_relative()) path = fs::current_path() / path;
  while (!path.empty() && !fs::exists(path / "test" / "config")) {
    if (path == path.parent_path()) return {};
    path = path.parent_path();
  }
  return path;
}

std::optional<std::string> TestEnvironment(const std::string& name) {
  if (name == "CAUDAL_TEST_PORT") return "9000";
  if (name == "CAUDAL_TEST_SECRET") return "from the environment";
  return std::nullopt;
}

// The files in test/config are the tests: each *.yaml with what is wrong with it beside, in
// *.expected; no such file: nothing is wrong. CAUDAL_UPDATE_GOLDEN=1 writes them anew.
TEST(Config, SaysWhatIsWrongWhereAndWhatToDo) {
  const fs::path folder = Repo() / "test" / "config";
  ASSERT_TRUE(fs::exists(folder)) << "test/config not found above " << __FILE__;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    Result<LoadedConfig> loaded = LoadConfig(entry.path().string(), TestEnvironment);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    std::string found = FormatProblems(entry.path().filename().string(), loaded->problems);
    for (size_t at; (at = found.find(folder.string())) != std::string::npos;)
      found.replace(at, folder.string().size(), "FOLDER");
    const std::string expected_file = fs::path(entry.path()).replace_extension(".expected");
    if (std::getenv("CAUDAL_UPDATE_GOLDEN") && !found.empty()) {
      ASSERT_TRUE(os::ReplaceFile(expected_file, found).ok());
    }
    const std::string expected = os::ReadFile(expected_file, 1 << 20).ok()
                                     ? os::ReadFile(expected_file, 1 << 20).value()
                                     : "";
    EXPECT_EQ(found, expected) << entry.path();
  }
  EXPECT_GE(files, 8);
}

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("caudal-config-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  LoadedConfig Load(const std::string& text) {
    const std::string file = (folder_ / "caudal.yaml").string();
    EXPECT_TRUE(os::ReplaceFile(file, text).ok());
    return LoadConfig(file, TestEnvironment).value();
  }
  fs::path folder_;
};

TEST_F(ConfigFile, ReadsEverySection) {
  ASSERT_TRUE(os::ReplaceFile((folder_ / "s.txt").string(), "hush\n").ok());
  const LoadedConfig loaded = Load(R"(
platform: {name: ventas}
data: here
server:
  listen: "[::1]:${CAUDAL_TEST_PORT}"
  public_url: http://localhost:80/
  pool_threads: 7
  idle_timeout: 1m30s
  buffered_bytes_max: 1.5GiB
auth: {required: always}
storage: {disk_reserve: 1GiB, soft_delete: 7d}
buckets:
  raw: {versioning: true, labels: {team: ventas}, retention: 1h,
        lifecycle: [{action: {type: Delete}, condition: {age: 30, matchesPrefix: [tmp/]}}]}
  plain:
events:
  subscribers:
    - {name: etl, bucket: raw, glob: "**.csv", types: [finalized, deleted],
       webhook: "http://127.0.0.1:9/x", secret_file: s.txt, retry: {first: 1s, window: 1h}}
  topics:
    t: {push: "https://a.example/x", secret: "${CAUDAL_TEST_SECRET}$$"}
log: {level: debug}
)");
  EXPECT_EQ(FormatProblems("f", loaded.problems), "");
  const Config& config = loaded.config;
  EXPECT_EQ(config.platform.name, "ventas");
  EXPECT_EQ(config.data, (folder_ / "here").string());
  EXPECT_EQ(config.server.listen, (HostPort{"::1", 9000}));
  EXPECT_EQ(config.server.public_url, "http://localhost:80");
  EXPECT_EQ(config.server.pool_threads, 7);
  EXPECT_EQ(config.server.idle_timeout, std::chrono::seconds(90));
  EXPECT_EQ(config.server.buffered_bytes_max, 3ull << 29);
  EXPECT_EQ(config.auth.required, AuthRequired::kAlways);
  EXPECT_EQ(config.storage.soft_delete, std::chrono::hours(24 * 7));
  EXPECT_EQ(config.buckets.size(), 2u);
  EXPECT_EQ(config.buckets.at("raw").lifecycle[0]["condition"]["age"], 30);
  ASSERT_EQ(config.events.subscribers.size(), 1u);
  const SubscriberConfig& etl = config.events.subscribers[0];
  EXPECT_EQ(etl.webhook.secret, "hush");
  EXPECT_THAT(etl.types, ElementsAre(events::EventType::kFinalized, events::EventType::kDeleted));
  EXPECT_EQ(etl.retry.first, std::chrono::seconds(1));
  EXPECT_EQ(etl.retry.max, std::chrono::seconds(600));
  EXPECT_EQ(config.events.topics.at("t").secret, "from the environment$");
  EXPECT_EQ(config.events.topics.at("t").form, events::Webhook::Form::kPubSubPush);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
}

TEST_F(ConfigFile, KeysAreNeededWhereOthersCanReach) {
  const auto required = [&](const std::string& more) {
    return AuthIsRequired(Load("data: d\n" + more).config);
  };
  EXPECT_FALSE(required(""));
  EXPECT_FALSE(required("server: {listen: '[::1]:80', public_url: 'http://localhost:8080'}"));
  EXPECT_TRUE(required("server: {listen: '0.0.0.0:80'}"));
  EXPECT_TRUE(required("server: {public_url: 'https://data.example.com'}"));
  EXPECT_TRUE(required("server: {allowed_hosts: [data.example.com]}"));
  EXPECT_TRUE(required("server: {trust_forwarded: true}"));
  EXPECT_TRUE(required("auth: {required: always}"));
  EXPECT_FALSE(required("server: {allowed_hosts: [data.example.com]}\nauth: {required: never}"));
}

TEST_F(ConfigFile, ComparesByKey) {
  const Config before = Load("data: d\nserver: {threads: 2}\nlog: {level: info}").config;
  const Config after = Load("data: d\nserver: {threads: 3}\nlog: {level: debug}").config;
  const std::vector<ChangedKey> changed = CompareConfigs(before, after);
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_EQ(changed[0].path, "server.threads");
  EXPECT_EQ(changed[0].change, Change::kRestart);
  EXPECT_EQ(changed[1].path, "log.level");
  EXPECT_EQ(changed[1].change, Change::kLive);
  EXPECT_TRUE(CompareConfigs(before, before).empty());
}

TEST_F(ConfigFile, NeverShowsASecret) {
  const LoadedConfig loaded = Load(
      "data: d\nevents: {subscribers: [{name: a, webhook: 'http://x', secret: tattle, "
      "secret_file: /nonexistent}]}");
  EXPECT_THAT(FormatProblems("f", loaded.problems), HasSubstr("no file /nonexistent"));
  EXPECT_THAT(FormatProblems("f", loaded.problems), ::testing::Not(HasSubstr("tattle")));
}

TEST(Config, TheReferenceInTheDocsIsTheTable) {
  const std::string docs =
      os::ReadFile((Repo() / "docs" / "configuration.md").string(), 1 << 20).value();
  EXPECT_THAT(docs, HasSubstr(ConfigReference()))
      << "run `caudal check --reference` and put its output into docs/configuration.md";
}

TEST(Config, AMissingFileSaysHowToMakeOne) {
  Result<LoadedConfig> loaded = LoadConfig("/nonexistent/caudal.yaml");
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("caudal init"));
}

}  // namespace
}  // namespace caudal::app
