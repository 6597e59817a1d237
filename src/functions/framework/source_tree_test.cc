#include "functions/framework/source_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "functions/framework/steps.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class SourceTree : public testing::Test {
 protected:
  SourceTree() : root_(fs::temp_directory_path() / ("caudal-source-" + SystemRandom().Hex(6))) {
    Write("main.py", "a");
    Write("lib/x.py", "b");
    Write("node_modules/m/index.js", "c");
    Write("lib/__pycache__/x.pyc", "d");
    Write(".git/HEAD", "e");
  }
  ~SourceTree() override { fs::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    const fs::path path = root_ / "from" / name;
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(os::ReplaceFile(path.string(), text).ok());
  }
  std::vector<SourceFile> List(bool modules = false) {
    return ListSource((root_ / "from").string(), modules).value();
  }
  std::string Digest() { return DigestOf(List(), {"python"}); }

  fs::path root_;
};

TEST_F(SourceTree, ListsWhatCountsAndCopiesIt) {
  std::vector<std::string> names;
  for (const SourceFile& file : List()) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("lib/x.py", "main.py"));
  EXPECT_EQ(List(true).size(), 3u);
  ASSERT_TRUE(CopySource((root_ / "from").string(), List(), (root_ / "to").string()).ok());
  EXPECT_EQ(os::ReadFile((root_ / "to/lib/x.py").string(), 10).value(), "b");
  EXPECT_FALSE(fs::exists(root_ / "to/.git"));
}

TEST_F(SourceTree, ItsDigestFollowsEveryChange) {
  const std::string before = Digest();
  EXPECT_EQ(before.size(), 16u);
  EXPECT_EQ(Digest(), before);
  Write(".git/HEAD", "other");
  EXPECT_EQ(Digest(), before);
  EXPECT_NE(DigestOf(List(), {"node"}), before);
  Write("lib/x.py", "changed");
  const std::string changed = Digest();
  EXPECT_NE(changed, before);
  fs::permissions(root_ / "from/main.py", fs::perms::owner_exec, fs::perm_options::add);
  EXPECT_NE(Digest(), changed);
}

TEST_F(SourceTree, RefusesWhatIsNoSource) {
  EXPECT_EQ(ListSource("/no/such/folder", false).error().kind, ErrorKind::kNotFound);
  fs::create_directory_symlink("/etc", root_ / "from/etc");
  EXPECT_THAT(ListSource((root_ / "from").string(), false).error().message,
              HasSubstr("is a link to a folder"));
}

TEST(TellingLine, NamesTheError) {
  EXPECT_EQ(TellingLine("Traceback (most recent call last):\n  File x\nValueError: no\n\n"),
            "ValueError: no");
  EXPECT_EQ(TellingLine("google.api_core.exceptions.NotFound: 404 GET x\ndone\n"),
            "google.api_core.exceptions.NotFound: 404 GET x");
  EXPECT_EQ(TellingLine("TypeError: Cannot read x\n    at f (index.js:3)\n"),
            "TypeError: Cannot read x");
  EXPECT_EQ(TellingLine("one\n two \n"), "two");
  EXPECT_EQ(TellingLine("\n"), "");
}

TEST(Steps, RunAndFailWithTheirLastWords) {
  const auto run = [](const std::string& script, std::chrono::milliseconds timeout) {
    Step step{"a step", {"/bin/sh", "-c", script}, "/", {"PATH=/usr/bin:/bin"}, timeout};
    return AskStep(step, {});
  };
  const std::chrono::seconds long_enough(60);
  EXPECT_EQ(run("echo hello", long_enough).value(), "hello");
  EXPECT_THAT(run("echo 'ERROR: no network'; exit 1", long_enough).error().message,
              HasSubstr("a step ended with exit status 1: ERROR: no network"));
  EXPECT_EQ(run("yes", std::chrono::milliseconds(200)).error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(run("sleep 60 & echo left", long_enough).value(), "left");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(RunStep({"x", {"/bin/sleep", "60"}, "/", {}}, nullptr, stop.get_token()).error().kind,
            ErrorKind::kCancelled);
  EXPECT_EQ(FindProgram("no-such-program").error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(FindProgram("sh").ok());
}

}  // namespace
}  // namespace caudal::functions
