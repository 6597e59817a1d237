#include <filesystem>

#include "app/cli/commands.h"
#include "os/file.h"

namespace caudal::app::cli {
namespace {

constexpr std::string_view kEnglish =
    R"(# Caudal's configuration. `caudal check` finds what is wrong with it; docs/configuration.md
# lists every key. Lines that begin with # show defaults or examples.

platform:
  name: caudal            # project id in the APIs

data: ./data              # everything is kept here

server:
  listen: 127.0.0.1:8080  # off loopback a key must exist first: caudal keys create NAME
#  public_url: https://data.example.com   # when a proxy stands in front

#auth:
#  required: auto          # auto: not on loopback; always; never

#storage:
#  disk_reserve: 256MiB    # uploads stop when less is free
#  soft_delete: 7d         # how long deleted objects can be restored; 0: off

# Buckets made at start when they don't exist.
buckets:
  raw: {}
#  landing:
#    versioning: true
#    labels: {team: sales}
#    lifecycle:
#      - {action: {type: Delete}, condition: {age: 30}}

#events:
#  subscribers:
#    - name: etl
#      bucket: raw
#      glob: "**.csv"
#      types: [finalized]
#      webhook: http://127.0.0.1:9000/
#      secret: ${ETL_SECRET}      # or secret_file: ./etl.secret
#      retry: {first: 10s, max: 10m, window: 1d}

#log:
#  level: info
)";

constexpr std::string_view kSpanish =
    R"(# Configuración de Caudal. `caudal check` encuentra lo que está mal; docs/configuration.md
# describe cada clave. Las líneas que empiezan por # muestran valores por omisión o ejemplos.

platform:
  name: caudal            # id de proyecto en las API

data: ./data              # aquí se guarda todo

server:
  listen: 127.0.0.1:8080  # fuera de loopback antes debe haber una clave: caudal keys create NOMBRE
#  public_url: https://datos.example.com  # si hay un proxy delante

#auth:
#  required: auto          # auto: no en loopback; always: siempre; never: nunca

#storage:
#  disk_reserve: 256MiB    # con menos sitio libre no se admiten subidas
#  soft_delete: 7d         # cuánto tiempo se puede recuperar lo borrado; 0: nada

# Buckets que se crean al arrancar si no existen.
buckets:
  raw: {}
#  landing:
#    versioning: true
#    labels: {equipo: ventas}
#    lifecycle:
#      - {action: {type: Delete}, condition: {age: 30}}

#events:
#  subscribers:
#    - name: etl
#      bucket: raw
#      glob: "**.csv"
#      types: [finalized]
#      webhook: http://127.0.0.1:9000/
#      secret: ${ETL_SECRET}      # o bien secret_file: ./etl.secret
#      retry: {first: 10s, max: 10m, window: 1d}

#log:
#  level: info
)";

Result<std::string> WriteTemplate(const Context& context, const std::string& folder) {
  std::error_code ignored;
  const std::string path =
      (std::filesystem::absolute(folder, ignored) / "caudal.yaml").lexically_normal().string();
  if (os::Exists(path))
    return MakeError(ErrorKind::kAlreadyExists, Say(context.language, Text::kInitExists, path),
                     "config.exists");
  TRY(os::MakeDirs(std::filesystem::path(path).parent_path().string()));
  TRY(os::ReplaceFile(path, context.language == Language::kSpanish ? kSpanish : kEnglish));
  return path;
}

int Init(const Context& context, const std::string& folder) {
  const Result<std::string> path = WriteTemplate(context, folder);
  if (!path.ok()) return context.Fail(path.error());
  if (context.json) {
    context.PrintJson({{"config", *path}});
  } else {
    context.Print(Text::kInitDone, *path, *path);
  }
  return kDone;
}

}  // namespace

void AddInit(Commands& commands) {
  AddCommand<std::string>(
      commands, commands.app, "init", Text::kInit,
      [&](CLI::App& command, std::string& folder) {
        command
            .add_option("DIR", folder,
                        std::string(TextOf(Text::kInitDir, commands.context.language)))
            ->required();
      },
      Init);
}

}  // namespace caudal::app::cli
