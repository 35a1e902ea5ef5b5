"""Proof that exported files hold what the rows hold, as other programs read them.

Usage: python check_formats.py FOLDER

FOLDER holds `every.parquet`, `every.arrow`, `every.csv`, `every.jsonl`, `every.json`, `every.xlsx` and `every.html`, which
`tests/behaviour` exports from one table of every type. Needs `pyarrow`, `pandas` and `openpyxl`. Prints a line for each thing
that holds and exits with 0, or says what does not and exits with 1.
"""

import csv
import datetime
import json
import pathlib
import sys
import uuid
import xml.parsers.expat
import zipfile

import openpyxl
import pandas
import pyarrow
import pyarrow.feather
import pyarrow.parquet


def check(what, found, expected):
    """Prints what was compared, and ends the check if it differs."""
    print(("ok      " if found == expected else "NOT OK  ") + what)
    if found != expected:
        print(f"  found    {found!r}\n  expected {expected!r}")
        sys.exit(1)


# What the row with id 1 holds, as arrow has it. Row 2 holds empty texts and the ends of ranges, row 3 nothing but its id.
FIRST = {
    "a": "ascii",
    "b": -9223372036854775808,
    "bl": b"\xca\xfe",
    "bo": True,
    "de": "3.14159265358979323846264338327950288",
    "do": 0.1,
    "du": {"months": 14, "days": 3, "nanoseconds": 14706007008009},
    "f": 16777216.0,
    "i": "2001:db8::1",
    "si": -32768,
    "t": "it's \"quoted\", gru\u00df\nline",
    "ty": -128,
    "v": "123456789012345678901234567890",
    "l": ["it's", ""],
    "s": [1, 2, 3],
    "m": [("k", [0.5, 1.5])],
    "tup": {"item_0": 1, "item_1": "x"},
    "ud": {"street": "Main", "zip": [1, 2]},
    "vec": [0.5, -1.0, 2.0],
}
TEXT = FIRST["t"]


def plain(column, row):
    """A value of an arrow column without the clothes of an extension type."""
    array = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    storage = array.storage if isinstance(array, pyarrow.ExtensionArray) else array
    return storage[row]


def columnar(name, table):
    """A Parquet or Arrow file."""
    order = table.column("id").to_pylist()
    check(f"{name}: rows", sorted(order), [1, 2, 3])
    first, second, third = (order.index(number) for number in (1, 2, 3))
    for column, expected in FIRST.items():
        check(f"{name}: {column}", plain(table.column(column), first).as_py(), expected)
    check(f"{name}: date", table.column("d")[first].as_py(), datetime.date(2013, 2, 8))
    check(f"{name}: time", table.column("ti").combine_chunks()[first].value, 29574123456789)
    stamp = datetime.datetime(2013, 1, 1, 5, 15, 0, 123000, tzinfo=datetime.timezone.utc)
    check(f"{name}: timestamp", table.column("ts")[first].as_py(), stamp)
    check(f"{name}: timestamp is in milliseconds", table.schema.field("ts").type, pyarrow.timestamp("ms", "UTC"))
    for column, text in [("u", "123e4567-e89b-12d3-a456-426614174000"), ("tu", "50554d6e-29bb-11e5-b345-feff819cdc9f")]:
        check(f"{name}: {column}", plain(table.column(column), first).as_py(), uuid.UUID(text).bytes)
        check(f"{name}: {column} is arrow.uuid", table.schema.field(column).type, pyarrow.uuid())
    check(f"{name}: the first date there is", table.column("d").combine_chunks().cast(pyarrow.int32())[second].as_py(), -2147483648)
    check(f"{name}: the last timestamp there is", table.column("ts").combine_chunks().cast(pyarrow.int64())[second].as_py(), 2**63 - 1)
    check(f"{name}: empty text", table.column("t")[second].as_py(), "")
    check(f"{name}: NaN", str(table.column("do")[second].as_py()), "nan")
    for column in table.column_names:
        if column != "id":
            check(f"{name}: {column} can be null", table.column(column)[third].as_py(), None)
    metadata = table.schema.field("s").metadata
    check(f"{name}: a set knows that it is one", metadata[b"cql:type"], b"set<int>")


