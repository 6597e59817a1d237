// What /metrics tells of sources. Internal to api/admin.
#pragma once

#include "api/admin/metrics_text.h"
#include "api/admin/source_routes.h"

namespace caudal::api::admin {

// So many tables of a source have samples of their own; those beyond are summed up in one.
inline constexpr size_t kTablesShown = 200;
inline constexpr const char* kOtherTables = "(other)";

// Nothing when there are no sources.
void AddSourceMetrics(MetricsText& text, const Sources& sources);

}  // namespace caudal::api::admin
