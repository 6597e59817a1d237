// What goes into a session as files, and what comes out.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

namespace fs = std::filesystem;

TEST(Files, ComeInAsLinksAndGoOutSynced) {
  TestEngine engine(1);
  const std::string file = engine.Write("payments", "id,amount\n1,1.50\n2,2.25\n");
  std::string path;
  {
    const auto session = engine.Open({.inputs = {{"payments.csv", file}}});
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 2u);
    EXPECT_EQ(session
                  ->Execute(Trusted("COPY (SELECT sum(amount) AS total FROM "
                                    "read_csv('in/payments.csv')) TO 'out/total.csv'"))
                  .value(),
              1);
    const Output output = session->TakeOutput("total.csv").value();
    EXPECT_EQ(os::ReadFile(output.path, 100).value(), "total\n3.75\n");
    EXPECT_EQ(output.bytes, 11u);
    EXPECT_TRUE(session->TakeOutput("total.csv").error().Is(ErrorKind::kNotFound));
    EXPECT_GT(session->stats().output_bytes, 0u);
    EXPECT_GT(session->stats().resident_bytes_max, 0u);
    EXPECT_GT(session->stats().time.count(), 0);
    path = output.path;
  }
  EXPECT_TRUE(os::Exists(path)) << "it outlives the session";
  engine.Start();
  EXPECT_FALSE(os::Exists(path)) << "not the engine";
  EXPECT_EQ(os::ReadFile(file, 100).value(), "id,amount\n1,1.50\n2,2.25\n");
}

TEST(Files, CanBeAddedLater) {
  TestEngine engine(1);
  const auto session = engine.Open();
  EXPECT_FALSE(session->Execute(Trusted("FROM read_csv('in/late')")).ok());
  EXPECT_TRUE(session->AddInput({"late", engine.Write("x", "a\n1\n")}).ok());
  EXPECT_TRUE(session->Execute(Trusted("FROM read_csv('in/late')")).ok());
}

TEST(Files, OfOtherFileSystemsAreCopied) {
  if (!fs::exists("/dev/shm")) GTEST_SKIP() << "no other file system here";
  TestEngine engine(1);
  std::string name = "/dev/shm/caudal-test-XXXXXX";
  const int fd = ::mkstemp(name.data());
  ASSERT_EQ(::write(fd, "a\n7\n", 4), 4);
  ::close(fd);
  const auto session = engine.Open({.inputs = {{"x", name}}});
  const auto rows = session->Run(Trusted("FROM read_csv('in/x')")).value();
  EXPECT_EQ(ReadAll(*rows, 10)->rows[0][0], "7");
  fs::remove(name);
}

std::string Visible(Session& session) {
  const auto rows = session
                        .Run(Trusted("SELECT string_agg(i, ' ' ORDER BY i) FROM range(200) t(i) "
                                     "WHERE caudal_visible(if(i < 100, 'in/a', 'in/b'), i % 100)"))
                        .value();
  return ReadAll(*rows, 1)->rows[0][0].value();
}

TEST(Files, RowsCanBeHidden) {
  TestEngine engine(1);
  std::vector<uint64_t> a(2, ~uint64_t{0});
  a[0] ^= 1u << 7;
  a[1] ^= 1u;
  const std::vector<uint64_t> b{~uint64_t{0}, ~uint64_t{0} ^ 2};
  {
    const auto session = engine.Open();
    EXPECT_EQ(Visible(*session).size(), 10u * 2 + 90 * 3 + 100 * 4 - 1) << "none is";
    ASSERT_TRUE(session->HideRows({{"a", a}, {"b", b}}).ok());
    EXPECT_EQ(Visible(*session), "7 64 165");
    ASSERT_TRUE(session->HideRows({{"b", {b.data(), 1}}, {"a", a}}).ok());
    EXPECT_TRUE(Visible(*session).starts_with("7 64 164 165 166 "));
    const auto odd =
        session
            ->Run(Trusted("SELECT caudal_visible(NULL, 1), caudal_visible('in/a', NULL), "
                          "caudal_visible('in/a', -1), caudal_visible('in/c', 0), "
                          "caudal_visible('in/a', 9223372036854775807)"))
            .value();
    const Table values = ReadAll(*odd, 1).value();
    for (const auto& value : values.rows[0]) EXPECT_NE(value, "false");
  }
  const auto session = engine.Open();
  EXPECT_EQ(Visible(*session).size(), 10u * 2 + 90 * 3 + 100 * 4 - 1) << "gone with the session";
  EXPECT_EQ(engine->stats().started, 1u);
}

TEST(Files, HiddenRowsAreWithinTheMemory) {
  TestEngine engine(1);
  SessionRequest request;
  request.limits.memory_bytes = 64u << 20;
  const auto session = engine.Open(request);
  const std::vector<uint64_t> words((64u << 20) / 8 + 1);
  const Result<void> hidden = session->HideRows({{"a", words}});
  ASSERT_FALSE(hidden.ok());
  EXPECT_EQ(hidden.error().code, "engine.memory");
}

TEST(Files, AreGoneWithTheSession) {
  TestEngine engine(1);
  const std::string file = engine.Write("x", "a\n1\n");
  {
    const auto session = engine.Open({.inputs = {{"x", file}}});
    EXPECT_TRUE(session->Execute(Trusted("COPY (SELECT 1) TO 'out/y.csv'")).ok());
    EXPECT_TRUE(session
                    ->Execute(Trusted("COPY (SELECT i, i % 3 AS p FROM range(9) t(i)) TO 'out/z' "
                                      "(FORMAT parquet, PARTITION_BY (p))"))
                    .ok());
  }
  for (const char* part : {"in", "out", "tmp"})
    EXPECT_TRUE(fs::is_empty(engine.folder() + "/run/0/" + part)) << part;
  const auto session = engine.Open();
  EXPECT_FALSE(session->Execute(Trusted("FROM read_csv('in/x')")).ok());
  EXPECT_EQ(engine->stats().started, 1u);
}

TEST(Files, OnlyPlainOnesAreTaken) {
  TestEngine engine(1);
  const auto session = engine.Open();
  const std::string out = engine.folder() + "/run/0/out/";
  fs::create_symlink("/etc/passwd", out + "link");
  fs::create_directory(out + "folder");
  fs::create_hard_link(engine.Write("x", "x"), out + "shared");
  for (const char* name : {"link", "folder", "shared", "../log"})
    EXPECT_TRUE(session->TakeOutput(name).error().Is(ErrorKind::kInvalid)) << name;
}

}  // namespace
}  // namespace caudal::engine
