#include "query/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "data/lower_case.h"
#include "query/allowed_functions.h"
#include "query/tree.h"

namespace caudal::query {
namespace {

// Deeper trees would need a stack deeper than a thread's.
constexpr int kDepthMax = 600;

constexpr auto kExpressions = std::to_array<std::string_view>({
    "BETWEEN",
    "CASE",
    "CAST",
    "COLLATE",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "DEFAULT",
    "FUNCTION",
    "LAMBDA",
    "LAMBDA_REF",
    "OPERATOR",
    "PARAMETER",
    "POSITIONAL_REFERENCE",
    "STAR",
    "SUBQUERY",
    "WINDOW",
});
// Parts of queries that are neither tables nor expressions.
constexpr auto kParts = std::to_array<std::string_view>({
    "DISTINCT_MODIFIER",
    "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER",
    "ORDER_MODIFIER",
    "ORDER_DEFAULT",
    "ORDER_ASCENDING",
    "ORDER_DESCENDING",
    "ASCENDING",
    "DESCENDING",
});

Error Refused(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message), "query.refused");
}

// Names of common table expressions that are in sight.
struct Names {
  const Names* outer = nullptr;
  std::set<std::string> own;

  bool Has(const std::string& name) const {
    for (const Names* each = this; each != nullptr; each = each->outer)
      if (each->own.contains(name)) return true;
    return false;
  }
};

// How the rows of a FROM's item come to the WHERE.
struct Seat {
  size_t scope = 0;
  bool plain = true;
  bool nullable = false;
};

class Walker {
 public:
  explicit Walker(Analysis& analysis) : analysis_(analysis) {}

  Result<void> Node(const Json& node, const Names& outer);

 private:
  Result<void> Ctes(const Json& node, Names& names);
  Result<void> Select(const Json& node, const Names& names);
  Result<void> From(const Json& ref, const Names& names, Seat seat);
  Result<void> BaseTable(const Json& ref, const Names& names, const Seat& seat);
  Result<void> Join(const Json& ref, const Names& names, Seat seat);
  Result<void> TableFunction(const Json& ref, const Names& names);
  Result<void> Show(const Json& ref, const Names& names);
  Result<void> Any(const Json& part, const Names& names);
  Result<void> Expression(const Json& expression, const Names& names);
  Result<void> Members(const Json& object, const Names& names,
                       std::initializer_list<std::string_view> but);
  void AddSource(const Json& ref, const Seat& seat, std::optional<size_t> table);
  Result<void> Deeper() {
    if (depth_ > kDepthMax) return MakeError(ErrorKind::kUnsupported, "the SQL nests too deep");
    return {};
  }

  Analysis& analysis_;
  int depth_ = 0;
  bool in_time_ = false;  // inside an AT clause
};

class Depth {
 public:
  explicit Depth(int& depth) : depth_(depth) { ++depth_; }
  ~Depth() { --depth_; }

 private:
  int& depth_;
};

Result<void> Walker::Node(const Json& node, const Names& outer) {
  const Depth depth(depth_);
  TRY(Deeper());
  Names names{&outer, {}};
  TRY(Ctes(node, names));
  const std::string type = Text(node, "type");
  if (type == "SELECT_NODE") return Select(node, names);
  if (type == "SET_OPERATION_NODE") return Members(node, names, {"type", "cte_map"});
  if (type == "RECURSIVE_CTE_NODE") {
    TRY(Members(node, names, {"type", "cte_map", "right"}));
    Names inner{&names, {LowerCase(Text(node, "cte_name"))}};
    if (const Json* right = Member(node, "right")) TRY(Node(*right, inner));
    return {};
  }
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("a query of this kind isn't supported ({})", type));
}

Result<void> Walker::Ctes(const Json& node, Names& names) {
  const Json* map = Member(node, "cte_map");
  const Json* list = map == nullptr ? nullptr : Member(*map, "map");
  if (list == nullptr) return {};
  for (const Json& entry : *list) {
    const Json* cte = Member(entry, "value");
    if (cte == nullptr) continue;
    TRY(Members(*cte, names, {}));
    names.own.insert(LowerCase(Text(entry, "key")));
  }
  return {};
}

Result<void> Walker::Select(const Json& node, const Names& names) {
  Seat seat;
  seat.scope = analysis_.scopes.size();
  analysis_.scopes.emplace_back();
  seat.plain = Member(node, "sample") == nullptr;
  if (const Json* from = Member(node, "from_table")) TRY(From(*from, names, seat));
  Scope& scope = analysis_.scopes[seat.scope];
  scope.where = Member(node, "where_clause");
  if (const Json* list = Member(node, "select_list"))
    for (const Json& column : *list)
      if (std::string alias = LowerCase(Text(column, "alias")); !alias.empty())
        scope.aliases.push_back(std::move(alias));
  return Members(node, names, {"type", "cte_map", "from_table"});
}

