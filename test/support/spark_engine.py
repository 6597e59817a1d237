"""A Spark in local mode, one for the whole run: it takes long to start, and much memory."""
import datetime
import itertools
import os
import pathlib
import sys

CACHE = pathlib.Path(os.environ.get("CAUDAL_CACHE") or pathlib.Path.home() / ".cache/caudal")
JAVA = pathlib.Path("/usr/lib/jvm/java-17-openjdk-amd64")
# The compiler that optimises more would take longer than these tests run.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss2m"


class SparkError(Exception):
    """What Spark said about a statement."""


class SparkEngine:
    """`folder` is for what it writes beside tables."""

    def __init__(self, folder):
        sys.path.append(str(next(CACHE.joinpath("spark/lib").glob("python3*/site-packages"))))
        os.environ.update(JAVA_HOME=str(JAVA), SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_DIRS=str(folder))
        os.environ.pop("SPARK_HOME", None)
        from pyspark.sql import SparkSession
        jars = ":".join(str(jar) for jar in sorted(CACHE.joinpath("spark-jars").glob("*.jar")))
        options = {
            "spark.driver.memory": "800m", "spark.driver.extraClassPath": jars, "spark.driver.extraJavaOptions": JAVA_OPTIONS,
            "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": str(folder), "spark.sql.adaptive.enabled": "false",
            # A machine that is busy for two minutes would be taken for a dead one, for good.
            "spark.network.timeout": "1h", "spark.executor.heartbeatInterval": "60s",
            # Compiling every query takes longer than it saves here.
            "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }
        builder = SparkSession.builder.master("local[2]").appName("caudal")
        for name, value in options.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self._numbers = itertools.count(1)

    def catalog(self, url, **properties):
        """The name of a new catalogue in Spark, which knows no more than the URL (and `properties`)."""
        name = f"caudal{next(self._numbers)}"
        self.session.conf.set(f"spark.sql.catalog.{name}", "org.apache.iceberg.spark.SparkCatalog")
        for key, value in {"type": "rest", "uri": f"{url}/iceberg", **properties}.items():
            self.session.conf.set(f"spark.sql.catalog.{name}.{key}", value)
        return name

    def sql(self, text):
        """Rows as tuples."""
        try:
            return [tuple(row) for row in self.session.sql(text).collect()]
        except Exception as error:
            # What is said, without hundreds of frames.
            lines = [line for line in str(error).splitlines() if not line.lstrip().startswith(("at ", "..."))]
            raise SparkError("\n".join([text[:1000], *lines])) from None

    def remove_orphan_files(self, table, older_than):
        """Files below the table's location that nothing leads to; which they were."""
        java, jvm = self.session._jsparkSession, self.session._jvm.org.apache.iceberg.spark
        action = jvm.actions.SparkActions.get(java).deleteOrphanFiles(jvm.Spark3Util.loadIcebergTable(java, table))
        milliseconds = int(datetime.datetime.fromisoformat(older_than).timestamp() * 1000)
        return list(action.usePrefixListing(True).olderThan(milliseconds).execute().orphanFileLocations())

    def stop(self):
        self.session.stop()
