#include "app/backup.h"

#include <filesystem>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/offline.h"
#include "app/config/load.h"
#include "app/config/units.h"
#include "objects/store.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string backup;
  std::string data;
};

std::string Absolute(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

Json ReportJson(const std::string& folder, const BackupReport& report) {
  return {{"folder", folder},
          {"files", report.files},
          {"bytes", report.bytes},
          {"files_copied", report.files_copied},
          {"bytes_copied", report.bytes_copied}};
}

// Without a server: the folder is ours alone, nothing needs holding back.
Result<Json> BackupOffline(const Config& config, const std::string& target) {
  OfflineData data = TRY(OpenOffline(config, DataFolder::Missing::kRefuse));
  const BackupSource source{data.folder.paths(), *data.database,
                            [] { return objects::ReadGuard(); }, SystemClock(), SystemRandom()};
  return ReportJson(target, TRY(app::Backup(source, target, nullptr)));
}

Result<Json> RunBackup(const Context& context, const std::string& target) {
  if (context.url.empty()) {
    const Config config = TRY(LoadValidConfig(context.ConfigFile()));
    if (!ServerRuns(config.data)) return BackupOffline(config, target);
  }
  AdminClient client = TRY(AdminClient::Connect(context));
  return client.Post("/api/v1/backup", {{"folder", target}});
}

int BackupCommand(const Context& context, const Options& options) {
  const Result<Json> report = RunBackup(context, Absolute(options.backup));
  if (!report.ok()) return context.Fail(report.error());
  if (context.json) {
    context.PrintJson(*report);
    return kDone;
  }
  context.Print(Text::kBackupDone, Cell(*report, "files"),
                FormatSizeForPeople(report->value("bytes", uint64_t{0})), Cell(*report, "folder"),
                Cell(*report, "files_copied"),
                FormatSizeForPeople(report->value("bytes_copied", uint64_t{0})));
  return kDone;
}

int RestoreCommand(const Context& context, const Options& options) {
  const std::string folder = Absolute(options.data);
  const Result<BackupReport> report = Restore(Absolute(options.backup), folder, nullptr);
  if (!report.ok()) return context.Fail(report.error());
  if (context.json) {
    context.PrintJson(ReportJson(folder, *report));
  } else {
    context.Print(Text::kRestoreDone, report->files, FormatSizeForPeople(report->bytes), folder);
  }
  return kDone;
}

}  // namespace

void AddBackup(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "backup", Text::kBackup,
      [=](CLI::App& command, Options& options) {
        command.add_option("DIR", options.backup, say(Text::kBackupDir))->required();
      },
      BackupCommand);
  AddCommand<Options>(
      commands, commands.app, "restore", Text::kRestore,
      [=](CLI::App& command, Options& options) {
        command.add_option("BACKUP", options.backup, say(Text::kRestoreBackup))->required();
        command.add_option("--data", options.data, say(Text::kDataOption))->required();
      },
      RestoreCommand);
}

}  // namespace caudal::app::cli
