#include "app/migrations.h"

#include "auth/keys.h"
#include "capture/landing/ledger.h"
#include "events/outbox.h"
#include "lake/catalog/catalog.h"
#include "objects/store.h"
#include "sched/runs.h"

namespace caudal::app {

std::vector<meta::Migration> AllMigrations() {
  std::vector<meta::Migration> all;
  for (auto module :
       {auth::KeyStore::Migrations(), events::Outbox::Migrations(), objects::Store::Migrations(),
        sched::Runs::Migrations(), lake::Catalog::Migrations(), capture::Ledger::Migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

}  // namespace caudal::app
