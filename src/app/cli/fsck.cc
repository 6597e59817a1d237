#include "app/fsck.h"

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/offline.h"
#include "app/cli/table.h"
#include "app/config/load.h"
#include "app/config/units.h"

namespace caudal::app::cli {
namespace {

struct Options {
  bool repair = false;
  bool no_checksums = false;
};

Result<Json> RunCheck(const Context& context, const Options& options) {
  if (context.url.empty()) {
    const Config config = TRY(LoadValidConfig(context.ConfigFile()));
    // With --repair the lock says who has to stop first.
    if (options.repair || !ServerRuns(config.data)) {
      OfflineData data = TRY(OpenOffline(config, DataFolder::Missing::kRefuse));
      objects::CheckOptions check;
      check.checksums = !options.no_checksums;
      check.repair = options.repair;
      return CheckData(*data.database, data.folder.paths().objects(), check, false);
    }
  }
  AdminClient client = TRY(AdminClient::Connect(context));
  return client.Post(options.no_checksums ? "/api/v1/fsck?checksums=false" : "/api/v1/fsck",
                     Json::object());
}

int Fsck(const Context& context, const Options& options) {
  const Result<Json> report = RunCheck(context, options);
  if (!report.ok()) return context.Fail(report.error());
  const bool sound = report->value("sound", false);
  if (context.json) {
    context.PrintJson(*report);
    return sound ? kDone : kFindings;
  }
  for (const Json& finding : (*report)["findings"]) {
    std::string line =
        Say(context.language, finding.value("damage", true) ? Text::kFsckDamage : Text::kFsckTidy,
            Cell(finding, "what"));
    if (finding.value("repaired", false))
      line += " " + std::string(TextOf(Text::kRepaired, context.language));
    context.PrintLine(Harmless(line));
  }
  if (sound)
    context.Print(Text::kFsckSound, Cell(*report, "objects"),
                  FormatSizeForPeople(report->value("bytes", uint64_t{0})));
  return sound ? kDone : kFindings;
}

}  // namespace

void AddFsck(Commands& commands) {
  AddCommand<Options>(
      commands, commands.app, "fsck", Text::kFsck,
      [&](CLI::App& command, Options& options) {
        const Language language = commands.context.language;
        command.add_flag("--repair", options.repair,
                         std::string(TextOf(Text::kRepairOption, language)));
        command.add_flag("--no-checksums", options.no_checksums,
                         std::string(TextOf(Text::kNoChecksumsOption, language)));
      },
      Fsck);
}

}  // namespace caudal::app::cli
