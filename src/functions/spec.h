// A function as it is configured: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "events/subscriber.h"
#include "functions/sql/sql_part.h"

namespace caudal::functions {

// What is particular to a kind; each kind has a runner of its own.

// POST of a CloudEvent to a URL.
struct HttpPart {
  std::string url;
  std::string secret;  // signs it as a webhook is; empty: unsigned

  bool operator==(const HttpPart&) const = default;
};

// An unmodified Cloud Function in a folder, served by Google's functions-framework.
struct FrameworkPart {
  enum class Runtime : uint8_t { kPython, kNode };
  enum class Signature : uint8_t { kCloudEvent, kEvent };

  Runtime runtime = Runtime::kPython;
  std::string source;  // the folder, absolute
  std::string target;  // what is called there
  Signature signature = Signature::kCloudEvent;
  std::string interpreter;  // a path; empty: python3 or node of $PATH
  // Make an environment with what requirements.txt or package.json asks for; else the interpreter's
  // own packages are used.
  bool install = true;
  int calls_max = 1000;  // then its process is replaced
  std::chrono::milliseconds start_timeout{60'000};

  bool operator==(const FrameworkPart&) const = default;
};

using KindPart = std::variant<HttpPart, FrameworkPart, SqlPart>;

// A place that a function writes to: objects whose names begin and end so.
struct WritePlace {
  std::string bucket;
  std::string prefix;
  std::string suffix;
  bool exact = false;  // the one object called `prefix`

  bool operator==(const WritePlace&) const = default;
};

struct FunctionSpec {
  std::string name;        // [a-z0-9-]
  events::Filter trigger;  // its bucket is never empty
  std::chrono::milliseconds timeout{60'000};
  uint64_t memory_bytes = 512u << 20;
  int concurrency = 1;  // events at once, of different objects
  events::RetryPolicy retry;
  std::map<std::string, std::string> environment;
  bool allow_loops = false;
  std::vector<WritePlace> writes;  // as far as they are known
  KindPart part;

  bool operator==(const FunctionSpec&) const = default;
};

// "http"…
std::string_view KindOf(const FunctionSpec& spec);

// kInvalid, naming the function and the remedy: a name, a trigger or a limit that can't be, or a
// place that the function writes to and that fires it (unless allow_loops).
Result<void> CheckSpec(const FunctionSpec& spec);

// Whether an object written to `place` may fire `trigger`. Errs towards yes.
bool MayFire(const events::Filter& trigger, const WritePlace& place);

}  // namespace caudal::functions
