"""The rows of a table written by bare DuckDB: COPY, and the sync that it leaves out."""
import os
import pathlib
import time

import duckdb


def measure(files, folder):
    """Seconds to write the rows of the Parquet files, which are in memory before."""
    connection = duckdb.connect()
    paths = [str(path) for path in sorted(pathlib.Path(files).glob("*.parquet"))]
    connection.execute("CREATE TABLE rows AS FROM read_parquet($1)", [paths])
    target = pathlib.Path(folder) / "copied.parquet"
    begin = time.monotonic()
    connection.execute(f"COPY rows TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    with open(target, "rb+") as file:
        os.fsync(file.fileno())
    seconds = time.monotonic() - begin
    target.unlink()
    connection.close()
    return seconds
