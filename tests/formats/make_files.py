"""Makes files as other programs write them, for `%import` to load.

Usage: python make_files.py FOLDER

Writes `made.parquet`, `made.arrow` and `made.feather` by pyarrow, with types that our own exports never have (dictionaries,
narrow and unsigned integers, decimals of fixed scale, seconds and microseconds, large strings), and `pandas.parquet` by pandas;
`loose.*` with values of a wider type than their columns', `dictionary.feather` with a long column of a dictionary, `gzip.parquet`.
"""

import datetime
import decimal
import pathlib
import sys
import uuid

import pandas
import pyarrow
import pyarrow.feather
import pyarrow.parquet

DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, tzinfo=datetime.timezone.utc)
CLOCK = ((8 * 60 + 12) * 60 + 54) * 10**9 + 123_456_789


def table():
    """Two rows: one of values, one of nulls and an empty text."""
    columns = {
        "id": pyarrow.array([1, 2], pyarrow.int64()),
        "small": pyarrow.array([-5, None], pyarrow.int8()),
        "wide": pyarrow.array([2**53 + 1, None], pyarrow.int64()),
        "huge": pyarrow.array([2**64 - 1, None], pyarrow.uint64()),
        "price": pyarrow.array([decimal.Decimal("12.30"), None], pyarrow.decimal128(10, 2)),
        "ratio": pyarrow.array([0.1, None], pyarrow.float32()),
        "name": pyarrow.array(["gru\u00df", ""], pyarrow.large_string()),
        "kind": pyarrow.array(["b", "a"]).dictionary_encode(),
        "ok": pyarrow.array([True, None]),
        "day": pyarrow.array([DAY, None], pyarrow.date32()),
        "clock": pyarrow.array([CLOCK, None], pyarrow.time64("ns")),
        "seen": pyarrow.array([NOON.replace(microsecond=123_000), None], pyarrow.timestamp("us", "UTC")),
        "fine": pyarrow.array([NOON, None], pyarrow.timestamp("s", "UTC")),
        "raw": pyarrow.array([b"\xca\xfe", None], pyarrow.binary()),
        "tag": pyarrow.array([uuid.UUID("123e4567-e89b-12d3-a456-426614174000").bytes, None], pyarrow.binary(16)),
        "words": pyarrow.array([["x", ""], None], pyarrow.list_(pyarrow.string())),
        "marks": pyarrow.array([[2, 1], None], pyarrow.list_(pyarrow.int32())),
        "points": pyarrow.array([[("k", 0.5)], None], pyarrow.map_(pyarrow.string(), pyarrow.float64())),
        "vec": pyarrow.array([[0.5, -1.0, 2.0], None], pyarrow.list_(pyarrow.float32(), 3)),
    }
    return pyarrow.table(columns)


def main():
    folder = pathlib.Path(sys.argv[1])
    made = table()
    pyarrow.parquet.write_table(made, folder / "made.parquet")
    pyarrow.feather.write_feather(made, folder / "made.feather")  # compressed by LZ4
    options = pyarrow.ipc.IpcWriteOptions(compression="zstd")
    with pyarrow.ipc.new_file(folder / "made.arrow", made.schema, options=options) as file:
        file.write_table(made)
    # Pandas has no maps, and turns integers with nulls into floats unless told otherwise.
    frame = made.to_pandas(types_mapper=pandas.ArrowDtype)
    frame.to_parquet(folder / "pandas.parquet", index=True)
    loose(folder)


def loose(folder):
    """What pandas 3 and spreadsheets make of rows: microseconds, doubles for everything with a null, digits that are text."""
    made = pyarrow.table(
        {
            "id": pyarrow.array([1, 2], pyarrow.int64()),
            "wide": pyarrow.array([7.0, None], pyarrow.float64()),
            "ratio": pyarrow.array([0.1, None], pyarrow.float64()),
            "vec": pyarrow.array([[0.1, -1.0, 2.0], None], pyarrow.list_(pyarrow.float64())),
            "ok": pyarrow.array([1.0, 0.0], pyarrow.float64()),
            "huge": pyarrow.array(["1e3", None]),
            "seen": pyarrow.array([NOON.replace(microsecond=123_456), None], pyarrow.timestamp("us", "UTC")),
            "fine": pyarrow.array(["2024-02-29T12:00:00.999999", None]),
        }
    )
    pyarrow.parquet.write_table(made, folder / "loose.parquet")
    pyarrow.feather.write_feather(made, folder / "loose.feather")
    words = pyarrow.array(["a", "b"] * 50_000).dictionary_encode()
    many = pyarrow.table({"id": pyarrow.array(range(100_000), pyarrow.int64()), "kind": words})
    pyarrow.feather.write_feather(many.slice(0, 20_000), folder / "dictionary.feather")
    pyarrow.parquet.write_table(made, folder / "gzip.parquet", compression="gzip")
    # Spark's, Hive's and Impala's times of 96 bits, as they write them: without a schema of Arrow's.
    times = [datetime.datetime(9999, 12, 31), datetime.datetime(1600, 1, 1, 6), datetime.datetime(2024, 2, 29, 12)]
    far = pyarrow.table(
        {
            "id": pyarrow.array([1, 2, 3], pyarrow.int32()),
            "seen": pyarrow.array(times, pyarrow.timestamp("us")),
            "name": pyarrow.array(["end", "start", None]),
        }
    )
    pyarrow.parquet.write_table(far, folder / "far.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
    # One text of a megabyte in every row takes the room of one.
    long = pyarrow.array(["x" * 1_000_000] * 1_500).dictionary_encode()
    rows = pyarrow.table({"id": pyarrow.array(range(1_500), pyarrow.int32()), "kind": long})
    pyarrow.parquet.write_table(rows, folder / "long.parquet")


if __name__ == "__main__":
    main()