void Walker::AddSource(const Json& ref, const Seat& seat, std::optional<size_t> table) {
  const Json* renamed = Member(ref, "column_name_alias");
  Source source;
  source.alias = LowerCase(Text(ref, "alias"));
  if (source.alias.empty() && table) source.alias = LowerCase(Text(ref, "table_name"));
  source.table = table;
  source.plain =
      seat.plain && Member(ref, "sample") == nullptr && (renamed == nullptr || renamed->empty());
  source.nullable = seat.nullable;
  std::vector<Source>& sources = analysis_.scopes[seat.scope].sources;
  if (table) {
    analysis_.tables[*table].scope = seat.scope;
    analysis_.tables[*table].source = sources.size();
  }
  sources.push_back(std::move(source));
}

Result<void> Walker::From(const Json& ref, const Names& names, Seat seat) {
  const Depth depth(depth_);
  TRY(Deeper());
  const std::string type = Text(ref, "type");
  if (Member(ref, "sample") != nullptr) seat.plain = false;
  if (type == "EMPTY") return {};
  if (type == "BASE_TABLE") return BaseTable(ref, names, seat);
  if (type == "JOIN") return Join(ref, names, seat);
  AddSource(ref, seat, {});
  if (type == "TABLE_FUNCTION") return TableFunction(ref, names);
  if (type == "SHOW_REF") return Show(ref, names);
  if (type == "SUBQUERY" || type == "EXPRESSION_LIST") return Members(ref, names, {"type"});
  if (type == "PIVOT") {
    // Its source is no item of this FROM any more.
    const Json* source = Member(ref, "source");
    Seat apart;
    apart.scope = analysis_.scopes.size();
    analysis_.scopes.emplace_back();
    if (source != nullptr) TRY(From(*source, names, apart));
    return Members(ref, names, {"type", "source"});
  }
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("FROM can't have an item of this kind here ({})", type));
}

Result<void> Walker::BaseTable(const Json& ref, const Names& names, const Seat& seat) {
  TableUse use;
  use.catalog = Text(ref, "catalog_name");
  use.schema = Text(ref, "schema_name");
  use.name = Text(ref, "table_name");
  use.aliased = !Text(ref, "alias").empty();
  if (in_time_) return Refused("a time can't be read from a table");
  if (use.schema.empty() && use.catalog.empty() && names.Has(LowerCase(use.name))) {
    AddSource(ref, seat, {});
    return {};
  }
  const auto at = ref.find("query_location");
  if (at == ref.end() || !at->is_number_unsigned())
    return MakeError(ErrorKind::kUnsupported, "a table without a place in the SQL");
  use.at = at->get<size_t>();
  if (const Json* clause = Member(ref, "at_clause")) {
    use.time = clause;
    use.by_version = Text(*clause, "unit") == "VERSION";
    in_time_ = true;
    Result<void> walked = Members(*clause, names, {});
    in_time_ = false;
    TRY(std::move(walked));
  }
  analysis_.tables.push_back(std::move(use));
  AddSource(ref, seat, analysis_.tables.size() - 1);
  return {};
}

Result<void> Walker::Join(const Json& ref, const Names& names, Seat seat) {
  const std::string type = Text(ref, "join_type");
  const std::string kind = Text(ref, "ref_type");
  Seat left = seat;
  Seat right = seat;
  if (kind != "REGULAR" && kind != "NATURAL" && kind != "CROSS")
    left.plain = right.plain = false;  // which rows meet depends on those that aren't wanted
  if (type == "LEFT") {
    right.nullable = true;
  } else if (type == "RIGHT") {
    left.nullable = true;
  } else if (type == "SEMI" || type == "ANTI") {
    right.plain = false;
  } else if (type != "INNER") {
    left.nullable = right.nullable = true;
    if (type != "OUTER" && type != "FULL") left.plain = right.plain = false;
  }
  const Json* sides[] = {Member(ref, "left"), Member(ref, "right")};
  if (sides[0] != nullptr) TRY(From(*sides[0], names, left));
  if (sides[1] != nullptr) TRY(From(*sides[1], names, right));
  return Members(ref, names, {"type", "left", "right"});
}

Result<void> Walker::TableFunction(const Json& ref, const Names& names) {
  const Json* function = Member(ref, "function");
  const std::string name =
      function == nullptr ? std::string() : LowerCase(Text(*function, "function_name"));
  if (!IsAllowedTableFunction(name))
    return Refused(
        fmt::format("the function {}() isn't available here: queries read the lake's "
                    "tables, as dataset.table, and nothing else",
                    name));
  TRY(Members(*function, names, {"type", "class"}));
  return Members(ref, names, {"type", "function"});
}

