"""A native subscription to the source: the same tables in another database of its server."""
import time

import source


def subscribe(postgres, tables):
    """Returns when it follows. `tables` are made there, empty."""
    postgres.sql("CREATE DATABASE native")
    postgres.sql(tables, "native")
    postgres.add_slot("native")
    postgres.sql(f"CREATE SUBSCRIPTION native CONNECTION 'host=127.0.0.1 port={postgres.port} dbname=bench user=postgres' PUBLICATION bench "
                 "WITH (create_slot = false, slot_name = 'native')", "native")
    deadline = time.monotonic() + 1800
    while postgres.sql("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'", "native")[0][0] != "0":
        if time.monotonic() > deadline:
            raise RuntimeError("the native subscription wasn't ready after half an hour")
        time.sleep(0.2)
