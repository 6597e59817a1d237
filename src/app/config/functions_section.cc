#include <algorithm>
#include <array>
#include <cctype>

#include "app/config/function_spec.h"
#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;
using functions::FrameworkPart;
using Keys = std::vector<Key<FunctionConfig>>;

constexpr auto kLive = Change::kLive;
constexpr auto kRestart = Change::kRestart;

// A value of the environment: may be empty, and may be a secret.
struct EnvironmentValue {
  std::string Type() const { return "text"; }
  void Read(Reading& reading, const Node& node, std::string& out) const {
    if (auto text = reading.Scalar(node, "text")) out = *text;
  }
  std::string Show(const std::string& value) const { return Secret{}.Show(value); }
};

// A name in PATH, or a path; one with a slash is relative to the file.
struct Program {
  std::string Type() const { return "program"; }
  void Read(Reading& reading, const Node& node, std::string& out) const {
    auto text = reading.Scalar(node, "a program");
    if (!text) return;
    out = text->find('/') == std::string::npos ? *text : reading.Absolute(*text);
  }
  std::string Show(const std::string& value) const { return value; }
};

const std::vector<Key<FunctionTriggerConfig>>& TriggerKeys() {
  using C = FunctionTriggerConfig;
  static const std::vector<Key<C>> keys = {
      Field("bucket", &C::bucket, PlainText{}, kLive, "the bucket whose events fire it.", true),
      Field("prefix", &C::prefix, PlainText{}, kLive, "Only objects whose name begins so."),
      Field("glob", &C::glob, PlainText{}, kLive,
            "Only objects whose name matches: `*` within a folder, `**` across, `?`, `[…]`, "
            "`{a,b}`."),
      Field("types", &C::types, ListOf<Choice<events::EventType>>{EventTypeChoice()}, kLive,
            "Which events: finalized, deleted, archived, metadata_updated; an empty list: all."),
  };
  return keys;
}

const Keys& CommonKeys() {
  using C = FunctionConfig;
  static const Keys keys = {
      Field("kind", &C::kind,
            Choice<FunctionKind>{{{"http", FunctionKind::kHttp},
                                  {"python", FunctionKind::kPython},
                                  {"node", FunctionKind::kNode},
                                  {"sql", FunctionKind::kSql}}},
            kLive,
            "a URL (http), a Cloud Function in a folder (python, node), or statements over files "
            "(sql).",
            true),
      Field("trigger", &C::trigger, Section<FunctionTriggerConfig>{&TriggerKeys}, kLive,
            "what fires it.", true),
      Field("timeout", &C::timeout, Duration{10ms, 24h}, kLive,
            "A run that takes longer is ended, and has failed. A process that must start first has "
            "start_timeout for that."),
      Field("memory", &C::memory, Size{16u << 20, 1ull << 40}, kLive,
            "More than this ends the run, where Caudal runs it itself."),
      Field("concurrency", &C::concurrency, Whole{1, 100}, kLive,
            "Events at once, each of another object; so many processes are kept at most."),
      Field("retry", &C::retry, RetrySection(), kLive,
            "When failed runs are tried again. Bad input isn't: it is a dead letter at once."),
      Field("environment", &C::environment, MapOf<EnvironmentValue>{}, kLive,
            "Variables for it, beside those that Cloud Functions have. Never shown."),
      Field("allow_loops", &C::allow_loops, Flag{}, kLive,
            "Let it write where that fires it again."),
      Field("writes", &C::writes, ListOf<PlainText>{}, kLive,
            "Where it writes (gs://bucket/prefix), so that a loop is found; Caudal can't know."),
  };
  return keys;
}

const Keys& HttpKeys() {
  using C = FunctionConfig;
  using H = HttpFunctionConfig;
  static const Keys keys = {
      PartField("url", &C::http, &H::url, Url{}, kLive,
                "Kind http: the URL that events are posted to."),
      PartField("secret", &C::http, &H::secret, Secret{}, kLive,
                "Kind http: signs each request (header Caudal-Signature)."),
      PartField("secret_file", &C::http, &H::secret, SecretFile{}, kLive,
                "Kind http: a file that holds the secret."),
  };
  return keys;
}

const Keys& FrameworkKeys() {
  using C = FunctionConfig;
  using F = FrameworkFunctionConfig;
  static const Keys keys = {
      PartField("source", &C::framework, &F::source, Path{}, kLive,
                "Kinds python, node: the folder with main.py or package.json and what belongs to "
                "it."),
      PartField("target", &C::framework, &F::target, PlainText{}, kLive,
                "Kinds python, node: the name of the function there."),
      PartField(
          "signature", &C::framework, &F::signature,
          Choice<FrameworkPart::Signature>{{{"cloudevent", FrameworkPart::Signature::kCloudEvent},
                                            {"event", FrameworkPart::Signature::kEvent}}},
          kLive,
          "Kinds python, node: what it takes: a CloudEvent, or `(data, context)` of the "
          "first generation."),
      PartField("interpreter", &C::framework, &F::interpreter, Program{}, kLive,
                "Kinds python, node: another python3 or node than that of PATH."),
      PartField("install", &C::framework, &F::install, Flag{}, kLive,
                "Kinds python, node: install what requirements.txt or package.json asks for, and "
                "functions-framework, into a private environment. `false`: the interpreter has "
                "them."),
      PartField("calls_max", &C::framework, &F::calls_max, Whole{1, 1'000'000'000}, kLive,
                "Kinds python, node: a process is replaced after so many events."),
      PartField("start_timeout", &C::framework, &F::start_timeout, Duration{100ms, 1h}, kLive,
                "Kinds python, node: how long a process may take to come up."),
  };
  return keys;
}

// What only functions of some kinds have, and which of it they must have.
struct Kind {
  FunctionKind kind;
  std::string_view name;
  const Keys& (*keys)();
  std::vector<std::string_view> required;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {FunctionKind::kHttp, "http", &HttpKeys, {"url"}},
      {FunctionKind::kPython, "python", &FrameworkKeys, {"source", "target"}},
      {FunctionKind::kNode, "node", &FrameworkKeys, {"source", "target"}},
      {FunctionKind::kSql, "sql", &SqlFunctionKeys, {"outputs"}},
  };
  return kinds;
}

