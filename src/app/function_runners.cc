#include "app/function_runners.h"

#include "data/digest.h"
#include "functions/http/http_runner.h"

namespace caudal::app {

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
