#include "api/gcs/context.h"

#include <utility>

#include "objects/confined_store.h"

namespace caudal::api::gcs {
namespace {

struct ConfinedContext {
  ConfinedContext(const Context& shared, std::unique_ptr<objects::Store> store)
      : store(std::move(store)),
        context(GcsDependencies{*this->store, shared.deps.outbox, shared.deps.random,
                                shared.deps.has_topic, shared.deps.options}) {
    context.json_style = shared.json_style;
    context.xml_style = shared.xml_style;
  }

  const std::unique_ptr<objects::Store> store;
  Context context;
};

class SinkWithContext final : public http::BodySink {
 public:
  SinkWithContext(ContextPtr context, std::unique_ptr<http::BodySink> sink)
      : context_(std::move(context)), sink_(std::move(sink)) {}
  Result<void> Write(std::string_view bytes) override { return sink_->Write(bytes); }
  Result<http::Response> Finish() override { return sink_->Finish(); }

 private:
  const ContextPtr context_;
  const std::unique_ptr<http::BodySink> sink_;
};

}  // namespace

ContextPtr ContextFor(const ContextPtr& shared, const http::Request& request) {
  if (request.principal.places.empty()) return shared;
  const auto confined = std::make_shared<const ConfinedContext>(
      *shared, objects::ConfinedStore(shared->store(), request.principal.places));
  return {confined, &confined->context};
}

Result<std::unique_ptr<http::BodySink>> KeepingContext(
    ContextPtr context, const ContextPtr& shared, Result<std::unique_ptr<http::BodySink>> sink) {
  if (!sink.ok() || context == shared) return sink;
  return std::unique_ptr<http::BodySink>(
      std::make_unique<SinkWithContext>(std::move(context), std::move(sink).take()));
}

}  // namespace caudal::api::gcs
