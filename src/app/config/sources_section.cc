#include <algorithm>

#include "app/config/sections.h"
#include "app/config/source_spec.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kRestart = Change::kRestart;

const std::vector<Key<SourceColumnsConfig>>& ColumnKeys() {
  using C = SourceColumnsConfig;
  static const std::vector<Key<C>> keys = {
      Field("only", &C::only, ListOf<PlainText>{}, kRestart,
            "Of tables that are named here, only these columns: `users.id`, `sales.*.amount`."),
      Field("exclude", &C::exclude, ListOf<PlainText>{}, kRestart, "Columns that are left out."),
      Field("hash", &C::hash, ListOf<PlainText>{}, kRestart, "Columns whose values are hashed."),
      Field("null", &C::null, ListOf<PlainText>{}, kRestart, "Columns whose values are dropped."),
      Field("truncate", &C::truncate, MapOf<Whole>{Whole{1, 1'000'000}}, kRestart,
            "Columns whose texts are cut after so many characters."),
  };
  return keys;
}

const std::vector<Key<SourceSnapshotConfig>>& SnapshotKeys() {
  using C = SourceSnapshotConfig;
  static const std::vector<Key<C>> keys = {
      Field("chunk_rows", &C::chunk_rows, Whole{1'000, 100'000'000}, kRestart,
            "Rows that are read with one statement, about."),
      Field("connections", &C::connections, Whole{1, 64}, kRestart, "Connections that read."),
      Field("rows_per_second", &C::rows_per_second, Whole{0, 1'000'000'000}, kRestart,
            "At most so many, over all connections; 0: no limit."),
  };
  return keys;
}

const std::vector<Key<SlotGuardConfig>>& GuardKeys() {
  using C = SlotGuardConfig;
  static const std::vector<Key<C>> keys = {
      Field("warn", &C::warn, Size{1u << 20, 1ull << 50}, kRestart,
            "Warn when the slot holds back more of the source's log than this."),
      Field("drop", &C::drop, Size{0, 1ull << 50}, kRestart,
            "Drop the slot beyond this, so that the source's disk stays free; 0: never."),
  };
  return keys;
}

const std::vector<Key<SourceConfig>>& Keys() {
  using C = SourceConfig;
  static const std::vector<Key<C>> keys = {
      Field("kind", &C::kind, Choice<SourceKind>{{{"postgres", SourceKind::kPostgres}}}, kRestart,
            "PostgreSQL 12 or later.", true),
      Field("host", &C::host, PlainText{}, kRestart,
            "A name, an address, or the folder of a Unix socket."),
      Field("port", &C::port, Maybe<Whole>{Whole{1, 65535}}, kRestart, "5432 unless given."),
      Field("database", &C::database, PlainText{}, kRestart, "One database is one source."),
      Field("user", &C::user, PlainText{}, kRestart, "The role; it may replicate and read."),
      Field("password", &C::password, Secret{}, kRestart,
            "Its password; better from the environment (`${NAME}`) or a file."),
      Field("password_file", &C::password, SecretFile{}, kRestart,
            "A file that holds the password."),
      Field("dsn", &C::dsn, Secret{}, kRestart,
            "All of that as libpq's URI or keywords; what is given beside it counts more."),
      Field("sslmode", &C::sslmode,
            Maybe<Choice<SourceTls>>{{{{"disable", SourceTls::kDisable},
                                       {"allow", SourceTls::kAllow},
                                       {"prefer", SourceTls::kPrefer},
                                       {"require", SourceTls::kRequire},
                                       {"verify-ca", SourceTls::kVerifyCa},
                                       {"verify-full", SourceTls::kVerifyFull}}}},
            kRestart, "TLS, as libpq means it; `prefer` unless given."),
      Field("sslrootcert", &C::sslrootcert, Path{}, kRestart,
            "The file of the authorities that verify-* trusts."),
      Field("sslcert", &C::sslcert, Path{}, kRestart, "The file of our certificate."),
      Field("sslkey", &C::sslkey, Path{}, kRestart, "The file of its key."),
      Field("application_name", &C::application_name, PlainText{}, kRestart,
            "What the source's administrators see; must not be in its synchronous_standby_names."),
      Field("connect_timeout", &C::connect_timeout, Duration{100ms, 10min}, kRestart,
            "How long connecting may take."),
      Field("dataset", &C::dataset, PlainText{}, kRestart,
            "Where the tables will be; `raw_` and the source's name unless given."),
      Field("slot", &C::slot, PlainText{}, kRestart,
            "The replication slot; `caudal_` and the source's name unless given."),
      Field("publication", &C::publication, PlainText{}, kRestart,
            "The publication; named like the slot's default unless given."),
      Field("tables", &C::tables, ListOf<PlainText>{}, kRestart,
            "What is taken: `public.*`, `payments`, `sales.audit_*`, `\"Odd Schema\".\"T 1\"`. "
            "Without double quotes names are in lower case, and of the schema `public`."),
      Field("exclude", &C::exclude, ListOf<PlainText>{}, kRestart, "What of that is left out."),
      Field("columns", &C::columns, Section<SourceColumnsConfig>{&ColumnKeys}, kRestart,
            "Columns that are left out or masked, as schema.table.column."),
      Field("filters", &C::filters, MapOf<RawText>{}, kRestart,
            "Which rows: a table to a condition in the source's SQL (PostgreSQL 15)."),
      Field("snapshot", &C::snapshot, Section<SourceSnapshotConfig>{&SnapshotKeys}, kRestart,
            "The first copy."),
      Field("heartbeat", &C::heartbeat, Duration{1s, 1h}, kRestart,
            "How often the slot moves on while the source's tables rest."),
      Field("slot_guard", &C::slot_guard, Section<SlotGuardConfig>{&GuardKeys}, kRestart,
            "What happens when the slot holds back too much."),
  };
  return keys;
}

void OnePasswordOnly(Reading& reading, const Node& node) {
  if (node.yaml["password"] && node.yaml["password_file"])
    reading.Fail({node.yaml["password_file"], node.path + ".password_file"},
                 "give either 'password' or 'password_file', not both.");
}

void Validate(Reading& reading, const Node& node, SourceConfig& source) {
  if (!node.yaml.IsMap()) return;
  OnePasswordOnly(reading, node);
  const std::string name = node.path.substr(node.path.find('.') + 1);
  const bool fine =
      name.size() <= 48 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!fine) reading.Fail(node, "a source's name has 1 to 48 of a-z, 0-9, '_', '-'.");
  const auto options = SourceOptionsOf(name, source);
  if (!options.ok()) reading.Fail(node, options.error().message + ".");
}

}  // namespace

const Section<SourceConfig>& SourceSection() {
  static const Section<SourceConfig> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
