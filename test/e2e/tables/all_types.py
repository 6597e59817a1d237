"""A table with every type: its schema, two rows, and the files that hold them."""
import datetime
import decimal
import uuid

UTC = datetime.timezone.utc
SCHEMA = ("id:long!,b:boolean,i:int,f:float,d:double,m:decimal(38,10),day:date,t:time,ts:timestamp,tz:timestamptz,"
          "s:string,u:uuid,x:binary,tags:list<string>,at:struct<x:double,y:long>,props:map<string,int>")
U = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")
FULL = {
    "id": 9_223_372_036_854_775_807, "b": True, "i": -2_147_483_648, "f": 1.5, "d": 0.1,
    "m": decimal.Decimal("-1234567890123456789012345678.0123456789"), "day": datetime.date(1969, 12, 31),
    "t": datetime.time(23, 59, 59, 999999), "ts": datetime.datetime(2026, 7, 31, 10, 20, 30, 123456),
    "tz": datetime.datetime(2026, 7, 31, 8, 20, 30, 123456, tzinfo=UTC), "s": 'a "q", ñ\nline', "u": U, "x": b"\x00\xff",
    "tags": ["a", None, "c"], "at": {"x": 1.25, "y": -3}, "props": [("k", 1), ("z", None)],
}
NULLS = {name: None for name in FULL} | {"id": 1}


def plain(row):
    """UUIDs as pyiceberg gives them, maps as dictionaries."""
    row = dict(row)
    if isinstance(row["u"], bytes):
        row["u"] = uuid.UUID(bytes=row["u"])
    if row["props"] is not None:
        row["props"] = list(row["props"])
    return row


CSV = ('id,b,i,f,d,m,day,t,ts,tz,s,u,x,tags,at,props\n'
       '9223372036854775807,true,-2147483648,1.5,0.1,-1234567890123456789012345678.0123456789,1969-12-31,23:59:59.999999,'
       '2026-07-31T10:20:30.123456,2026-07-31T10:20:30.123456+02:00,"a ""q"", ñ\nline",550e8400-e29b-41d4-a716-446655440000,'
       'AP8=,"[""a"",null,""c""]","{""x"":1.25,""y"":-3}","{""k"":1,""z"":null}"\n'
       '1,,,,,,,,,,,,,,,\n')
JSON = ('{"id": 9223372036854775807, "b": true, "i": -2147483648, "f": 1.5, "d": 0.1, '
        '"m": "-1234567890123456789012345678.0123456789", "day": "1969-12-31", "t": "23:59:59.999999", '
        '"ts": "2026-07-31T10:20:30.123456", "tz": "2026-07-31T08:20:30.123456Z", "s": "a \\"q\\", ñ\\nline", '
        '"u": "550e8400-e29b-41d4-a716-446655440000", "x": "AP8=", "tags": ["a", null, "c"], "at": {"x": 1.25, "y": -3}, '
        '"props": [["k", 1], ["z", null]]}\n'
        '\n'
        '{"id": 1, "s": null}\n')
