// Types as a worker sends them: what it claims is read only within bounds.
#include "engine/schema.h"

#include <gtest/gtest.h>

namespace caudal::engine {
namespace {

Result<Field> Sent(const std::string& format) {
  Field field;
  field.name = "a";
  field.format = format;
  WireWriter writer;
  field.Write(writer);
  const std::string bytes = writer.Take();
  WireReader reader(bytes);
  return Field::Read(reader);
}

TEST(SchemaTest, DecimalsOfUpTo38Digits) {
  for (const auto& [format, width] : {std::pair{"d:38,10", 16},
                                      {"d:38,38", 16},
                                      {"d:1,0", 16},
                                      {"d:4,1,32", 4},
                                      {"d:18,3,64", 8}}) {
    const auto field = Sent(format);
    ASSERT_TRUE(field.ok()) << format;
    EXPECT_EQ(field->shape.width, width) << format;
  }
}

TEST(SchemaTest, DecimalsThatNoTextHasRoomForAreRefused) {
  for (const char* format : {"d:39,1", "d:38,39", "d:4,1000", "d:4,-1", "d:0,0", "d:,",
                             "d:", "d:4,1,", "d:99999999999999999999,1", "d:4,1,256"})
    EXPECT_FALSE(Sent(format).ok()) << format;
}

}  // namespace
}  // namespace caudal::engine
