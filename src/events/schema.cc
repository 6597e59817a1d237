#include "events/schema.h"

#include <array>
#include <cstring>

#include "data/digest.h"

namespace caudal::events {
namespace {

constexpr std::array<meta::Migration, 1> kMigrations = {{{"events", 1, R"sql(
CREATE TABLE events(
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  object TEXT NOT NULL,
  generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL,
  time INTEGER NOT NULL,
  overwrote INTEGER,
  overwritten_by INTEGER,
  resource TEXT NOT NULL
) STRICT;
CREATE TABLE deliveries(
  subscriber TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt INTEGER NOT NULL DEFAULT 0,
  next_attempt INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  PRIMARY KEY (subscriber, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_lane ON deliveries(subscriber, lane, sequence);
CREATE INDEX deliveries_by_sequence ON deliveries(sequence);
CREATE INDEX deliveries_dead ON deliveries(sequence) WHERE state = 1;
CREATE INDEX deliveries_replayed ON deliveries(subscriber, sequence) WHERE state = 2;
CREATE TABLE notifications(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket TEXT NOT NULL,
  topic TEXT NOT NULL,
  types TEXT NOT NULL,
  prefix TEXT NOT NULL,
  attributes TEXT NOT NULL,
  json_payload INTEGER NOT NULL
) STRICT;
CREATE INDEX notifications_by_bucket ON notifications(bucket, number);
)sql"}}};

std::optional<int64_t> OptionalInt(const meta::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

}  // namespace

std::span<const meta::Migration> EventMigrations() { return kMigrations; }

Event EventFrom(const meta::Statement& row, int first_column) {
  Event event;
  int column = first_column;
  event.sequence = row.Int(column++);
  event.type = static_cast<EventType>(row.Int(column++) & 3);
  event.bucket = row.Text(column++);
  event.object = row.Text(column++);
  event.id = row.Text(column++);
  event.generation = row.Int(column++);
  event.metageneration = row.Int(column++);
  event.time = row.Int(column++);
  event.overwrote_generation = OptionalInt(row, column++);
  event.overwritten_by_generation = OptionalInt(row, column++);
  event.resource = row.Text(column++);
  return event;
}

int64_t LaneOf(std::string_view bucket, std::string_view object) {
  // FNV-1a; the separator can't occur in a bucket's name.
  uint64_t hash = 0xcbf29ce484222325u;
  const auto feed = [&](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  };
  feed(bucket);
  feed("/");
  feed(object);
  int64_t lane = 0;
  std::memcpy(&lane, &hash, sizeof lane);
  return lane;
}

}  // namespace caudal::events
