#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"

namespace caudal {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return MakeError(ErrorKind::kInvalid, "odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  int half = TRY(Half(n));
  return TRY(Half(half));
}

TEST(Result, TryPassesValuesAndErrors) {
  EXPECT_EQ(Quarter(12).value(), 3);
  Result<int> odd = Quarter(6);
  ASSERT_FALSE(odd.ok());
  EXPECT_EQ(odd.error().kind, ErrorKind::kInvalid);
}

TEST(Result, EveryKindHasARow) {
  for (int k = 0; k <= static_cast<int>(ErrorKind::kInternal); ++k) {
    EXPECT_FALSE(NameOf(static_cast<ErrorKind>(k)).empty());
    EXPECT_FALSE(RetryRuleOf(static_cast<ErrorKind>(k)).advice.empty());
  }
}

TEST(Log, MasksSecrets) {
  EXPECT_EQ(MaskSecrets("Authorization: Bearer abcdefghijklmnopqrstuvwxyz next"),
            "Authorization: Bearer *** next");
  EXPECT_EQ(MaskSecrets("/b/o?X-Goog-Signature=0123456789abcdef0123&a=b"),
            "/b/o?X-Goog-Signature=***&a=b");
  EXPECT_EQ(MaskSecrets("slot caudal_shop is behind"), "slot caudal_shop is behind");
}

TEST(Random, SeededRepeatsAndBelowStaysBelow) {
  SeededRandom a(7);
  SeededRandom b(7);
  EXPECT_EQ(a.Hex(16), b.Hex(16));
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.Below(10), 10u);
}

TEST(Clock, ManualSteadyIgnoresJumps) {
  ManualClock clock(1000);
  const auto before = clock.Steady();
  clock.SetNow(5);
  EXPECT_EQ(clock.Now(), 5);
  EXPECT_EQ(clock.Steady(), before);
  clock.Advance(std::chrono::microseconds(10));
  EXPECT_EQ(clock.Now(), 15);
}

#if defined(CAUDAL_FAILPOINTS)
Result<int> Step() {
  FAILPOINT("test.step");
  return 1;
}

TEST(Failpoint, ErrorActsOnlyWhileArmed) {
  EXPECT_TRUE(Step().ok());
  ASSERT_TRUE(ArmFailpoints("test.step=error").ok());
  EXPECT_FALSE(Step().ok());
  DisarmFailpoints();
  EXPECT_TRUE(Step().ok());
  EXPECT_FALSE(ArmFailpoints("test.step=explode").ok());
}
#endif

}  // namespace
}  // namespace caudal
