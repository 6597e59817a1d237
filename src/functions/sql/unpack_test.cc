#include "functions/sql/unpack.h"

#include <gmock/gmock.h>
#include <zstd.h>

#include <filesystem>

#include "base/random.h"
#include "functions/sql/test_gzip.h"

namespace caudal::functions {
namespace {

using testing::HasSubstr;

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

class UnpackTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/unpack-" + SystemRandom().Hex(6);
    ASSERT_TRUE(os::MakeDirs(folder_).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<std::string> Unpacked(Compression compression, const std::string& packed,
                               uint64_t bytes_max = 100u << 20) {
    const std::string number = std::to_string(++files_);
    EXPECT_TRUE(os::ReplaceFile(folder_ + "/packed" + number, packed).ok());
    const os::File file =
        os::File::Open(folder_ + "/packed" + number, os::File::Mode::kRead).value();
    const std::string path = folder_ + "/plain" + number;
    TRY(Unpack(compression, file, path, bytes_max, go_on_));
    return os::ReadFile(path, 1u << 30);
  }
  std::string Wrong(Compression compression, const std::string& packed,
                    uint64_t bytes_max = 100u << 20) {
    const Result<std::string> plain = Unpacked(compression, packed, bytes_max);
    EXPECT_FALSE(plain.ok());
    return plain.ok() ? "" : plain.error().message;
  }

  std::string folder_;
  int files_ = 0;
  std::function<Result<void>()> go_on_ = [] { return Result<void>(); };
};

TEST_F(UnpackTest, GivesWhatWasPacked) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i) + ",";
  for (const std::string& content : {text, std::string("x"), std::string()}) {
    EXPECT_EQ(Unpacked(Compression::kGzip, Gzip(content)).value(), content);
    EXPECT_EQ(Unpacked(Compression::kZstd, Zstd(content)).value(), content);
  }
  EXPECT_EQ(Unpacked(Compression::kGzip, Gzip("a") + Gzip("b")).value(), "ab");
  EXPECT_EQ(Unpacked(Compression::kZstd, Zstd("a") + Zstd("b")).value(), "ab");
}

TEST_F(UnpackTest, StopsABomb) {
  const std::string bomb(64u << 20, '\0');
  for (const auto& [kind, packed] :
       {std::pair(Compression::kGzip, Gzip(bomb)), std::pair(Compression::kZstd, Zstd(bomb))}) {
    EXPECT_LT(packed.size(), 100'000u);
    EXPECT_THAT(Wrong(kind, packed, 1u << 20), HasSubstr("more than 1048576 bytes"));
    EXPECT_LE(std::filesystem::file_size(folder_ + "/plain" + std::to_string(files_)), 1u << 20);
  }
  EXPECT_EQ(Unpacked(Compression::kGzip, Gzip("1234"), 4).value(), "1234");
}

TEST_F(UnpackTest, TellsWhatIsDamaged) {
  EXPECT_THAT(Wrong(Compression::kGzip, "id,name\n1,a\n"), HasSubstr("isn't gzip"));
  EXPECT_THAT(Wrong(Compression::kZstd, "id,name\n1,a\n"), HasSubstr("isn't zstd"));
  EXPECT_THAT(Wrong(Compression::kGzip, ""), HasSubstr("is empty"));
  std::string packed = Gzip(std::string(10'000, 'a') + "b");
  EXPECT_THAT(Wrong(Compression::kGzip, packed.substr(0, packed.size() - 9)),
              HasSubstr("cut short"));
  packed[packed.size() - 6] ^= 1;  // its checksum
  EXPECT_THAT(Wrong(Compression::kGzip, packed), HasSubstr("damaged"));
  packed = Zstd(std::string(10'000, 'a') + "b");
  EXPECT_THAT(Wrong(Compression::kZstd, packed.substr(0, packed.size() - 3)),
              HasSubstr("cut short"));
}

TEST_F(UnpackTest, EndsWhenAsked) {
  go_on_ = [] { return Result<void>(MakeError(ErrorKind::kTimeout, "too long")); };
  EXPECT_EQ(Wrong(Compression::kGzip, Gzip("a")), "too long");
}

}  // namespace
}  // namespace caudal::functions
