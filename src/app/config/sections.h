// The tables of keys, one for each section of caudal.yaml. Each is built once.
#pragma once

#include <vector>

#include "app/config/config.h"
#include "app/config/keys.h"
#include "app/config/values.h"

namespace caudal::app {

const Section<Config>& RootSection();
const Section<ServerConfig>& ServerSection();
const Section<StorageConfig>& StorageSection();
const Section<BucketConfig>& BucketSection();
const Section<EventsConfig>& EventsSection();
const Section<FunctionConfig>& FunctionSection();
const Section<SourceConfig>& SourceSection();
const Section<RunsConfig>& RunsSection();
const Section<LandingConfig>& LandingSection();
const Section<LakeConfig>& LakeSection();
const Section<QueryConfig>& QuerySection();
const Section<LogConfig>& LogSection();
const Section<LimitsConfig>& LimitsSection();

// What several of them share.
const Section<RetryConfig>& RetrySection();
Choice<events::EventType> EventTypeChoice();
// The keys of functions of kind sql.
const std::vector<Key<FunctionConfig>>& SqlFunctionKeys();
// A secret comes from the file or from one beside it.
void OneSecretOnly(Reading& reading, const Node& node);

}  // namespace caudal::app
