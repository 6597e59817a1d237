#include "app/config/sections.h"
#include "app/config/values.h"
#include "objects/names.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<LandingConfig>>& Keys() {
  using C = LandingConfig;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("bucket", &C::bucket, PlainText{}, kRestart,
            "Where changes of sources go first. Made with the first source."),
      Field("memory", &C::memory, Size{1 << 20, 16ull << 30}, kRestart,
            "Of each source: rows in memory, before they are in files."),
      Field("batch_bytes", &C::batch_bytes, Size{1 << 20, 64ull << 30}, kRestart,
            "A batch ends with the transaction that reaches so much."),
      Field("batch_interval", &C::batch_interval, Duration{1ms, 60s}, kRestart,
            "While much comes, a batch is landed so often. A change that comes alone doesn't "
            "wait."),
      Field("keep", &C::keep, Duration{1s, 24h * 3660}, kRestart,
            "Change files that are older leave the history of their table, and the bucket when no "
            "snapshot has them any more. Not set: they stay for ever."),
  };
  return keys;
}

void Validate(Reading& reading, const Node& node, LandingConfig& landing) {
  const Result<void> checked = objects::CheckBucketName(landing.bucket);
  if (!checked.ok())
    reading.Fail({node.yaml["bucket"], node.path + ".bucket"}, checked.error().message + ".");
}

}  // namespace

const Section<LandingConfig>& LandingSection() {
  static const Section<LandingConfig> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
