#include "app/messages.h"

#include <cstdlib>

namespace caudal::app {
namespace {

struct Entry {
  Text text;
  std::string_view english;
  std::string_view spanish;
};

constexpr Entry kCatalogue[] = {
    {Text::kProgram, "Caudal: buckets with the Cloud Storage API and events that are never lost.",
     "Caudal: buckets con la API de Cloud Storage y eventos que nunca se pierden."},
    {Text::kFooter,
     "Examples:\n"
     "  caudal init shop && cd shop && caudal up      a new platform in ./shop, running\n"
     "  caudal status                                 what it does\n"
     "  caudal events tail                            events as they happen\n"
     "  caudal keys create etl --out etl.json --kind service-account\n"
     "  caudal backup /mnt/backup/shop                a copy while it runs; again: only what is "
     "new\n"
     "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 server not running,\n"
     "4 check or fsck found something.",
     "Ejemplos:\n"
     "  caudal init tienda && cd tienda && caudal up  una plataforma nueva en ./tienda, en marcha\n"
     "  caudal status                                 qué está haciendo\n"
     "  caudal events tail                            los eventos según ocurren\n"
     "  caudal keys create etl --out etl.json --kind service-account\n"
     "  caudal backup /mnt/copia/tienda               una copia en marcha; otra vez: solo lo "
     "nuevo\n"
     "Códigos de salida: 0 hecho, 1 falló, 2 mal uso o configuración, 3 el servidor no responde,\n"
     "4 check o fsck encontraron algo."},
    {Text::kUsage, "Usage", "Uso"},
    {Text::kOptions, "Options", "Opciones"},
    {Text::kSubcommands, "Commands", "Órdenes"},
    {Text::kHelpOption, "Show this help", "Muestra esta ayuda"},
    {Text::kConfigOption, "The configuration file", "El archivo de configuración"},
    {Text::kJsonOption, "JSON for programs instead of text for people",
     "JSON para programas en lugar de texto para personas"},
    {Text::kUrlOption, "A server elsewhere, instead of the local one",
     "Un servidor remoto, en lugar del local"},
    {Text::kTokenOption, "The token for that server; better in $CAUDAL_TOKEN",
     "El token de ese servidor; mejor en $CAUDAL_TOKEN"},
    {Text::kInit, "Write a commented caudal.yaml into a folder",
     "Escribe un caudal.yaml comentado en una carpeta"},
    {Text::kInitDir, "The folder; made when it doesn't exist", "La carpeta; se crea si no existe"},
    {Text::kCheck, "Find everything that is wrong with the configuration",
     "Encuentra todo lo que está mal en la configuración"},
    {Text::kReferenceOption, "Print the reference of all keys, as Markdown",
     "Imprime la referencia de todas las claves, en Markdown"},
    {Text::kUp, "Run the platform until SIGTERM or Ctrl-C",
     "Pone la plataforma en marcha hasta SIGTERM o Ctrl-C"},
    {Text::kListenOption, "HOST:PORT instead of the configuration's; port 0: any free one",
     "HOST:PUERTO en lugar del configurado; puerto 0: uno libre"},
    {Text::kStatus, "What the running server does", "Qué está haciendo el servidor"},
    {Text::kQuery, "Run SQL over the tables and print the rows",
     "Ejecuta SQL sobre las tablas y muestra las filas"},
    {Text::kQuerySql, "One SELECT; - reads it from standard input",
     "Un SELECT; - lo lee de la entrada estándar"},
    {Text::kQueryFormatOption,
     "table, csv, jsonl, json, arrow or parquet; else a table on a terminal, by the file's name, "
     "or CSV",
     "table, csv, jsonl, json, arrow o parquet; si no, una tabla en el terminal, por el nombre del "
     "archivo, o CSV"},
    {Text::kQueryOutputOption, "A file instead of standard output",
     "Un archivo en lugar de la salida estándar"},
    {Text::kQueryDatasetOption, "The dataset of tables that are named without one",
     "El dataset de las tablas que se nombran sin él"},
    {Text::kQueryParamOption, "name=value for $name in the SQL; name:int=5, :float, :bool, :null",
     "nombre=valor para $nombre en el SQL; nombre:int=5, :float, :bool, :null"},
    {Text::kQueryTimeoutOption, "Seconds after which the query ends",
     "Segundos tras los cuales termina la consulta"},
    {Text::kQueryFooter,
     "Examples:\n"
     "  caudal query \"SELECT country, count(*) FROM shop.orders GROUP BY ALL\"\n"
     "  caudal query \"SELECT * FROM shop.orders WHERE id = $id\" --param id:int=42\n"
     "  caudal query \"FROM shop.orders\" -o orders.parquet\n"
     "  caudal query - --dataset shop --format jsonl < report.sql\n"
     "Ctrl-C cancels the query. Exit code 130: it was cancelled.",
     "Ejemplos:\n"
     "  caudal query \"SELECT country, count(*) FROM shop.orders GROUP BY ALL\"\n"
     "  caudal query \"SELECT * FROM shop.orders WHERE id = $id\" --param id:int=42\n"
     "  caudal query \"FROM shop.orders\" -o orders.parquet\n"
     "  caudal query - --dataset shop --format jsonl < informe.sql\n"
     "Ctrl-C cancela la consulta. Código de salida 130: fue cancelada."},
    {Text::kQueryNoSql, "there is no SQL: give a SELECT, or - to read it from standard input",
     "no hay SQL: escriba un SELECT, o - para leerlo de la entrada estándar"},
    {Text::kQueryBinary,
     "this format is for programs, not for a terminal: give --output FILE, or redirect the output",
     "este formato es para programas, no para un terminal: use --output ARCHIVO, o redirija la "
     "salida"},
    {Text::kQueryRow, "({} row, {})", "({} fila, {})"},
    {Text::kQueryRows, "({} rows, {})", "({} filas, {})"},
    {Text::kEvents, "List events, newest first; or follow them, or see to dead letters",
     "Lista los eventos, los últimos primero; o los sigue, o atiende los no entregados"},
    {Text::kEventsTail, "Print events as they happen", "Imprime los eventos según ocurren"},
    {Text::kEventsDead, "List dead letters: deliveries that were given up",
     "Lista las entregas que se dieron por perdidas"},
    {Text::kEventsReplay, "Deliver dead letters again", "Vuelve a entregar las perdidas"},
    {Text::kEventsDrop, "Forget dead letters", "Olvida las entregas perdidas"},
    {Text::kBucketOption, "Only of this bucket", "Solo de este bucket"},
    {Text::kPrefixOption, "Only objects whose name begins so",
     "Solo objetos cuyo nombre empieza así"},
    {Text::kLimitOption, "At most this many", "Como mucho tantos"},
    {Text::kAfterOption, "Begin after this sequence; 0: with the oldest",
     "Empieza tras esta secuencia; 0: por el más antiguo"},
    {Text::kSubscriberOption, "Only of this subscriber", "Solo de este suscriptor"},
    {Text::kEventOption, "Only the event of this sequence", "Solo el evento de esta secuencia"},
    {Text::kAllOption, "All of them", "Todas"},
    {Text::kFunctions, "List functions; or their runs and logs, run them again, deploy them",
     "Lista las funciones; o sus ejecuciones y registros, las repite, las despliega"},
    {Text::kFunctionsList, "List functions and how they are", "Lista las funciones y cómo están"},
    {Text::kFunctionsRuns, "List runs, newest first", "Lista las ejecuciones, las últimas primero"},
    {Text::kFunctionsLogs, "Show what a run printed", "Muestra lo que imprimió una ejecución"},
    {Text::kFunctionsReplay,
     "Run a function again: for the event of a run, for an event, or for "
     "all its dead letters",
     "Repite una función: para el evento de una ejecución, para un evento, o para todas sus "
     "entregas perdidas"},
    {Text::kFunctionsDeploy,
     "Put a Python or Node function in place again, from its folder as it "
     "is now",
     "Vuelve a desplegar una función Python o Node desde su carpeta tal como está"},
    {Text::kFunctionName, "The function's name", "El nombre de la función"},
    {Text::kFunctionOrRun, "The number of a run; or a function's name, for its newest",
     "El número de una ejecución; o el nombre de una función, para la última"},
    {Text::kRunOption, "The number of a run, or a function's name",
     "El número de una ejecución, o el nombre de una función"},
    {Text::kRunStatusOption, "Only running, succeeded, failed or interrupted ones",
     "Solo las que estén en running, succeeded, failed o interrupted"},
    {Text::kDeadOption, "All dead letters of the function",
     "Todas las entregas perdidas de la función"},
    {Text::kLogs, "Show the end of the log", "Muestra el final del registro"},
    {Text::kFollowOption, "Go on as it grows", "Sigue mientras crece"},
    {Text::kLinesOption, "How many lines", "Cuántas líneas"},
    {Text::kBackup, "Back up the running platform into a folder",
     "Copia de seguridad, en marcha, en una carpeta"},
    {Text::kBackupDir, "The folder; again the same one: only what is new is copied",
     "La carpeta; si es la misma otra vez, solo se copia lo nuevo"},
    {Text::kRestore, "Make a data folder from a backup, checking every byte",
     "Crea una carpeta de datos desde una copia, comprobando cada byte"},
    {Text::kRestoreBackup, "The backup's folder", "La carpeta de la copia"},
    {Text::kDataOption, "The new data folder; must be absent or empty",
     "La nueva carpeta de datos; no debe existir o estar vacía"},
    {Text::kFsck, "Check the metadata and every object's bytes",
     "Comprueba los metadatos y los bytes de cada objeto"},
    {Text::kRepairOption, "Remove files that nothing refers to; the server must be stopped",
     "Quita archivos a los que nada se refiere; con el servidor parado"},
    {Text::kNoChecksumsOption, "Don't read the bytes: sizes only",
     "No lee los bytes: solo tamaños"},
    {Text::kKeys, "Issue, list and revoke keys", "Emite, lista y revoca claves"},
    {Text::kKeysCreate, "Issue a key; its secret is shown this once",
     "Emite una clave; su secreto se muestra esta única vez"},
    {Text::kKeysList, "List keys", "Lista las claves"},
    {Text::kKeysRevoke, "Revoke a key at once", "Revoca una clave al momento"},
    {Text::kKeyName, "A name that says who uses it", "Un nombre que dice quién la usa"},
    {Text::kKeyKindOption, "token, service-account (a JSON key file) or hmac",
     "token, service-account (un archivo JSON) o hmac"},
    {Text::kKeyExpiresOption, "When it ends: a duration (90d) or a time (2027-01-31T00:00:00Z)",
     "Cuándo caduca: una duración (90d) o un momento (2027-01-31T00:00:00Z)"},
    {Text::kKeyOutOption, "Write the secret to this new file, readable by you only",
     "Escribe el secreto en este archivo nuevo, que solo usted puede leer"},
    {Text::kKeyId, "The key's id, from `caudal keys list`",
     "El id de la clave, según `caudal keys list`"},
    {Text::kReload, "Apply the changed configuration, and say what needs a restart",
     "Aplica la configuración cambiada y dice qué necesita un reinicio"},
    {Text::kVersion, "Print the version", "Imprime la versión"},
    {Text::kError, "error: {}", "error: {}"},
    {Text::kReady, "caudal is ready at {}", "caudal está listo en {}"},
    {Text::kInitDone, "wrote {}; start it with: caudal up --config {}",
     "escrito {}; póngalo en marcha con: caudal up --config {}"},
    {Text::kInitExists, "{} exists already and was left as it is",
     "{} ya existe y se ha dejado como está"},
    {Text::kCheckFine, "{} is fine", "{} está bien"},
    {Text::kCheckProblems, "{} problems", "{} problemas"},
    {Text::kNotRunning, "no server runs for {}; start it with `caudal up`",
     "no hay servidor en marcha para {}; arránquelo con `caudal up`"},
    {Text::kUnreachable, "the server at {} doesn't answer ({})",
     "el servidor en {} no responde ({})"},
    {Text::kNothing, "nothing", "nada"},
    {Text::kReloadNothing, "nothing has changed", "no ha cambiado nada"},
    {Text::kReloadApplied, "applied: {}", "aplicado: {}"},
    {Text::kReloadRestart, "needs a restart: {}", "necesita un reinicio: {}"},
    {Text::kReloadBuckets, "buckets made: {}", "buckets creados: {}"},
    {Text::kReplayed, "{} dead letters are due again", "{} entregas perdidas vuelven a intentarse"},
    {Text::kDropped, "{} dead letters dropped", "{} entregas perdidas olvidadas"},
    {Text::kWhichDeadLetters, "say which: --subscriber NAME, --event SEQUENCE or --all",
     "diga cuáles: --subscriber NOMBRE, --event SECUENCIA o --all"},
    {Text::kBackupDone, "{} files, {} in {}; copied now: {} files, {}",
     "{} archivos, {} en {}; copiados ahora: {} archivos, {}"},
    {Text::kRestoreDone, "{} files, {} restored into {}", "{} archivos, {} restaurados en {}"},
    {Text::kFsckSound, "sound: {} objects, {}", "todo bien: {} objetos, {}"},
    {Text::kFsckDamage, "damage: {}", "daño: {}"},
    {Text::kFsckTidy, "untidy: {}", "desorden: {}"},
    {Text::kRepaired, "(repaired)", "(reparado)"},
    {Text::kKeyToken,
     "token {} for {}, shown this once:", "token {} para {}, se muestra esta única vez:"},
    {Text::kKeyHmac, "access id {} for {}; its secret, shown this once:",
     "id de acceso {} para {}; su secreto, se muestra esta única vez:"},
    {Text::kKeyFile, "key file of {} for {}, shown this once:",
     "archivo de clave de {} para {}, se muestra esta única vez:"},
    {Text::kKeyWritten, "key {} for {}: its secret is in {}",
     "clave {} para {}: su secreto está en {}"},
    {Text::kKeyRevoked, "{} is revoked", "{} queda revocada"},
    {Text::kStatusLine, "caudal {} ({}) at {}: {}, up {}, process {}",
     "caudal {} ({}) en {}: {}, en marcha {}, proceso {}"},
    {Text::kStatusBuckets, "storage: {} buckets, {} objects, {}; {} unfinished uploads",
     "almacén: {} buckets, {} objetos, {}; {} subidas sin terminar"},
    {Text::kStatusEvents, "events:  {} so far", "eventos: {} hasta ahora"},
    {Text::kStatusHttp, "http:    {} requests, {} failed by us, {} connections",
     "http:    {} peticiones, {} con fallo nuestro, {} conexiones"},
    {Text::kStatusFunctions, "functions: {}, {} ready", "funciones: {}, {} listas"},
    {Text::kStatusDiskFull, "the disk is full: uploads are refused until there is room",
     "el disco está lleno: no se admiten subidas hasta que haya sitio"},
    {Text::kFunctionReplayed, "{} events are due again", "{} eventos vuelven a ejecutarse"},
    {Text::kWhichReplay,
     "say what: a run's number, or a function's name with --event SEQUENCE or --dead",
     "diga qué: el número de una ejecución, o el nombre de una función con --event SECUENCIA o "
     "--dead"},
    {Text::kFunctionDeployed, "{} is {}", "{} está {}"},
    {Text::kFunctionNoRuns, "{} has no runs yet", "{} aún no tiene ejecuciones"},
    {Text::kFunctionNoOutput, "run {} printed nothing", "la ejecución {} no imprimió nada"},
    {Text::kLoad, "Load files into a table: CSV, JSON lines, Parquet, Avro",
     "Carga archivos en una tabla: CSV, JSON por líneas, Parquet, Avro"},
    {Text::kLoadTable, "DATASET.TABLE; made when it doesn't exist",
     "CONJUNTO.TABLA; se crea si no existe"},
    {Text::kLoadSources, "A local file, or gs:// URIs with * and ** allowed in the name",
     "Un archivo local, o URI gs://, con * y ** en el nombre"},
    {Text::kLoadFormat, "csv, jsonl, parquet or avro; else by the name",
     "csv, jsonl, parquet o avro; si no, según el nombre"},
    {Text::kLoadSchema,
     "Columns of a new table: id:long!,name:string,price:decimal(9,2); or a file with them",
     "Columnas de una tabla nueva: id:long!,name:string,price:decimal(9,2); o un archivo con "
     "ellas"},
    {Text::kLoadKey, "Columns that identify a row of a new table",
     "Columnas que identifican una fila de una tabla nueva"},
    {Text::kLoadMode, "append (default), replace, upsert, or delete (the file holds keys)",
     "append (por defecto), replace, upsert, o delete (el archivo contiene claves)"},
    {Text::kLoadAppend, "Add the rows", "Añade las filas"},
    {Text::kLoadReplace, "The file's rows become the table's only ones",
     "Las filas del archivo pasan a ser las únicas de la tabla"},
    {Text::kLoadAddColumns, "Add columns that the file has and the table lacks",
     "Añade las columnas que tiene el archivo y le faltan a la tabla"},
    {Text::kLoadBadRows, "So many bad rows may be left out (0)",
     "Cuántas filas malas se pueden omitir (0)"},
    {Text::kLoadDelimiter, "What separates columns of CSV (,)",
     "Lo que separa las columnas en CSV (,)"},
    {Text::kLoadNoHeader, "The first line of CSV is a row", "La primera línea del CSV es una fila"},
    {Text::kLoadNull, "The unquoted text of CSV that is no value",
     "El texto sin comillas del CSV que no es ningún valor"},
    {Text::kLoadCompression, "none, gzip or zstd; else by the name",
     "none, gzip o zstd; si no, según el nombre"},
    {Text::kLoadDone, "{}: {} rows read, {} added, {} deleted; snapshot {}",
     "{}: {} filas leídas, {} añadidas, {} borradas; instantánea {}"},
    {Text::kLoadLeftOut, "{} bad rows were left out", "se han omitido {} filas malas"},
    {Text::kLoadRunning, "{} rows", "{} filas"},
    {Text::kLoadOneFile, "give one local file, or gs:// URIs",
     "indique un archivo local, o URI gs://"},
    {Text::kTables, "List tables", "Lista las tablas"},
    {Text::kTablesDataset, "Only those of this dataset", "Solo las de este conjunto"},
    {Text::kTable, "Look at a table, and change its state", "Muestra una tabla y cambia su estado"},
    {Text::kTableShow, "Columns, partitioning, size", "Columnas, particiones, tamaño"},
    {Text::kTableHistory, "Snapshots, newest first",
     "Instantáneas, de la más nueva a la más vieja"},
    {Text::kTableFiles, "Files of the current snapshot", "Archivos de la instantánea actual"},
    {Text::kTableRollback, "Put a table back to an older snapshot",
     "Devuelve una tabla a una instantánea anterior"},
    {Text::kTableName, "DATASET.TABLE", "CONJUNTO.TABLA"},
    {Text::kTableTo, "The snapshot's id", "El identificador de la instantánea"},
    {Text::kTableTimestamp, "The table as it was then: 2026-11-24T12:00:00Z",
     "La tabla como era entonces: 2026-11-24T12:00:00Z"},
    {Text::kTableRef, "A tag or branch", "Una etiqueta o rama"},
    {Text::kTableRolledBack, "{} is at snapshot {} again", "{} está otra vez en la instantánea {}"},
    {Text::kWhichSnapshot, "say which: SNAPSHOT, --timestamp or --ref, one of them",
     "diga cuál: INSTANTÁNEA, --timestamp o --ref, uno de ellos"},
    {Text::kTableSummary, "{}: {} rows, {} files, {} bytes, snapshot {}",
     "{}: {} filas, {} archivos, {} bytes, instantánea {}"},
    {Text::kTableAt, "at {}", "en {}"},
    {Text::kTableKey, "key: {}", "clave: {}"},
    {Text::kTablePartitions, "partitioned by {}", "particionada por {}"},
    {Text::kTableOrder, "sorted by {}", "ordenada por {}"},
    {Text::kExport,
     "Write a table or a query's rows to a file or object: CSV, JSON lines, Parquet, Arrow",
     "Escribe una tabla o las filas de una consulta en un archivo u objeto: CSV, JSON por líneas, "
     "Parquet, Arrow"},
    {Text::kExportWhat,
     "DATASET.TABLE, then where to: a file or gs://bucket/name; with --sql only where to",
     "CONJUNTO.TABLA y el destino: un archivo o gs://bucket/nombre; con --sql, solo el destino"},
    {Text::kExportSql, "The rows of this query instead of a table's",
     "Las filas de esta consulta en vez de las de una tabla"},
    {Text::kExportFormat, "csv, jsonl, parquet or arrow; else by the name",
     "csv, jsonl, parquet o arrow; si no, según el nombre"},
    {Text::kExportDataset, "Where tables without a dataset are looked for",
     "Dónde se buscan las tablas sin conjunto"},
    {Text::kExportUsage, "say what and where to: DATASET.TABLE FILE, or --sql SQL FILE",
     "diga qué y adónde: CONJUNTO.TABLA ARCHIVO, o --sql SQL ARCHIVO"},
    {Text::kExportDone, "{}: {} bytes", "{}: {} bytes"},
    {Text::kTableCompact, "Merge small files and apply deletes, as far as it is worth it",
     "Une archivos pequeños y aplica los borrados, en lo que merezca la pena"},
    {Text::kTableEverything, "All of them, worth it or not", "Todos, merezca la pena o no"},
    {Text::kTableCompacted, "{}: {} data files and {} delete files became {}",
     "{}: {} archivos de datos y {} de borrados han pasado a ser {}"},
    {Text::kSources, "List the databases that changes are to come from",
     "Lista las bases de datos de las que han de venir cambios"},
    {Text::kSourcesCheck, "Tell what stands in the way of a source, and the SQL that helps",
     "Dice qué le falta a una fuente, y el SQL que lo arregla"},
    {Text::kSourceName, "Its name in the configuration; else all of them",
     "Su nombre en la configuración; si no, todas"},
    {Text::kSourceNone, "the configuration has no sources", "la configuración no tiene fuentes"},
    {Text::kSourceCause, "       why: {}", "       por qué: {}"},
    {Text::kSourceRemedy, "       do:  {}", "       qué hacer: {}"},
    {Text::kSourceFine, "{}: {} is ready, {} tables", "{}: {} está lista, {} tablas"},
    {Text::kSourceNotReady, "{}: {} is not ready", "{}: {} no está lista"},
    {Text::kSourceOne, "Its name in the configuration", "Su nombre en la configuración"},
    {Text::kSourcesShow, "Show how a source goes, table by table",
     "Muestra cómo va una fuente, tabla por tabla"},
    {Text::kSourceState, "{}: {} is {}; visible up to {}, {} behind ({} of its log; {} are kept)",
     "{}: {} está en {}; visible hasta {}, con {} de retraso ({} de su registro; se guardan {})"},
    {Text::kSourcesRestart, "Try again now, after the cause of an error was mended",
     "Vuelve a intentarlo ya, tras arreglar la causa de un error"},
    {Text::kSourceRestarted, "{} tries again", "{} vuelve a intentarlo"},
    {Text::kSourcesReadAnew, "Read tables of a source anew, in place of their rows here",
     "Vuelve a leer tablas de una fuente, en lugar de sus filas de aquí"},
    {Text::kSourceReadAnew, "{}: the tables are read anew; see `caudal sources show`",
     "{}: las tablas se vuelven a leer; véase `caudal sources show`"},
    {Text::kSourceTables, "Tables as `caudal sources show` names them: public.payments",
     "Tablas como las nombra `caudal sources show`: public.payments"},
    {Text::kSourceAll,
     "All of them, from a new replication slot: after the old one, or the log, was lost",
     "Todas, desde un nuevo slot de replicación: tras perder el anterior, o el registro"},
    {Text::kVerify, "Compare a source with its tables here, row by row at one position",
     "Compara una fuente con sus tablas de aquí, fila por fila en una misma posición"},
    {Text::kVerifyRepair, "Read the rows that differ anew from the source",
     "Vuelve a leer de la fuente las filas que difieren"},
    {Text::kVerifyProgress, "{}: {} of about {} rows; {} of {} tables done",
     "{}: {} de unas {} filas; {} de {} tablas hechas"},
    {Text::kVerifyEqual, "{}: equal, {} rows", "{}: iguales, {} filas"},
    {Text::kVerifyDifferent,
     "{}: different: {} rows in the source, {} here; {} missing, {} extra, {} changed",
     "{}: distintas: {} filas en la fuente, {} aquí; {} faltan, {} sobran, {} cambiadas"},
    {Text::kVerifyNotCompared, "{}: not compared: {}", "{}: no se ha comparado: {}"},
    {Text::kVerifyMissing, "  missing here: {}", "  falta aquí: {}"},
    {Text::kVerifyExtra, "  not in the source: {}", "  no está en la fuente: {}"},
    {Text::kVerifyChanged, "  differs: {}", "  difiere: {}"},
    {Text::kVerifyColumn, "      {}: {} in the source, {} here",
     "      {}: {} en la fuente, {} aquí"},
    {Text::kVerifyMore, "  there are at least so many; more weren't looked for",
     "  hay al menos esas; no se han buscado más"},
    {Text::kVerifyRepaired, "  put right: {} rows read anew, {} removed",
     "  arregladas: {} filas leídas de nuevo, {} borradas"},
    {Text::kVerifyNotRepaired, "  not repaired: {}", "  no se han arreglado: {}"},
    {Text::kVerifyAllEqual, "{}: equal at {}", "{}: iguales en {}"},
    {Text::kVerifySomeDiffer, "{}: compared at {}; see above", "{}: comparada en {}; véase arriba"},
    {Text::kVerifyQuarantined, "  {} changes couldn't be applied, and are in {}",
     "  {} cambios no se han podido aplicar, y están en {}"},
    {Text::kRebuild, "Make a source's table here anew from its history alone",
     "Rehace una tabla de una fuente aquí a partir solo de su historial"},
    {Text::kRebuildTable, "Table: raw_shop.payments", "Tabla: raw_shop.payments"},
    {Text::kRebuildProgress, "{}: {} changes replayed, {} left",
     "{}: {} cambios aplicados, quedan {}"},
    {Text::kRebuildDone, "{}: rebuilt from {} changes: {} rows, up to {}",
     "{}: rehecha a partir de {} cambios: {} filas, hasta {}"},
};

static_assert(std::size(kCatalogue) == static_cast<size_t>(Text::kCount));

constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kCatalogue); ++i)
    if (kCatalogue[i].text != static_cast<Text>(i)) return false;
  return true;
}
static_assert(InOrder(), "the catalogue stands in the order of the enum");

}  // namespace

Language LanguageOfEnvironment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view text(value);
    const bool spanish = text == "es" || text.starts_with("es_") || text.starts_with("es.");
    return spanish ? Language::kSpanish : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string_view TextOf(Text text, Language language) {
  const Entry& entry = kCatalogue[static_cast<size_t>(text)];
  return language == Language::kSpanish ? entry.spanish : entry.english;
}

}  // namespace caudal::app
