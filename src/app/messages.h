// Everything that the command line says to people, in English and Spanish. Errors of the modules
// below come as they are, in English; programs read --json, which has no language.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace caudal::app {

enum class Language : uint8_t { kEnglish, kSpanish };

enum class Text : uint16_t {
  kProgram,
  kFooter,
  kUsage,
  kOptions,
  kSubcommands,
  kHelpOption,
  kConfigOption,
  kJsonOption,
  kUrlOption,
  kTokenOption,
  kInit,
  kInitDir,
  kCheck,
  kReferenceOption,
  kUp,
  kListenOption,
  kStatus,
  kQuery,
  kQuerySql,
  kQueryFormatOption,
  kQueryOutputOption,
  kQueryDatasetOption,
  kQueryParamOption,
  kQueryTimeoutOption,
  kQueryFooter,
  kQueryNoSql,
  kQueryBinary,
  kQueryRow,
  kQueryRows,
  kEvents,
  kEventsTail,
  kEventsDead,
  kEventsReplay,
  kEventsDrop,
  kBucketOption,
  kPrefixOption,
  kLimitOption,
  kAfterOption,
  kSubscriberOption,
  kEventOption,
  kAllOption,
  kFunctions,
  kFunctionsList,
  kFunctionsRuns,
  kFunctionsLogs,
  kFunctionsReplay,
  kFunctionsDeploy,
  kFunctionName,
  kFunctionOrRun,
  kRunOption,
  kRunStatusOption,
  kDeadOption,
  kLogs,
  kFollowOption,
  kLinesOption,
  kBackup,
  kBackupDir,
  kRestore,
  kRestoreBackup,
  kDataOption,
  kFsck,
  kRepairOption,
  kNoChecksumsOption,
  kKeys,
  kKeysCreate,
  kKeysList,
  kKeysRevoke,
  kKeyName,
  kKeyKindOption,
  kKeyExpiresOption,
  kKeyOutOption,
  kKeyId,
  kReload,
  kVersion,
  kError,
  kReady,
  kInitDone,
  kInitExists,
  kCheckFine,
  kCheckProblems,
  kNotRunning,
  kUnreachable,
  kNothing,
  kReloadNothing,
  kReloadApplied,
  kReloadRestart,
  kReloadBuckets,
  kReplayed,
  kDropped,
  kWhichDeadLetters,
  kBackupDone,
  kRestoreDone,
  kFsckSound,
  kFsckDamage,
  kFsckTidy,
  kRepaired,
  kKeyToken,
  kKeyHmac,
  kKeyFile,
  kKeyWritten,
  kKeyRevoked,
  kStatusLine,
  kStatusBuckets,
  kStatusEvents,
  kStatusHttp,
  kStatusFunctions,
  kStatusDiskFull,
  kFunctionReplayed,
  kWhichReplay,
  kFunctionDeployed,
  kFunctionNoRuns,
  kFunctionNoOutput,
  kCount
};

// Spanish when LC_ALL, else LC_MESSAGES, else LANG says so.
Language LanguageOfEnvironment();

std::string_view TextOf(Text text, Language language);

template <class... Args>
std::string Say(Language language, Text text, const Args&... args) {
  return fmt::format(fmt::runtime(TextOf(text, language)), args...);
}

}  // namespace caudal::app