Result<void> Walker::Show(const Json& ref, const Names& names) {
  const Json* query = Member(ref, "query");
  if (query == nullptr)
    return Refused(
        "SHOW lists nothing here: `caudal tables` and the catalogue's API list the tables, and "
        "DESCRIBE dataset.table shows one");
  return Node(*query, names);
}

Result<void> Walker::Members(const Json& object, const Names& names,
                             std::initializer_list<std::string_view> but) {
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(but, key) == but.end()) TRY(Any(value, names));
  return {};
}

Result<void> Walker::Any(const Json& part, const Names& names) {
  if (!part.is_structured()) return {};
  const Depth depth(depth_);
  TRY(Deeper());
  if (part.is_array()) {
    for (const Json& item : part) TRY(Any(item, names));
    return {};
  }
  const auto type = part.find("type");
  if (part.contains("class")) return Expression(part, names);
  if (type == part.end() || !type->is_string()) return Members(part, names, {});
  const std::string text = type->get<std::string>();
  if (text.ends_with("_NODE")) return Node(part, names);
  // Of values and casts.
  if (text.ends_with("_TYPE_INFO")) return {};
  if (std::ranges::count(kParts, text) > 0) return Members(part, names, {"type"});
  if (text.starts_with("ORDER") && part.contains("expression"))
    return Members(part, names, {"type"});
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("this part of SQL isn't supported here ({})", text));
}

Result<void> Walker::Expression(const Json& expression, const Names& names) {
  const std::string kind = Text(expression, "class");
  if (std::ranges::count(kExpressions, kind) == 0)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("an expression of this kind isn't supported here ({})", kind));
  if (kind == "CONSTANT") return {};
  if (kind == "SUBQUERY" && in_time_) return Refused("a time can't be read from a table");
  if (kind == "FUNCTION" || kind == "WINDOW") {
    const std::string name = LowerCase(Text(expression, "function_name"));
    if (!IsAllowedFunction(name))
      return Refused(
          fmt::format("the function {}() isn't available here: it isn't one that only computes, "
                      "or there is none of this name",
                      name));
  }
  return Members(expression, names, {"type", "class", "cast_type"});
}

Error NotParsed(const SqlText& text, const Json& answer) {
  const std::string message = Text(answer, "error_message");
  if (Text(answer, "error_type") == "not implemented" &&
      message.find("SELECT") != std::string::npos) {
    const std::string first = text.words.empty() ? std::string() : text.words[0].text;
    if (first == "pivot" || first == "unpivot")
      return MakeError(ErrorKind::kUnsupported,
                       "PIVOT and UNPIVOT as statements aren't supported: write FROM table PIVOT "
                       "(sum(x) FOR y IN (…))");
    // Then it is one of several, and not the first.
    if (first == "select" || first == "from" || first == "with" || first == "values")
      return Refused("a query is one statement, and only reads");
    return Refused(fmt::format(
        "'{}' isn't run here: a query is one SELECT, WITH, VALUES, FROM, DESCRIBE or SUMMARIZE",
        first));
  }
  if (message.find("NameListToString") != std::string::npos)
    return MakeError(ErrorKind::kInvalid,
                     "a table's name has three parts at most: write \"a.b.c\".t for a dataset of "
                     "more levels",
                     "query.syntax");
  const std::string position = Text(answer, "position");
  std::string where;
  if (!position.empty() && position.size() < 10)
    where = " at " + PlaceInText(text.sql, std::stoul(position));
  return MakeError(ErrorKind::kInvalid, message + where, "query.syntax");
}

}  // namespace

std::string TableUse::Text() const {
  std::string text = catalog;
  for (const std::string* part : {&schema, &name}) {
    if (part->empty()) continue;
    if (!text.empty()) text += '.';
    text += *part;
  }
  return text;
}

Result<Analysis> Analyze(const SqlText& text, std::string_view serialized) {
  Json answer = TRY(ParseJson(serialized, "the parse tree", 2 * kDepthMax));
  if (answer.value("error", true)) return NotParsed(text, answer);
  Analysis analysis;
  analysis.tree = std::make_unique<const Json>(std::move(answer));
  const Json* statements = Member(*analysis.tree, "statements");
  const size_t count = statements == nullptr ? 0 : statements->size();
  if (count == 0)
    return MakeError(ErrorKind::kInvalid, "there is no statement in the SQL", "query.syntax");
  if (count > 1) return Refused(fmt::format("a query is one statement, not {}", count));
  const Json* node = Member((*statements)[0], "node");
  if (node == nullptr) return MakeError(ErrorKind::kInternal, "a statement without a tree");
  TRY(Walker(analysis).Node(*node, Names{}));
  return analysis;
}

}  // namespace caudal::query
