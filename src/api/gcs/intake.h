// Bytes of one upload request on their way into the store.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objects/store.h"

namespace caudal::api::gcs {

// Small objects are gathered and put at once, so that they share their sync; larger ones flow
// through a Writer. One thread at a time.
class Intake {
 public:
  // `expected_bytes`: what the request announces, where it does: a large one starts its Writer now,
  // and so fails early.
  static Result<Intake> Start(objects::Store& store, objects::WriteRequest request,
                              std::optional<uint64_t> expected_bytes);

  Result<void> Append(std::string_view bytes);
  Result<objects::Object> Commit();

 private:
  Intake(objects::Store& store, objects::WriteRequest request)
      : store_(&store), request_(std::move(request)) {}
  Result<void> Flow();

  objects::Store* store_;
  objects::WriteRequest request_;
  std::string small_;
  std::unique_ptr<objects::Writer> writer_;
};

}  // namespace caudal::api::gcs
