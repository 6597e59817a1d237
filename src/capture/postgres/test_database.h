// For tests: an empty database on the shared server, and a source that takes tables of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "capture/postgres/connection.h"
#include "capture/postgres/test_server.h"

namespace caudal::capture::postgres {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    admin_ = Connection::Connect(server_.Local(), Purpose::kNormal).value();
    ASSERT_TRUE(admin_->Query("CREATE DATABASE " + database_).ok());
    connection_ = Connection::Connect(Options(), Purpose::kNormal).value();
    ASSERT_TRUE(connection_->Query("SET search_path = public").ok());
  }
  void TearDown() override {
    connection_.reset();
    if (admin_) DropDatabase(*admin_, database_);
  }

  void Run(const std::string& sql) {
    const auto done = connection_->Query(sql);
    ASSERT_TRUE(done.ok()) << done.error().message << "\n" << sql;
  }
  std::string One(const std::string& sql) {
    const auto rows = connection_->Query(sql);
    EXPECT_TRUE(rows.ok()) << rows.error().message << "\n" << sql;
    return rows.ok() && rows->size() == 1 ? std::string(rows->Text(0, 0)) : "?";
  }
  ConnectionOptions Options() const { return server_.Local(database_); }
  SourceOptions Source(const std::vector<std::string>& tables,
                       const std::vector<std::string>& exclude = {}) const {
    SourceOptions options;
    options.name = "shop";
    options.connection = Options();
    options.slot = options.publication = slot_;
    for (const std::string& table : tables)
      options.tables.push_back(TablePattern::Parse(table).value());
    for (const std::string& table : exclude)
      options.exclude.push_back(TablePattern::Parse(table).value());
    return options;
  }

  TestServer& server_ = TestServer::Shared();
  const std::string database_ = "d_" + SystemRandom().Hex(5);
  const std::string slot_ = "caudal_" + SystemRandom().Hex(5);
  std::unique_ptr<Connection> admin_;
  std::unique_ptr<Connection> connection_;  // of the superuser; search_path is public
};

}  // namespace caudal::capture::postgres
