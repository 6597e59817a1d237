// Tables over the admin API: lists, files in and out, rollback. Translation only.
#pragma once

#include "http/router.h"
#include "lake/catalog/catalog.h"
#include "lake/files/manifest_cache.h"
#include "lake/upkeep/upkeep.h"
#include "transfer/export.h"
#include "transfer/loads.h"

namespace caudal::api {

// All of it must outlive the router.
struct TableDependencies {
  lake::Catalog& catalog;
  lake::ManifestCache& manifests;
  lake::Upkeep& upkeep;
  transfer::Loads& loads;
  transfer::Exporter& exporter;
};

// Adds to what AddRoutes has added.
void AddTableRoutes(http::Router& router, const TableDependencies& dependencies);

namespace admin {

void AddTableViews(http::Router& router, const TableDependencies& dependencies);
void AddLoadRoutes(http::Router& router, transfer::Loads& loads);
void AddExportRoutes(http::Router& router, transfer::Loads& loads, transfer::Exporter& exporter);

}  // namespace admin
}  // namespace caudal::api
