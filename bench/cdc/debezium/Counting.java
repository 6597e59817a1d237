import io.debezium.embedded.Connect;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.ChangeEventFormat;
import io.debezium.engine.format.Json;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/**
 * Debezium's embedded engine with a sink that only counts. Nothing is set that isn't its default.
 *
 * <p>usage: java Counting --form json|records --mode stream|snapshot --rows N --slot NAME --port N and the like
 *
 * <p>json: events as texts; records: as the connector makes them, not converted to anything. stream: what a slot that is there
 * already has to tell; snapshot: the rows of the table. Ends when so many rows have come, and prints one line of JSON: seconds
 * and CPU seconds since its task was started, the most memory that the process had.
 */
public final class Counting {
  private final long wanted;
  private final CountDownLatch done = new CountDownLatch(1);
  private long rows;
  private volatile long begunAt = System.nanoTime();
  private volatile long cpuBefore;
  private volatile long endedAt;
  private volatile long cpuAfter;

  private Counting(long wanted) {
    this.wanted = wanted;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) options.put(arguments[i].substring(2), arguments[i + 1]);
    Counting counting = new Counting(Long.parseLong(options.get("rows")));
    Properties properties = propertiesOf(options);
    boolean finished =
        options.get("form").equals("json")
            ? counting.run(DebeziumEngine.create(Json.class), ChangeEvent::value, properties)
            : counting.run(DebeziumEngine.create(ChangeEventFormat.of(Connect.class)), event -> event.record().value(), properties);
    // Nothing is left that a clean end would save: the offsets are in memory.
    Runtime.getRuntime().halt(finished ? 0 : 1);
  }

  private static Properties propertiesOf(Map<String, String> options) {
    Properties properties = new Properties();
    properties.setProperty("name", "bench");
    properties.setProperty("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    properties.setProperty("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    properties.setProperty("topic.prefix", "bench");
    properties.setProperty("plugin.name", "pgoutput");
    properties.setProperty("database.hostname", options.get("host"));
    properties.setProperty("database.port", options.get("port"));
    properties.setProperty("database.dbname", options.get("database"));
    properties.setProperty("database.user", options.get("user"));
    properties.setProperty("database.password", "");
    properties.setProperty("table.include.list", options.get("table"));
    properties.setProperty("slot.name", options.get("slot"));
    properties.setProperty("publication.name", options.get("publication"));
    properties.setProperty("publication.autocreate.mode", "disabled");
    properties.setProperty("snapshot.mode", options.get("mode").equals("snapshot") ? "initial_only" : "no_data");
    return properties;
  }

  private <E> boolean run(DebeziumEngine.Builder<E> builder, Function<E, Object> valueOf, Properties properties)
      throws Exception {
    DebeziumEngine<E> engine =
        builder
            .using(properties)
            .using(
                new DebeziumEngine.ConnectorCallback() {
                  @Override
                  public void taskStarted() {
                    cpuBefore = cpuNanos();
                    begunAt = System.nanoTime();
                  }
                })
            .using(
                (succeeded, message, error) -> {
                  if (!succeeded) System.err.println("debezium: " + message + ": " + error);
                  done.countDown();
                })
            .notifying((events, committer) -> take(events, committer, valueOf))
            .build();
    ExecutorService runner = Executors.newSingleThreadExecutor();
    runner.execute(engine);
    done.await();
    if (rows < wanted) {
      System.err.println("debezium: " + rows + " rows of " + wanted);
      return false;
    }
    System.out.printf(
        "{\"rows\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"rss_mib\": %d}%n",
        rows, (endedAt - begunAt) / 1e9, (cpuAfter - cpuBefore) / 1e9, peakMib());
    System.out.flush();
    return true;
  }

  private <E> void take(List<E> events, DebeziumEngine.RecordCommitter<E> committer, Function<E, Object> valueOf)
      throws InterruptedException {
    for (E event : events) {
      if (valueOf.apply(event) != null) ++rows;
      committer.markProcessed(event);
    }
    committer.markBatchFinished();
    if (rows >= wanted && endedAt == 0) {
      endedAt = System.nanoTime();
      cpuAfter = cpuNanos();
      done.countDown();
    }
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static long peakMib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status")))
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
    return 0;
  }
}
