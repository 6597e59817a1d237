#include "functions/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caudal::functions {
namespace {

using testing::HasSubstr;

FunctionSpec Spec() {
  FunctionSpec spec;
  spec.name = "payments";
  spec.trigger.bucket = "data";
  return spec;
}

bool Fires(const std::string& prefix, const std::string& glob, const WritePlace& place,
           std::vector<events::EventType> types = {}) {
  return MayFire({"data", prefix, glob, std::move(types)}, place);
}

TEST(Spec, KnowsWhatFiresIt) {
  const WritePlace all{"data", "", "", false};
  EXPECT_TRUE(Fires("", "", all));
  EXPECT_TRUE(Fires("raw/", "", all));
  EXPECT_TRUE(Fires("raw/", "", {"data", "raw/clean/", "", false}));
  EXPECT_FALSE(Fires("raw/", "", {"data", "clean/", "", false}));
  EXPECT_FALSE(Fires("raw/", "", {"other", "raw/", "", false}));
  EXPECT_FALSE(Fires("", "raw/*.csv", {"data", "processed/", ".csv", false}));
  EXPECT_FALSE(Fires("", "raw/*.csv", {"data", "raw/", ".parquet", false}));
  EXPECT_TRUE(Fires("", "raw/*.csv", {"data", "raw/", "", false}));
  EXPECT_TRUE(Fires("", "**.csv", {"data", "processed/payments.csv", "", true}));
  EXPECT_FALSE(Fires("", "*.csv", {"data", "processed/payments.csv", "", true}));
  // An overwrite deletes what was there.
  EXPECT_TRUE(Fires("", "", all, {events::EventType::kDeleted}));
  EXPECT_FALSE(Fires("", "", all, {events::EventType::kMetadataUpdated}));
}

TEST(Spec, SaysWhatIsWrong) {
  EXPECT_TRUE(CheckSpec(Spec()).ok());
  const auto wrong = [](auto change) {
    FunctionSpec spec = Spec();
    change(spec);
    const Result<void> checked = CheckSpec(spec);
    EXPECT_FALSE(checked.ok());
    return checked.ok() ? "" : checked.error().message;
  };
  EXPECT_THAT(wrong([](FunctionSpec& s) { s.name = "A b"; }), HasSubstr("a-z"));
  EXPECT_THAT(wrong([](FunctionSpec& s) { s.trigger.bucket = ""; }), HasSubstr("bucket"));
  EXPECT_THAT(wrong([](FunctionSpec& s) { s.trigger.glob = "{a"; }), HasSubstr("glob"));
  EXPECT_THAT(wrong([](FunctionSpec& s) { s.concurrency = 0; }), HasSubstr("concurrency"));
  FunctionSpec loop = Spec();
  loop.writes = {{"data", "out/", "", false}};
  EXPECT_THAT(CheckSpec(loop).error().message, HasSubstr("allow_loops"));
  EXPECT_EQ(CheckSpec(loop).error().code, "function.loop");
  loop.allow_loops = true;
  EXPECT_TRUE(CheckSpec(loop).ok());
}

}  // namespace
}  // namespace caudal::functions
