#include "app/migrations.h"

#include "auth/keys.h"
#include "events/outbox.h"
#include "objects/store.h"
#include "sched/runs.h"

namespace caudal::app {

std::vector<meta::Migration> AllMigrations() {
  std::vector<meta::Migration> all;
  for (auto module : {auth::KeyStore::Migrations(), events::Outbox::Migrations(),
                      objects::Store::Migrations(), sched::Runs::Migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

}  // namespace caudal::app
