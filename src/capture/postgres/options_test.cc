#include "capture/postgres/options.h"

#include <gtest/gtest.h>

namespace caudal::capture::postgres {
namespace {

bool Names(const char* pattern, std::string_view schema, std::string_view table) {
  return TablePattern::Parse(pattern).value().Matches(schema, table);
}

TEST(TablePattern, NamesTablesAsSqlDoes) {
  EXPECT_TRUE(Names("payments", "public", "payments"));
  EXPECT_FALSE(Names("payments", "sales", "payments"));
  EXPECT_TRUE(Names("Sales.Payments", "sales", "payments")) << "unquoted names are folded";
  EXPECT_FALSE(Names("Sales.Payments", "Sales", "Payments"));
  EXPECT_TRUE(Names(R"("Odd Schema"."T 1")", "Odd Schema", "T 1"));
  EXPECT_FALSE(Names(R"("Odd Schema"."T 1")", "odd schema", "t 1"));
  EXPECT_TRUE(Names(R"(s."a""b")", "s", "a\"b"));
  EXPECT_TRUE(Names(R"("a.b".c)", "a.b", "c"));
}

TEST(TablePattern, StarIsAnythingOutsideQuotes) {
  EXPECT_TRUE(Names("public.*", "public", "any/thing \n at.all"));
  EXPECT_TRUE(Names("*.*", "x", "y"));
  EXPECT_TRUE(Names("public.audit_*", "public", "audit_"));
  EXPECT_TRUE(Names("public.audit_*_old", "public", "audit_é/x_old"));
  EXPECT_FALSE(Names("public.audit_*", "public", "Audit_1"));
  EXPECT_TRUE(Names(R"(public."Year "*)", "public", "Year 2026"));
  EXPECT_FALSE(Names(R"(public."*")", "public", "x"));
  EXPECT_TRUE(Names(R"(public."*")", "public", "*"));
  // What a glob would take for itself.
  EXPECT_TRUE(Names("public.[a]{b}?\\", "public", "[a]{b}?\\"));
  EXPECT_FALSE(Names("public.a?", "public", "ab"));
}

TEST(TablePattern, TellsWhetherItNamesOneTable) {
  EXPECT_TRUE(TablePattern::Parse(R"(a."B*")")->exact());
  EXPECT_FALSE(TablePattern::Parse("a.b*")->exact());
  EXPECT_FALSE(TablePattern::Parse("*.b")->exact());
}

TEST(TablePattern, RefusesWhatIsNone) {
  for (const char* wrong : {"", ".", "a.", ".b", "a.b.c", "\"a", "a.\"\"", "a b", "a. b"}) {
    const auto parsed = TablePattern::Parse(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_TRUE(parsed.error().Is(ErrorKind::kInvalid));
    EXPECT_NE(parsed.error().message.find("the pattern '" + std::string(wrong) + "'"),
              std::string::npos)
        << parsed.error().message;
  }
  EXPECT_FALSE(TablePattern::Parse(std::string(64, 'a')).ok()) << "longer than PostgreSQL's names";
  EXPECT_TRUE(TablePattern::Parse(std::string(63, 'a')).ok());
  EXPECT_FALSE(TablePattern::Parse(std::string("a\xff") + "*").ok()) << "not UTF-8";
}

TEST(ColumnPattern, NamesColumns) {
  const auto names = [](const char* pattern, std::string_view s, std::string_view t,
                        std::string_view c) {
    return ColumnPattern::Parse(pattern).value().Matches(s, t, c);
  };
  EXPECT_TRUE(names("users.password", "public", "users", "password"));
  EXPECT_TRUE(names(R"(*.*."PIN")", "a", "b", "PIN"));
  EXPECT_FALSE(names(R"(*.*."PIN")", "a", "b", "pin"));
  EXPECT_FALSE(ColumnPattern::Parse("password").ok());
}

TEST(Quoting, HoldsForAnyText) {
  EXPECT_EQ(QuoteName("a\"b", "select"), R"("a""b"."select")");
  EXPECT_EQ(QuoteText("it's"), "'it''s'");
  EXPECT_EQ(QuoteText("a\\'"), " E'a\\\\'''");
}

SourceOptions Valid() {
  SourceOptions options;
  options.name = "shop";
  options.connection.host = "127.0.0.1";
  options.connection.database = "shop";
  options.connection.user = "caudal";
  options.slot = options.publication = "caudal_shop";
  options.tables.push_back(TablePattern::Parse("public.*").value());
  return options;
}

TEST(SourceOptions, SayWhatIsTaken) {
  SourceOptions options = Valid();
  options.exclude.push_back(TablePattern::Parse("audit_*").value());
  options.columns_only.push_back(ColumnPattern::Parse("users.id").value());
  options.columns_only.push_back(ColumnPattern::Parse("users.na*").value());
  options.columns_exclude.push_back(ColumnPattern::Parse("*.name").value());
  options.filters.push_back({TablePattern::Parse("orders").value(), "region = 'eu'"});
  EXPECT_TRUE(options.Takes("public", "users"));
  EXPECT_FALSE(options.Takes("public", "audit_1"));
  EXPECT_FALSE(options.Takes("sales", "users"));
  EXPECT_TRUE(options.TakesColumn("public", "users", "id"));
  EXPECT_TRUE(options.TakesColumn("public", "users", "nation"));
  EXPECT_FALSE(options.TakesColumn("public", "users", "name"));
  EXPECT_FALSE(options.TakesColumn("public", "users", "mail"));
  EXPECT_TRUE(options.TakesColumn("public", "orders", "mail"));
  EXPECT_EQ(options.FilterOf("public", "orders"), "region = 'eu'");
  EXPECT_EQ(options.FilterOf("public", "users"), "");
}

TEST(SourceOptions, AreCheckedWithoutAServer) {
  EXPECT_TRUE(CheckOptions(Valid()).ok());
  const auto wrong = [](const std::function<void(SourceOptions&)>& change) {
    SourceOptions options = Valid();
    change(options);
    const auto checked = CheckOptions(options);
    return checked.ok() ? "" : checked.error().message.substr(0, checked.error().message.find(':'));
  };
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.host.clear(); }), "host");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.database.clear(); }), "database");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.user.clear(); }), "user");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.user = std::string("a\0b", 3); }), "user");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.slot = "Upper"; }), "slot");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.slot = std::string(64, 'a'); }), "slot");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.publication.clear(); }), "publication");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.tables.clear(); }), "tables");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.tls = TlsMode::kVerifyFull; }),
            "sslrootcert");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.connection.tls_key = "k"; }), "sslcert and sslkey");
  EXPECT_EQ(wrong([](SourceOptions& o) { o.guard.drop_bytes = 1; }), "slot_guard");
  EXPECT_EQ(wrong([](SourceOptions& o) {
              o.connection = {};
              o.connection.dsn = "host=x";
            }),
            "");
}

TEST(SourceOptions, SlotsAreNamedAfterTheSource) {
  EXPECT_EQ(DefaultSlotName("shop"), "caudal_shop");
  EXPECT_EQ(DefaultSlotName("My-Shop"), "caudal_my_shop");
  EXPECT_EQ(DefaultSlotName(std::string(100, 'x')).size(), 63u);
}

}  // namespace
}  // namespace caudal::capture::postgres
