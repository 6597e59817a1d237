#include "lake/format/name_mapping.h"

#include <gtest/gtest.h>

namespace caudal::lake {
namespace {

TEST(NameMapping, FindsFieldsByAnyName) {
  const auto mapping = ParseNameMapping(R"([{"field-id":1,"names":["id","record.id"]},
    {"names":["old"]},{"field-id":3,"names":["location"],"fields":[
      {"field-id":4,"names":["latitude","lat"]},{"field-id":5,"names":[]}]}])")
                           .value();
  EXPECT_EQ(FindByName(mapping, "record.id")->field_id, 1);
  EXPECT_EQ(FindByName(mapping, "old")->field_id, std::nullopt);
  EXPECT_EQ(FindByName(FindByName(mapping, "location")->fields, "lat")->field_id, 4);
  EXPECT_EQ(FindByName(mapping, "lat"), nullptr);
}

TEST(NameMapping, RefusesNonsense) {
  for (const char* bad : {"", "{}", "[1]", "[{}]", R"([{"names":"a"}])", R"([{"names":[1]}])",
                          R"([{"names":["a"],"field-id":"1"}])", R"([{"names":["a"],"fields":1}])",
                          R"([{"names":["a"]},{"names":["a"]}])"})
    EXPECT_FALSE(ParseNameMapping(bad).ok()) << bad;
}

}  // namespace
}  // namespace caudal::lake
