"""The rows that queries of this folder are about: with nulls, duplicates, numbers at the edges of their types, odd texts and times.

They are here once, as Python's values, and go from here to Cassandra, to Parquet files and to DuckDB. No number of `t.x`, `t.f` and
`u.x` has a sum that depends on the order of the addition: all are multiples of 1/8. What NaN, infinities and 1E300 do is seen in `t.y`.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Kind:
    """A type: in CQL, in DuckDB, and what the generator of queries calls it."""
    cql: str
    duckdb: str
    sort: str


# All whole numbers have 64 bits in a query, so those of DuckDB have them from the start.
INT = Kind("int", "BIGINT", "int")
BIGINT = Kind("bigint", "BIGINT", "int")
SMALLINT = Kind("smallint", "BIGINT", "int")
DOUBLE = Kind("double", "DOUBLE", "double")
FLOAT = Kind("float", "FLOAT", "double")
CENTS = Kind("decimal", "DECIMAL(12, 2)", "decimal")
MILLS = Kind("decimal", "DECIMAL(10, 3)", "decimal")
TEXT = Kind("text", "VARCHAR", "text")
BOOLEAN = Kind("boolean", "BOOLEAN", "bool")
TIMESTAMP = Kind("timestamp", "TIMESTAMP", "timestamp")
DATE = Kind("date", "DATE", "date")
TEXTS = Kind("list<text>", "VARCHAR[]", "list")


@dataclass(frozen=True)
class Table:
    """A table. Its first column tells its rows apart."""
    name: str
    columns: dict
    rows: list


def _at(text: str):
    return None if text is None else dt.datetime.fromisoformat(text)


def _t():
    groups = ["a", "a", "b", None, "c", "b", "a", "d"]
    ints = [10, 10, None, -7, 7, 2_000_000_000, 2_147_483_647, -2_147_483_648, 0, 1, 2_000_000_000, 3]
    bigints = [9_007_199_254_740_993, 5, None, -3, 5, 9_223_372_036_854_775_807, 0, -9_223_372_036_854_775_808, 9_007_199_254_740_992, 12]
    smalls = [100, -100, None, 32_767, 1, 2, 3, 2, -32_768]
    doubles = [1.5, None, -2.25, 1.5, 0.0, 3.0, 2.5, -0.5, 1024.125]
    odd = [NAN, INF, -INF, 0.1, 1e300, None, -0.0, 0.0, -2.5, 0.1, NAN]
    floats = [0.5, 1.25, None, -0.125, 3.0]
    decimals = [Decimal(d) if d else None for d in ("1.1", "2.25", None, "-0.50", "10", "1.10", "0.05", "999999999.99", "-999999999.99", "0")]
    mills = [Decimal(d) if d else None for d in ("1.100", "3", None, "10.001", "-0.5", "2.250", "0.005")]
    texts = ["x", "X", "a%b", "a_b", None, "", "l1\nl2", "it's", '"q"', "back\\slash", "grün 漢字 🙂", "''", "10", "9", " x ", "a\\%b", "-- x", "/* x"]
    booleans = [True, False, None, True, None, False, True]
    times = ["2024-01-31 23:59:59.250", "2024-02-29", None, "1969-12-31 23:00:00", "2024-02-29", "2024-12-30 05:06:07", "2023-01-01 12:30:00.001",
             "2000-01-01", "2024-01-31 23:59:59.251"]
    days = ["2024-01-31", "2024-02-29", None, "1969-12-31", "2024-02-29", "2024-12-30", "2023-01-01", "1900-03-01"]
    lists = (groups, ints, bigints, smalls, doubles, odd, floats, decimals, mills, texts, booleans)
    rows = []
    for i in range(36):
        row = [i + 1] + [of[i % len(of)] for of in lists]
        day = days[i % len(days)]
        rows.append(row + [_at(times[i % len(times)]), day and dt.date.fromisoformat(day)])
    return rows


def _u():
    # Keys that are not in `t`, or there more than once, and nulls.
    keys = [1, 2, 2, 7, None, 40, 3, 36, 10, 10, 11, None, 41]
    groups = ["a", "b", None, "c", "b", "z"]
    ints = [1, 2, 3, None, 10, 7, -7, 2]
    decimals = [Decimal(d) if d else None for d in ("1.100", "3.000", None, "10.000", "2.250", "0.001")]
    doubles = [1.5, None, 0.0, -2.25, 8.125]
    texts = ["x", None, "it's", "back\\slash", "", "a%b", "10"]
    booleans = [None, True, False, False]
    days = ["2024-01-31", None, "2024-02-29", "2023-01-01", "2025-07-04"]
    rows = []
    for i in range(20):
        day = days[i % len(days)]
        rows.append([100 + i, keys[i % len(keys)]] + [of[i % len(of)] for of in (groups, ints, decimals, doubles, texts, booleans)]
                    + [day and dt.date.fromisoformat(day)])
    return rows


TABLES = [
    Table("t", {"id": INT, "g": TEXT, "n": INT, "b": BIGINT, "s": SMALLINT, "x": DOUBLE, "y": DOUBLE, "f": FLOAT, "d": CENTS, "m": MILLS, "w": TEXT,
                "o": BOOLEAN, "ts": TIMESTAMP, "day": DATE}, _t()),
    Table("u", {"uid": INT, "id": INT, "g": TEXT, "n": INT, "d": MILLS, "x": DOUBLE, "w": TEXT, "o": BOOLEAN, "day": DATE}, _u()),
    Table("v", {"vid": INT, "g": TEXT, "n": BIGINT, "d": CENTS}, []),
    # What the named cases are about: sales, and what was returned of them.
    Table("sales", {"id": INT, "c": TEXT, "amount": CENTS, "n": INT, "x": DOUBLE, "paid": BOOLEAN, "day": DATE, "ts": TIMESTAMP,
                    "tags": TEXTS},
          [[1, "a", Decimal("5.00"), 2_000_000_000, 1.0, True, dt.date(2024, 1, 31), _at("2024-01-31 08:00"), ["new", "it's"]],
           [2, "a", Decimal("12.50"), 2_000_000_000, 2.0, False, dt.date(2024, 2, 1), _at("2024-02-01 09:30"), None],
           [3, "b", Decimal("100.00"), 2_000_000_000, 4.0, None, dt.date(2024, 2, 1), _at("2024-02-01 10:00"), ["old"]],
           [4, "b", Decimal("12.50"), 5, None, True, None, None, None],
           [5, "b", None, -5, 8.0, False, dt.date(2025, 1, 1), _at("2025-01-01 00:00"), ["new", "new"]],
           [6, None, Decimal("0.10"), None, 16.0, None, dt.date(2025, 1, 1), _at("2025-01-01 23:59:59.999"), None]]),
    Table("returns", {"id": INT, "amount": CENTS, "why": TEXT},
          [[1, Decimal("1.00"), "it's late"], [3, Decimal("100.00"), "c:\\tmp"], [3, None, None], [9, Decimal("7.00"), ""]]),
]


def literal(value, kind: Kind) -> str:
    """A value as CQL has it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value), repr(value))
        case list():
            return f"[{', '.join(literal(part, TEXT) for part in value)}]"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case dt.datetime():
            return f"'{value.isoformat(sep=' ', timespec='milliseconds')}+0000'"
        case dt.date():
            return f"'{value.isoformat()}'"
    return str(value)


