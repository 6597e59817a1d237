#include "lake/catalog/namespaces.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "data/json.h"

namespace caudal::lake {
namespace {

constexpr size_t kPropertiesMax = 1000;
constexpr size_t kPropertyBytesMax = 64 << 10;  // of all together

Error NoNamespace(const Levels& levels) {
  return MakeError(ErrorKind::kNotFound,
                   fmt::format("the namespace '{}' doesn't exist", TextOf(levels)),
                   "namespace.not_found");
}

Result<void> CheckProperties(const Properties& properties) {
  size_t bytes = 0;
  for (const auto& [key, value] : properties) bytes += key.size() + value.size();
  if (properties.size() <= kPropertiesMax && bytes <= kPropertyBytesMax) return {};
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("a namespace has at most {} properties of {} bytes together",
                               kPropertiesMax, kPropertyBytesMax),
                   "lake.properties");
}

Result<Properties> PropertiesFrom(std::string_view text) {
  const Json json = TRY(ParseJson(text, "properties of a namespace"));
  return json.get<Properties>();
}

struct Row {
  int64_t id = 0;
  Properties properties;
};

Result<Row> Read(meta::Connection& connection, const Levels& levels) {
  const std::string path = Join(levels);
  meta::Statement q =
      TRY(connection.Prepare("SELECT id, properties FROM lake_namespaces WHERE path = ?"));
  q.Bind(1, path);
  const bool found = TRY(q.Step());
  if (!found) return NoNamespace(levels);
  Row row;
  row.id = q.Int(0);
  row.properties = TRY(PropertiesFrom(q.Text(1)));
  return row;
}

Result<void> CheckEmpty(meta::Connection& connection, int64_t id, const Levels& levels) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT (SELECT count(*) FROM lake_tables WHERE namespace = ?1), "
                             "(SELECT count(*) FROM lake_namespaces WHERE parent = ?1)"));
  q.Bind(1, id);
  TRY(q.Step());
  if (q.Int(0) == 0 && q.Int(1) == 0) return {};
  return MakeError(ErrorKind::kConflict,
                   fmt::format("the namespace '{}' isn't empty: it has {} tables and {} namespaces",
                               TextOf(levels), q.Int(0), q.Int(1)),
                   "namespace.not_empty");
}

}  // namespace

Result<int64_t> FindNamespace(meta::Connection& connection, const Levels& levels) {
  const Row row = TRY(Read(connection, levels));
  return row.id;
}

Result<Namespace> Namespaces::Create(const Levels& levels, Properties properties) {
  TRY(CheckLevels(levels));
  TRY(CheckProperties(properties));
  const std::string path = Join(levels);
  const std::string text = DumpJson(Json(properties));
  TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
    int64_t parent = 0;
    if (levels.size() > 1)
      parent = TRY(FindNamespace(tx, Levels(levels.begin(), levels.end() - 1)));
    const Result<int64_t> done =
        tx.Run("INSERT INTO lake_namespaces(parent, path, properties) VALUES (?, ?, ?)", parent,
               path, text);
    FAILPOINT("lake.namespace.create");
    if (done.ok()) return {};
    if (!done.error().Is(ErrorKind::kAlreadyExists)) return done.error();
    return MakeError(ErrorKind::kAlreadyExists,
                     fmt::format("the namespace '{}' exists already", TextOf(levels)),
                     "namespace.exists");
  }));
  return Namespace{levels, std::move(properties)};
}

Result<Namespace> Namespaces::Get(const Levels& levels) {
  meta::ReadTx read = TRY(database_.Read());
  Row row = TRY(Read(read, levels));
  return Namespace{levels, std::move(row.properties)};
}

Result<NamespacePage> Namespaces::List(const Levels& parent, const std::string& page_token,
                                       int max) {
  meta::ReadTx read = TRY(database_.Read());
  int64_t id = 0;
  if (!parent.empty()) id = TRY(FindNamespace(read, parent));
  meta::Statement q =
      TRY(read.Prepare("SELECT path FROM lake_namespaces WHERE parent = ? AND path > ? "
                       "ORDER BY path LIMIT ?"));
  q.BindAll(id, page_token, int64_t{max} + 1);
  NamespacePage page;
  while (TRY(q.Step())) {
    if (static_cast<int>(page.namespaces.size()) == max) {
      page.next_page_token = Join(page.namespaces.back());
      break;
    }
    page.namespaces.push_back(Split(q.Text(0)));
  }
  return page;
}

Result<PropertyChange> Namespaces::Change(const Levels& levels,
                                          const std::vector<std::string>& removals,
                                          const Properties& updates) {
  for (const std::string& key : removals)
    if (updates.contains(key))
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the property '{}' can't be removed and updated at once", key),
                       "lake.properties");
  return database_.Write([&](meta::Tx& tx) -> Result<PropertyChange> {
    Row row = TRY(Read(tx, levels));
    PropertyChange change;
    for (const std::string& key : removals)
      (row.properties.erase(key) != 0 ? change.removed : change.missing).push_back(key);
    for (const auto& [key, value] : updates) {
      row.properties[key] = value;
      change.updated.push_back(key);
    }
    TRY(CheckProperties(row.properties));
    const std::string text = DumpJson(Json(row.properties));
    TRY(tx.Run("UPDATE lake_namespaces SET properties = ? WHERE id = ?", text, row.id));
    FAILPOINT("lake.namespace.change");
    return change;
  });
}

Result<void> Namespaces::Drop(const Levels& levels) {
  return database_.Write([&](meta::Tx& tx) -> Result<void> {
    const int64_t id = TRY(FindNamespace(tx, levels));
    TRY(CheckEmpty(tx, id, levels));
    TRY(tx.Run("DELETE FROM lake_namespaces WHERE id = ?", id));
    FAILPOINT("lake.namespace.drop");
    return {};
  });
}

}  // namespace caudal::lake
