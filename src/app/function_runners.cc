#include "app/function_runners.h"

#include "app/config/config.h"
#include "data/digest.h"
#include "functions/http/http_runner.h"
#include "os/socket_owner.h"

namespace caudal::app {
namespace {

constexpr size_t kKnownMax = 4096;  // connections; the oldest is forgotten

}  // namespace

Result<std::unique_ptr<FunctionRunners>> FunctionRunners::Make(
    RunnerDependencies dependencies, const std::vector<functions::FunctionSpec>& functions) {
  std::unique_ptr<FunctionRunners> runners(new FunctionRunners(std::move(dependencies)));
  const RunnerDependencies& given = runners->dependencies_;
  functions::FrameworkPlaces& places = runners->places_;
  places.folder = given.paths.functions();
  places.run_folder = given.paths.function_sockets();
  places.mark_prefix = EncodeHex(Sha256(given.paths.folder)).substr(0, 16);
  places.project = given.project;
  places.url = [url = given.url] { return url; };
  TRY(functions::PreparePlaces(places, functions, given.random));
  return runners;
}

FunctionRunners::~FunctionRunners() { functions::LeavePlaces(places_); }

std::optional<std::string> FunctionRunners::FunctionOf(const http::Request& request) {
  const http::Link& link = request.link;
  if (link.number == 0 || !(IsLoopback(request.peer) || request.peer.starts_with("::ffff:127.")))
    return std::nullopt;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(link.number);
    if (found != known_.end()) return found->second;
  }
  const std::string prefix = functions::MarkPrefixOf(places_);
  std::optional<std::string> function = os::MarkOfClient(prefix, link.peer_port, link.own_port);
  if (function) function = function->substr(prefix.size(), function->rfind('.') - prefix.size());
  MutexLock lock(mutex_);
  if (known_.size() >= kKnownMax) known_.erase(known_.begin());
  known_[link.number] = function;
  return function;
}

functions::RunnerFactory FunctionRunners::factory() {
  return [this](const functions::FunctionSpec& spec,
                std::function<void()> changed) -> Result<std::unique_ptr<functions::Runner>> {
    if (std::holds_alternative<functions::HttpPart>(spec.part))
      return functions::MakeHttpRunner(spec, dependencies_.clock);
    if (std::holds_alternative<functions::SqlPart>(spec.part)) return dependencies_.sql(spec);
    return functions::MakeFrameworkRunner(spec, places_, dependencies_.clock, std::move(changed));
  };
}

}  // namespace caudal::app