def statements(table: Table):
    """What makes the table in Cassandra, and fills it."""
    columns = ", ".join(f"{name} {kind.cql}" for name, kind in table.columns.items())
    yield f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({next(iter(table.columns))}))"
    for row in table.rows:
        held = [(name, literal(value, kind)) for (name, kind), value in zip(table.columns.items(), row) if value is not None]
        yield f"INSERT INTO {table.name} ({', '.join(name for name, _ in held)}) VALUES ({', '.join(text for _, text in held)})"


def keyed(table: Table) -> Table:
    """The table with a key that Cassandra takes: `returns` has a key twice."""
    if table.name != "returns":
        return table
    return Table(table.name, {"line": INT, **table.columns}, [[number, *row] for number, row in enumerate(table.rows)])


def into_duckdb(database):
    for table in map(keyed, TABLES):
        columns = ", ".join(f"{name} {kind.duckdb}" for name, kind in table.columns.items())
        database.execute(f"CREATE TABLE {table.name} ({columns})")
        if table.rows:
            database.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})", table.rows)


def into_parquet(folder: Path):
    """A file for each table, called as it."""
    import pyarrow
    import pyarrow.parquet

    types = {"int": pyarrow.int32(), "bigint": pyarrow.int64(), "smallint": pyarrow.int16(), "double": pyarrow.float64(),
             "float": pyarrow.float32(), "text": pyarrow.string(), "boolean": pyarrow.bool_(), "date": pyarrow.date32(),
             "timestamp": pyarrow.timestamp("ms", "UTC"), "list<text>": pyarrow.list_(pyarrow.string())}
    scales = {CENTS: pyarrow.decimal128(12, 2), MILLS: pyarrow.decimal128(10, 3)}
    for table in map(keyed, TABLES):
        arrays = {}
        for place, (name, kind) in enumerate(table.columns.items()):
            values = [row[place] for row in table.rows]
            if kind in scales:
                places = Decimal(1).scaleb(-scales[kind].scale)
                values = [value if value is None else value.quantize(places) for value in values]
            arrays[name] = pyarrow.array(values, scales.get(kind) or types[kind.cql])
        pyarrow.parquet.write_table(pyarrow.table(arrays), folder / f"{table.name}.parquet")
