// Any bytes are a stream of pgoutput, a replication frame or rows of COPY, or are refused. The
// first byte says which; messages have their length before them, two bytes, big-endian.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "codec/postgres/copy_text.h"
#include "codec/postgres/pgoutput.h"
#include "codec/postgres/replication.h"

namespace {

using namespace caudal::postgres;

size_t sum = 0;  // of what was seen: every byte of it is read

void See(std::string_view bytes) {
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
}

void See(const Tuple& row) {
  size_t columns = 0;
  for (const ColumnValue value : row) {
    See(value.bytes);
    ++columns;
  }
  if (columns != row.size()) __builtin_trap();
}

struct Seer {
  void operator()(const Insert& m) { See(m.row); }
  void operator()(const Update& m) {
    See(m.old_row);
    See(m.row);
  }
  void operator()(const Delete& m) { See(m.old_row); }
  void operator()(const Truncate& m) {
    for (size_t i = 0; i < m.relations.size(); ++i) sum += m.relations[i];
  }
  void operator()(const Relation& m) {
    size_t columns = 0;
    for (const RelationColumn column : m.columns) {
      See(column.name);
      ++columns;
    }
    if (columns != m.columns.size()) __builtin_trap();
    See(m.schema);
    See(m.name);
  }
  void operator()(const TypeName& m) {
    See(m.schema);
    See(m.name);
  }
  void operator()(const Origin& m) { See(m.name); }
  void operator()(const LogicalMessage& m) {
    See(m.prefix);
    See(m.content);
  }
  void operator()(const StreamStart& m) { sum += m.xid; }
  void operator()(const StreamCommit& m) { sum += m.xid; }
  void operator()(const StreamAbort& m) { sum += m.subxid; }
  void operator()(const Begin& m) { sum += m.xid; }
  void operator()(const Commit& m) { sum += m.end_lsn.value; }
  void operator()(const StreamStop&) {}
};

void ReadMessages(std::string_view stream) {
  MessageParser parser;
  while (stream.size() >= 2) {
    const size_t size = std::min<size_t>(LoadBig<uint16_t>(stream.data()), stream.size() - 2);
    if (const auto message = parser.Parse(stream.substr(2, size)); message.ok())
      std::visit(Seer(), *message);
    stream.remove_prefix(2 + size);
  }
}

void ReadRows(size_t columns, std::string_view rows) {
  CopyTextReader reader(columns);
  while (!rows.empty()) {
    const auto row = reader.Next(rows);
    if (!row.ok()) return;
    if (row->size() != columns) __builtin_trap();
    for (const ColumnValue& value : *row) See(value.bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 0) {
    ReadMessages(rest);
  } else if (data[0] == 1) {
    if (const auto frame = ParseReplicationFrame(rest); frame.ok())
      if (const auto* log = std::get_if<XLogData>(&*frame)) See(log->data);
  } else {
    ReadRows(data[0] - 2u, rest);
  }
  return 0;
}
