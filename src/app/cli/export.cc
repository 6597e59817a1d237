#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "os/file.h"
#include "os/signals.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::vector<std::string> places;  // what, unless there is SQL; and where to
  std::string sql;
  std::string format;
  std::string dataset;
};

// A file beside the one that is wanted, which becomes it in the end.
class NewFile {
 public:
  explicit NewFile(std::string path)
      : path_(std::move(path)), draft_(path_ + ".part-" + std::to_string(os::ProcessId())) {}
  ~NewFile() {
    if (file_.is_open()) (void)os::Remove(draft_).ok();
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Result<void> Write(std::string_view bytes) {
    if (!file_.is_open()) file_ = TRY(os::File::Open(draft_, os::File::Mode::kCreateNew));
    TRY(file_.WriteAt(bytes_, bytes));
    bytes_ += bytes.size();
    return {};
  }
  Result<void> Finish() {
    TRY(Write(""));
    file_.Sync(path_);
    TRY(os::Rename(draft_, path_));
    file_.Close();
    return {};
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const std::string path_;
  const std::string draft_;
  os::File file_;
  uint64_t bytes_ = 0;
};

int ToObject(const Context& context, AdminClient& client, const Json& body) {
  const Result<Json> answer = client.Post("/api/v1/export", body);
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json)
    context.PrintJson(*answer);
  else
    context.Print(Text::kExportDone, Cell(*answer, "to"), Cell(*answer, "bytes"));
  return kDone;
}

int ToFile(const Context& context, AdminClient& client, const Json& body, const std::string& path) {
  NewFile file(path);
  Result<void> written;
  const Result<void> sent = client.PostStream("/api/v1/export", body,
                                              [&](std::string_view piece) {
                                                written = file.Write(piece);
                                                return written.ok();
                                              },
                                              {});
  if (!written.ok()) return context.Fail(written.error());
  if (!sent.ok()) return context.Fail(sent.error());
  written = file.Finish();
  if (!written.ok()) return context.Fail(written.error());
  if (context.json)
    context.PrintJson({{"to", path}, {"bytes", file.bytes()}});
  else
    context.Print(Text::kExportDone, path, file.bytes());
  return kDone;
}

int Export(const Context& context, const Options& options) {
  if (options.places.size() != (options.sql.empty() ? 2U : 1U))
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kExportUsage), "usage"));
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const std::string& to = options.places.back();
  Json body = Json::object();
  if (options.sql.empty())
    body["table"] = options.places[0];
  else
    body["sql"] = options.sql;
  if (!options.dataset.empty()) body["default_dataset"] = options.dataset;
  const size_t dot = to.rfind('.');
  body["format"] = !options.format.empty()    ? options.format
                   : dot == std::string::npos ? std::string("csv")
                                              : to.substr(dot + 1);
  if (!to.starts_with("gs://")) return ToFile(context, *client, body, to);
  body["to"] = to;
  return ToObject(context, *client, body);
}

}  // namespace

void AddExport(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "export", Text::kExport,
      [=](CLI::App& command, Options& options) {
        command.add_option("WHAT_AND_WHERE", options.places, say(Text::kExportWhat))
            ->required()
            ->expected(1, 2);
        command.add_option("--sql", options.sql, say(Text::kExportSql));
        command.add_option("--format", options.format, say(Text::kExportFormat));
        command.add_option("--dataset", options.dataset, say(Text::kExportDataset));
      },
      Export);
}

}  // namespace caudal::app::cli
