// Named numbers in the metadata that outlive a restart.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "meta/database.h"

namespace caudal::objects {

// Every orphan file has a number from the floor up to the reserved end.
inline constexpr std::string_view kBlobFloor = "blob_floor";
inline constexpr std::string_view kBlobReservedEnd = "blob_reserved_end";
// No generation above it was ever given out.
inline constexpr std::string_view kGenerationCeiling = "generation_ceiling";

Result<std::optional<int64_t>> ReadCounter(meta::Connection& connection, std::string_view name);
Result<void> WriteCounter(meta::Tx& tx, std::string_view name, int64_t value);

}  // namespace caudal::objects
