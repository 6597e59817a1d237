#include "app/fsck.h"

namespace caudal::app {

Result<Json> CheckData(meta::Database& database, const std::string& objects_folder,
                       const objects::CheckOptions& options, bool store_is_running) {
  Json findings = Json::array();
  bool damage = false;
  for (const std::string& problem : TRY(database.CheckIntegrity())) {
    damage = true;
    findings.push_back({{"damage", true}, {"what", "metadata: " + problem}, {"repaired", false}});
  }
  const objects::CheckReport report =
      TRY(objects::CheckObjects(database, objects_folder, options, store_is_running));
  for (const objects::Finding& finding : report.findings) {
    damage = damage || finding.damage;
    findings.push_back(
        {{"damage", finding.damage}, {"what", finding.what}, {"repaired", finding.repaired}});
  }
  return Json{{"sound", !damage},
              {"objects", report.objects},
              {"bytes", report.bytes},
              {"findings", std::move(findings)}};
}

}  // namespace caudal::app
