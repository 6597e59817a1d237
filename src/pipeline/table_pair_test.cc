#include "pipeline/table_pair.h"

#include <gtest/gtest.h>

#include "capture/landing/landing.h"

namespace caudal::pipeline {
namespace {

TEST(TablePairTest, NamesAreTheTablesInTheDefaultSchema) {
  const TablePair pair = PairOf("raw_shop", "public", "public", "payments");
  EXPECT_EQ(lake::TextOf(pair.replica), "raw_shop.payments");
  EXPECT_EQ(lake::TextOf(pair.history), "raw_shop.payments__changes");
  EXPECT_EQ(lake::TextOf(PairOf("raw_shop", "public", "sales", "t").replica), "raw_shop.sales_t");
}

TEST(TablePairTest, WhatNoNameMayHaveIsReplaced) {
  const TablePair pair = PairOf("d", "public", "a/b", "c\"d`e\n");
  EXPECT_EQ(pair.replica.name, "a_b_c_d_e_");
  EXPECT_TRUE(lake::CheckPart("table", pair.replica.name).ok());
}

TEST(TablePairTest, FoldersGiveTheNamesBack) {
  for (const auto& [schema, table] : {std::pair<std::string, std::string>{"public", "payments"},
                                      {"Odd Schema", "T 1"},
                                      {"a.b", "c/d%"},
                                      {"größe", "\"quoted\""},
                                      {"", ""}}) {
    const SourceName name = SplitTableFolder(capture::TableFolder(schema, table)).value();
    EXPECT_EQ(name.schema, schema);
    EXPECT_EQ(name.table, table);
  }
  for (const char* wrong : {"payments", "a.b.c", "a.%4", "a.%zz", ""})
    EXPECT_EQ(SplitTableFolder(wrong).error().kind, ErrorKind::kCorrupt) << wrong;
}

}  // namespace
}  // namespace caudal::pipeline
