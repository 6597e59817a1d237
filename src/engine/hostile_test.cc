// Every door out of the sandbox, from a file of statements: testdata/hostile.txt.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

namespace fs = std::filesystem;

struct Attempt {
  Statement statement;
  std::string error;
};

fs::path TestData() {
  fs::path path = fs::path(__FILE__);
  if (path.is_relative()) path = fs::current_path() / path;
  while (!fs::exists(path / "src/engine/testdata") && path != path.parent_path())
    path = path.parent_path();
  return path / "src/engine/testdata";
}

void Replace(std::string& text, std::string_view what, const std::string& with) {
  const size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
}

std::vector<Attempt> ReadAttempts(const std::string& outside, const std::string& folder) {
  std::ifstream file(TestData() / "hostile.txt");
  std::vector<Attempt> attempts;
  for (std::string line; std::getline(file, line);) {
    Replace(line, "{outside}", outside);
    Replace(line, "{folder}", folder);
    if (line.starts_with("user> ")) attempts.push_back({Sql(line.substr(6)), {}});
    if (line.starts_with("ours> ")) attempts.push_back({Trusted(line.substr(6)), {}});
    if (line.starts_with("error> ")) attempts.back().error = line.substr(7);
  }
  return attempts;
}

std::vector<std::string> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Hostile, EveryStatementIsRefused) {
  TestEngine engine(1);
  const std::string outside = engine.Write("secret.csv", "secret\n1\n");
  const std::string given = engine.Write("given.csv", "a\n1\n");
  fs::create_symlink(outside, engine.folder() + "/link.csv");
  const auto session =
      engine.Open({.inputs = {{"given.csv", given}, {"link.csv", engine.folder() + "/link.csv"}}});
  // The first may make files of its own.
  EXPECT_TRUE(session->Execute(Trusted("FROM read_csv('in/given.csv')")).ok());
  const std::vector<std::string> before = FilesBelow(engine.folder());
  const std::vector<Attempt> attempts = ReadAttempts(outside, engine.folder());
  ASSERT_GE(attempts.size(), 80u);
  for (const Attempt& attempt : attempts) {
    const Result<int64_t> ran = session->Execute(attempt.statement);
    ASSERT_FALSE(ran.ok()) << attempt.statement.sql;
    EXPECT_TRUE(ran.error().Is(ErrorKind::kInvalid) || ran.error().Is(ErrorKind::kUnsupported))
        << attempt.statement.sql << ": " << NameOf(ran.error().kind);
    EXPECT_THAT(ran.error().message, testing::HasSubstr(attempt.error)) << attempt.statement.sql;
    EXPECT_THAT(ran.error().message, testing::Not(testing::HasSubstr("/run/0")))
        << "a path of the server in: " << ran.error().message;
  }
  EXPECT_EQ(FilesBelow(engine.folder()), before);
  EXPECT_FALSE(fs::exists("/tmp/caudal-hostile.csv"));
  const auto rows = session->Run(Trusted("FROM read_csv('in/given.csv')")).value();
  EXPECT_EQ(ReadAll(*rows, 10)->rows.size(), 1u) << "the session goes on";
}

// What a worker that a statement took over could try is in os/sandbox_test.cc.

TEST(Hostile, NamesOfFilesAreOnlyNames) {
  TestEngine engine(1);
  const std::string file = engine.Write("x", "a\n1\n");
  for (const std::string name :
       {"", ".", "..", "../x", "a/b", "a*", "a?", "[a]", "a'b", "a b", ".hidden", "a\n", "ñ",
        "this-name-is-longer-than-a-hundred-characters-and-so-it-is-refused-like-all-the-others-"
        "are-"
        "longer-than-that"})
    EXPECT_TRUE(engine->Open({.inputs = {{name, file}}}).error().Is(ErrorKind::kInvalid)) << name;
  EXPECT_TRUE(engine->Open({.inputs = {{"a", file}, {"a", file}}}).error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(engine->Open({.inputs = {{"a", file + "-not"}}}).error().Is(ErrorKind::kNotFound));
  EXPECT_TRUE(engine->Open({.inputs = {{"a", file}}}).ok());
}

TEST(Hostile, SettingsAreNamesAndTexts) {
  TestEngine engine(1);
  const auto open = [&](const std::string& name, const std::string& value) {
    return engine->Open({.settings = {{name, value}}});
  };
  EXPECT_TRUE(open("TimeZone = 'UTC'; SET x", "y").error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(open("no_such_setting", "1").error().Is(ErrorKind::kInvalid));
  EXPECT_FALSE(open("TimeZone", "'; SELECT 1; --").ok());
  const auto session = open("TimeZone", "America/Bogota").value();
  const auto rows = session->Run(Sql("SELECT TIMESTAMPTZ '2020-01-01 00:00:00'::VARCHAR")).value();
  EXPECT_EQ(ReadAll(*rows, 10)->rows[0][0], "2020-01-01 00:00:00-05");
}

}  // namespace
}  // namespace caudal::engine
