#include "api/admin/keys.h"

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/offline.h"
#include "app/cli/table.h"
#include "app/config/load.h"
#include "app/config/units.h"
#include "data/timestamp.h"
#include "http/message.h"
#include "os/file.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string name;
  std::string kind = "token";
  std::string expires;
  std::string out;
  std::string id;
};

// Keys are made while no server runs too: one that needs a key to start couldn't give it.
class Keys {
 public:
  static Result<Keys> Open(const Context& context) {
    Keys keys;
    if (context.url.empty()) {
      const Config config = TRY(LoadValidConfig(context.ConfigFile()));
      if (!ServerRuns(config.data)) {
        keys.data_.emplace(TRY(OpenOffline(config, DataFolder::Missing::kCreate)));
        keys.store_ = TRY(auth::KeyStore::Open(*keys.data_->database, SystemClock(), SystemRandom(),
                                               config.platform.name));
        keys.token_uri_ = config.url() + "/token";
        return keys;
      }
    }
    keys.client_.emplace(TRY(AdminClient::Connect(context)));
    return keys;
  }

  Result<Json> Create(const Options& options, std::optional<Micros> expires) {
    if (store_) {
      const auth::KeyKind kind = TRY(api::ParseKeyKind(options.kind));
      const auth::IssuedKey key = TRY(store_->Create(kind, options.name, expires, token_uri_));
      return api::IssuedKeyJson(key);
    }
    Json body = {{"name", options.name}, {"kind", options.kind}};
    if (expires) body["expires"] = FormatRfc3339(*expires);
    return client_->Post("/api/v1/keys", body);
  }

  Result<Json> List() {
    if (!store_) return client_->Get("/api/v1/keys");
    Json list = Json::array();
    for (const auth::KeyInfo& key : store_->List()) list.push_back(api::KeyJson(key));
    return Json{{"keys", std::move(list)}};
  }

  Result<void> Revoke(const std::string& id) {
    if (store_) return store_->Revoke(id);
    TRY(client_->Delete("/api/v1/keys/" + http::PercentEncode(id)));
    return {};
  }

 private:
  std::optional<AdminClient> client_;
  std::optional<OfflineData> data_;
  std::unique_ptr<auth::KeyStore> store_;
  std::string token_uri_;
};

Result<std::optional<Micros>> ExpiryOf(const std::string& text) {
  if (text.empty()) return std::optional<Micros>();
  if (const auto duration = ParseDuration(text); duration.ok())
    return std::optional<Micros>(SystemClock().Now() + duration->count() * 1000);
  const Result<Micros> time = ParseRfc3339(text);
  if (time.ok()) return std::optional<Micros>(*time);
  return MakeError(ErrorKind::kInvalid,
                   "--expires takes a duration such as 90d or a time such as "
                   "2027-01-31T00:00:00Z, not '" +
                       text + "'",
                   "usage");
}

Result<Json> Issue(const Context& context, const Options& options) {
  const std::optional<Micros> expires = TRY(ExpiryOf(options.expires));
  TRY(api::ParseKeyKind(options.kind));
  if (!options.out.empty() && os::Exists(options.out))
    return MakeError(ErrorKind::kAlreadyExists,
                     options.out + " exists already; name a new file with --out", "usage");
  Keys keys = TRY(Keys::Open(context));
  Json key = TRY(keys.Create(options, expires));
  if (options.out.empty()) return key;
  TRY(os::ReplaceFile(options.out, Cell(key, "secret") + "\n", 0600));
  key.erase("secret");
  key["file"] = options.out;
  return key;
}

int Create(const Context& context, const Options& options) {
  const Result<Json> key = Issue(context, options);
  if (!key.ok()) return context.Fail(key.error());
  if (context.json) {
    context.PrintJson(*key);
  } else if (!options.out.empty()) {
    context.Print(Text::kKeyWritten, Cell(*key, "id"), Cell(*key, "name"), options.out);
  } else {
    const std::string kind = Cell(*key, "kind");
    context.Print(kind == "token"  ? Text::kKeyToken
                  : kind == "hmac" ? Text::kKeyHmac
                                   : Text::kKeyFile,
                  Cell(*key, "id"), Cell(*key, "name"));
    context.PrintLine(Cell(*key, "secret"));
  }
  return kDone;
}

int List(const Context& context, const Options&) {
  Result<Keys> keys = Keys::Open(context);
  if (!keys.ok()) return context.Fail(keys.error());
  const Result<Json> list = keys->List();
  if (!list.ok()) return context.Fail(list.error());
  if (context.json) {
    context.PrintJson(*list);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& key : (*list)["keys"])
    rows.push_back({Cell(key, "id"), Cell(key, "kind"), Cell(key, "name"), Cell(key, "created"),
                    Cell(key, "expires"), Cell(key, "email")});
  PrintTable(context, {"ID", "KIND", "NAME", "CREATED", "EXPIRES", "EMAIL"}, rows);
  return kDone;
}

int Revoke(const Context& context, const Options& options) {
  Result<Keys> keys = Keys::Open(context);
  if (!keys.ok()) return context.Fail(keys.error());
  const Result<void> revoked = keys->Revoke(options.id);
  if (!revoked.ok()) return context.Fail(revoked.error());
  if (context.json) {
    context.PrintJson({{"revoked", options.id}});
  } else {
    context.Print(Text::kKeyRevoked, options.id);
  }
  return kDone;
}

}  // namespace

void AddKeys(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  CLI::App* keys = AddCommand<Options>(commands, commands.app, "keys", Text::kKeys, nullptr, List);
  AddCommand<Options>(
      commands, *keys, "create", Text::kKeysCreate,
      [=](CLI::App& command, Options& options) {
        command.add_option("NAME", options.name, say(Text::kKeyName))->required();
        command.add_option("--kind", options.kind, say(Text::kKeyKindOption))
            ->check(CLI::IsMember({"token", "service-account", "hmac"}));
        command.add_option("--expires", options.expires, say(Text::kKeyExpiresOption));
        command.add_option("--out", options.out, say(Text::kKeyOutOption));
      },
      Create);
  AddCommand<Options>(commands, *keys, "list", Text::kKeysList, nullptr, List);
  AddCommand<Options>(
      commands, *keys, "revoke", Text::kKeysRevoke,
      [=](CLI::App& command, Options& options) {
        command.add_option("ID", options.id, say(Text::kKeyId))->required();
      },
      Revoke);
}

}  // namespace caudal::app::cli