def comma_separated(folder):
    """CSV by Python's own reader and by pandas."""
    with open(folder / "every.csv", encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    check("csv: rows", sorted(rows), ["1", "2", "3"])
    first = rows["1"]
    check("csv: text", first["t"], TEXT)
    check("csv: varint", int(first["v"]), 123456789012345678901234567890)
    check("csv: decimal", first["de"], FIRST["de"])
    check("csv: blob", first["bl"], "0xcafe")
    check("csv: list", first["l"], "['it''s', '']")
    check("csv: duration", first["du"], "1y2mo3d4h5m6s7ms8us9ns")
    frame = pandas.read_csv(
        folder / "every.csv", keep_default_na=False, na_values=[""], dtype={"v": str, "de": str, "b": "Int64"}
    ).set_index("id")
    check("csv in pandas: text", frame.loc[1, "t"], TEXT)
    check("csv in pandas: bigint", int(frame.loc[1, "b"]), FIRST["b"])
    # A NaN among doubles is text to pandas, unless it is told.
    check("csv in pandas: double", float(frame.loc[1, "do"]), 0.1)
    check("csv in pandas: timestamp", pandas.Timestamp(frame.loc[1, "ts"]), pandas.Timestamp("2013-01-01T05:15:00.123Z"))
    check("csv in pandas: null", pandas.isna(frame.loc[3, "t"]), True)


def objects(folder):
    """JSON as an array and as lines."""
    with open(folder / "every.json", encoding="utf-8") as file:
        array = {row["id"]: row for row in json.load(file)}
    with open(folder / "every.jsonl", encoding="utf-8") as file:
        lines = {row["id"]: row for row in map(json.loads, file)}
    for number in (1, 2, 3):
        check(f"json: row {number} is the same as an array and as lines", str(array[number]), str(lines[number]))
    first = array[1]
    for column in ["a", "b", "bo", "do", "f", "si", "t", "ty", "l", "s", "ud", "vec", "de", "i"]:
        check(f"json: {column}", first[column], FIRST[column])
    check("json: varint", first["v"], 123456789012345678901234567890)
    check("json: tuple", first["tup"], [1, "x"])
    check("json: map", first["m"], {"k": [0.5, 1.5]})
    check("json: timestamp", first["ts"], "2013-01-01T05:15:00.123Z")
    check("json: null and empty", (array[3]["t"], array[2]["t"]), (None, ""))
    check("json: NaN", array[2]["do"], "NaN")


def workbook(folder):
    """Excel's format by openpyxl."""
    sheet = openpyxl.load_workbook(folder / "every.xlsx")["rows"]
    header, *rows = sheet.iter_rows(values_only=True)
    rows = {row[header.index("id")]: dict(zip(header, row)) for row in rows}
    check("xlsx: rows", sorted(rows), [1, 2, 3])
    first = rows[1]
    check("xlsx: text", first["t"], TEXT)
    check("xlsx: a number that Excel would round is text", first["b"], str(FIRST["b"]))
    check("xlsx: double", first["do"], 0.1)
    check("xlsx: date", first["d"], datetime.datetime(2013, 2, 8))
    check("xlsx: timestamp", first["ts"], datetime.datetime(2013, 1, 1, 5, 15, 0, 123000))
    check("xlsx: null", rows[3]["t"], None)
    with zipfile.ZipFile(folder / "every.xlsx") as book:
        parts = [name for name in book.namelist() if name.endswith((".xml", ".rels"))]
        for name in parts:
            xml.parsers.expat.ParserCreate().Parse(book.read(name), True)
    check("xlsx: every part is XML to a strict parser", len(parts) > 4, True)


def main():
    folder = pathlib.Path(sys.argv[1])
    columnar("parquet", pyarrow.parquet.read_table(folder / "every.parquet"))
    columnar("arrow", pyarrow.ipc.open_file(folder / "every.arrow").read_all())
    comma_separated(folder)
    objects(folder)
    workbook(folder)
    html = (folder / "every.html").read_text(encoding="utf-8")
    check("html: text is escaped", "it&#39;s &quot;quoted&quot;" in html, True)


if __name__ == "__main__":
    main()