const Keys& AllKeys() {
  static const Keys keys = [] {
    Keys all = CommonKeys();
    std::vector<const Keys*> seen;
    for (const Kind& kind : Kinds()) {
      if (std::ranges::find(seen, &kind.keys()) != seen.end()) continue;
      seen.push_back(&kind.keys());
      all.insert(all.end(), kind.keys().begin(), kind.keys().end());
    }
    return all;
  }();
  return keys;
}

bool Has(const Keys& keys, std::string_view name) {
  return std::ranges::any_of(keys, [&](const auto& key) { return key.name == name; });
}

// Keys that the kind lacks, and keys that it must have.
void CheckKind(Reading& reading, const Node& node, const FunctionConfig& function) {
  const auto kind = std::ranges::find(Kinds(), function.kind, &Kind::kind);
  if (!node.yaml["kind"] || node.yaml["kind"].as<std::string>("") != kind->name) return;
  for (const auto& entry : node.yaml) {
    const std::string name = entry.first.as<std::string>("");
    if (!Has(AllKeys(), name) || Has(CommonKeys(), name) || Has(kind->keys(), name)) continue;
    reading.Fail({entry.first, node.path},
                 "functions of kind " + std::string(kind->name) + " have no '" + name + "'.");
  }
  for (const std::string_view name : kind->required)
    if (!node.yaml[std::string(name)])
      reading.Fail(node, "the key '" + std::string(name) + "' is missing: functions of kind " +
                             std::string(kind->name) + " need it.");
}

void CheckSqlFunction(Reading& reading, const Node& node, const FunctionConfig& function) {
  if (function.kind != FunctionKind::kSql) return;
  if (node.yaml["sql"] && node.yaml["sql_file"])
    reading.Fail({node.yaml["sql_file"], node.path + ".sql_file"},
                 "give either 'sql' or 'sql_file', not both.");
  if (node.yaml["environment"])
    reading.Fail({node.yaml["environment"], node.path + ".environment"},
                 "functions of kind sql have no environment: $bucket, $name, $uri and the table "
                 "'event' tell them what happened.");
}

void CheckEnvironment(Reading& reading, const Node& node, const FunctionConfig& function) {
  constexpr std::array<std::string_view, 8> kReserved = {
      "PORT",      "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "FUNCTION_SOURCE",
      "K_SERVICE", "K_REVISION",      "K_CONFIGURATION",         "CAUDAL_WORKER"};
  for (const auto& [name, value] : function.environment) {
    const bool fine =
        !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
        std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    const Node place{node.yaml["environment"][name], node.path + ".environment." + name};
    if (!fine)
      reading.Fail(place, "a variable's name has letters, digits and '_', no digit first.");
    if (std::ranges::find(kReserved, name) != kReserved.end())
      reading.Fail(place, "Caudal sets this variable itself.");
    if (value.find('\0') != std::string::npos)
      reading.Fail(place, "a variable can't hold a zero byte.");
  }
}

void Validate(Reading& reading, const Node& node, FunctionConfig& function) {
  if (!node.yaml.IsMap()) return;
  OneSecretOnly(reading, node);
  CheckKind(reading, node, function);
  CheckEnvironment(reading, node, function);
  CheckSqlFunction(reading, node, function);
  // The rest is the module's to judge, once the trigger is there.
  if (function.trigger.bucket.empty()) return;
  const std::string name = node.path.substr(node.path.find('.') + 1);
  const Result<functions::FunctionSpec> spec = SpecOf(name, function);
  const Result<void> checked = spec.ok() ? functions::CheckSpec(*spec) : spec.error();
  if (!checked.ok()) reading.Fail(node, checked.error().message + ".");
}

const std::vector<Key<RunsConfig>>& RunKeys() {
  using C = RunsConfig;
  static const std::vector<Key<C>> keys = {
      Field("keep", &C::keep, Duration{24h, 24h * 3660}, kRestart,
            "How long runs stay listed; whole hours. Longer than events wait for a retry: a "
            "success that is forgotten may be repeated."),
      Field("runs_max", &C::runs_max, Whole{100, 100'000'000}, kRestart,
            "At most this many runs stay listed, the newest."),
      Field("log_bytes_max", &C::log_bytes_max, Size{4096, 1u << 30}, kRestart,
            "Of what one run prints, the beginning and the end, as much together."),
      Field("logs_bytes_max", &C::logs_bytes_max, Size{1u << 20, 1ull << 40}, kRestart,
            "What all runs printed, together; the oldest goes first."),
  };
  return keys;
}

}  // namespace

const Section<FunctionConfig>& FunctionSection() {
  static const Section<FunctionConfig> section{&AllKeys, &Validate};
  return section;
}

const Section<RunsConfig>& RunsSection() {
  static const Section<RunsConfig> section{&RunKeys};
  return section;
}

}  // namespace caudal::app
