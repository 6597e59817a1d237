#include "api/gcs/intake.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kSmallBytesMax = 128u << 10;

}  // namespace

Result<Intake> Intake::Start(objects::Store& store, objects::WriteRequest request,
                             std::optional<uint64_t> expected_bytes) {
  Intake intake(store, std::move(request));
  if (expected_bytes && *expected_bytes > 2 * kSmallBytesMax) TRY(intake.Flow());
  return intake;
}

Result<void> Intake::Flow() {
  writer_ = TRY(store_->Write(std::move(request_)));
  if (!small_.empty()) TRY(writer_->Append(small_));
  small_ = std::string();
  return {};
}

Result<void> Intake::Append(std::string_view bytes) {
  if (writer_ == nullptr) {
    if (small_.size() + bytes.size() <= kSmallBytesMax) {
      small_.append(bytes);
      return {};
    }
    TRY(Flow());
  }
  return writer_->Append(bytes);
}

Result<objects::Object> Intake::Commit() {
  if (writer_ != nullptr) return writer_->Commit();
  return store_->Put(std::move(request_), small_);
}

}  // namespace caudal::api::gcs
