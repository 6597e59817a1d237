// The tables of keys, one for each section of caudal.yaml. Each is built once.
#pragma once

#include <vector>

#include "app/config/config.h"
#include "app/config/keys.h"

namespace caudal::app {

const Section<Config>& RootSection();
const Section<ServerConfig>& ServerSection();
const Section<StorageConfig>& StorageSection();
const Section<BucketConfig>& BucketSection();
const Section<EventsConfig>& EventsSection();
const Section<LogConfig>& LogSection();
const Section<LimitsConfig>& LimitsSection();

}  // namespace caudal::app
