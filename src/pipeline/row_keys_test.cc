#include "pipeline/row_keys.h"

#include <gmock/gmock.h>

#include <set>

#include "pipeline/changes_fixture.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeOp;
using testing::ElementsAre;
using testing::SizeIs;

class RowKeysTest : public ChangesFixture {
 protected:
  void SetUp() override { Open({{"id", Type(TypeKind::kInt), false, false, 1}}); }

  // The replica, as it is with all that was applied.
  RowKeys::Find Replica() {
    return [this](const std::vector<std::string>& keys) -> Result<std::vector<bool>> {
      std::vector<bool> there;
      for (const std::string& key : keys) there.push_back(rows_.contains(key));
      return there;
    };
  }
  void Apply(RowKeys& keys) {
    const KeyedRows keyed = keys.Apply(layout_, Changes()).value();
    for (int64_t row = 0; row < keyed.rows.rows(); ++row) {
      const std::string key(keyed.rows.column(2).bytes(row));
      if (keyed.changes[static_cast<size_t>(row)] == lake::RowChange::kRemove) {
        EXPECT_EQ(rows_.erase(key), 1u);
      } else {
        const Array& note = keyed.rows.column(1);
        rows_[key] = std::to_string(keyed.rows.column(0).values<int32_t>()[row]) +
                     (note.IsNull(row) ? "" : std::string(note.bytes(row)));
      }
    }
  }
  std::multiset<std::string> Rows() const {
    std::multiset<std::string> rows;
    for (const auto& [key, row] : rows_) rows.insert(row);
    return rows;
  }
  void Row(ChangeOp op, int id, const char* note) { ChangesFixture::Row(op, id, note); }
  void Update(int id, const char* note, int id_before, const char* note_before) {
    builder_->column(0).AppendInt(id);
    builder_->column(1).AppendBytes(note);
    builder_->before(0).AppendInt(id_before);
    builder_->before(1).AppendBytes(note_before);
    builder_->EndRow({ChangeOp::kUpdate, {1, 2, ordinal_++}, 3, true});
  }

  std::map<std::string, std::string> rows_;  // by key
};

TEST_F(RowKeysTest, RowsThatAreAlikeAreCounted) {
  RowKeys keys(Replica());
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 1, "");
  Row(ChangeOp::kInsert, 1, nullptr);
  Row(ChangeOp::kDelete, 1, "a");
  Apply(keys);
  EXPECT_THAT(Rows(), ElementsAre("1", "1", "1a"));
  // In another commit, from what the replica has.
  RowKeys later(Replica());
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kDelete, 1, "a");
  Row(ChangeOp::kDelete, 1, "a");
  Apply(later);
  EXPECT_THAT(Rows(), ElementsAre("1", "1"));
  EXPECT_EQ(later.missing(), 0);
}

TEST_F(RowKeysTest, AnUpdateTakesOneOfThoseThatAreAlike) {
  RowKeys keys(Replica());
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 2, "b");
  Update(1, "c", 1, "a");
  // Two rows swap their numbers.
  Update(2, "a", 1, "a");
  Update(1, "b", 2, "b");
  Apply(keys);
  EXPECT_THAT(Rows(), ElementsAre("1b", "1c", "2a"));
}

TEST_F(RowKeysTest, WhatIsntThereIsMissing) {
  RowKeys keys(Replica());
  Row(ChangeOp::kDelete, 7, "x");
  Apply(keys);
  EXPECT_EQ(keys.missing(), 1);
  EXPECT_THAT(Rows(), SizeIs(0));
}

TEST_F(RowKeysTest, AfterATruncateNothingIsLookedUp) {
  RowKeys keys([](const auto&) -> Result<std::vector<bool>> {
    ADD_FAILURE() << "looked up";
    return std::vector<bool>();
  });
  keys.Clear();
  Row(ChangeOp::kInsert, 1, "a");
  Apply(keys);
  EXPECT_THAT(Rows(), ElementsAre("1a"));
}

TEST(RowDigestsTest, NoTwoRowsHaveTheSame) {
  ColumnBuilder a((Type(TypeKind::kString)));
  ColumnBuilder b((Type(TypeKind::kString)));
  ColumnBuilder list(Type::List({1, "element", Type(TypeKind::kInt), false, {}, {}, {}}));
  ColumnBuilder none(Type::List({1, "element", Type(TypeKind::kInt), false, {}, {}, {}}));
  const auto row = [&](std::optional<const char*> x, std::optional<const char*> y, int items) {
    x ? a.AppendBytes(*x) : a.AppendNull();
    y ? b.AppendBytes(*y) : b.AppendNull();
    for (int i = 0; i < items; ++i) list.child(0).AppendInt(i);
    items < 0 ? list.AppendNull() : list.AppendNested();
    none.AppendNested();
  };
  row("ab", "c", 0);
  row("a", "bc", 0);
  row("abc", "", 0);
  row("abc", {}, 0);
  row({}, "abc", 0);
  row({}, {}, 0);
  row({}, {}, -1);
  row({}, {}, 1);
  row({}, {}, 2);
  row("ab", "c", 0);  // again
  const std::vector<std::string> digests =
      RowDigests({a.Finish(), b.Finish(), list.Finish()}, none.Finish());
  EXPECT_EQ(std::set(digests.begin(), digests.end()).size(), digests.size() - 1);
  EXPECT_EQ(digests.front(), digests.back());
  EXPECT_EQ(digests.front().size(), 32u);
}

}  // namespace
}  // namespace caudal::pipeline
