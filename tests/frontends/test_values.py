"""What DataStax's Python driver writes is what the kernel shows, and the other way round: every type, nested ones included."""

import datetime
import decimal
import ipaddress
import uuid
from collections import OrderedDict

import pytest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from cassandra.util import Date, Duration, OrderedMapSerializedKey, SortedSet, Time, sortedset
from jupyter_client.manager import start_new_kernel

TIMEUUID = uuid.UUID("50554d6e-29bb-11e5-b345-feff819cdc9f")
UUID = uuid.UUID("123e4567-e89b-42d3-a456-426614174000")
MOMENT = datetime.datetime(2013, 1, 1, 5, 15, 0, 123000)

# The column's type, the value as Python has it, and as the kernel shows it and reads it as a literal.
SCALARS = [
    ("ascii", "it's", "'it''s'"),
    ("bigint", -(2**63), "-9223372036854775808"),
    ("blob", b"\xca\xfe", "0xcafe"),
    ("boolean", True, "True"),
    ("date", Date("2013-02-08"), "'2013-02-08'"),
    ("decimal", decimal.Decimal("3.14159265358979323846264338327950288"), "3.14159265358979323846264338327950288"),
    ("decimal", decimal.Decimal("1E-14"), "1E-14"),
    ("double", 0.1, "0.1"),
    ("double", 1.7976931348623157e308, "1.7976931348623157e308"),
    ("duration", Duration(14, 3, 4 * 3600 * 10**9 + 5), "1y2mo3d4h5ns"),
    ("float", 16777216.0, "16777216"),
    ("inet", ipaddress.ip_address("2001:db8::1"), "'2001:db8::1'"),
    ("int", -(2**31), "-2147483648"),
    ("smallint", -(2**15), "-32768"),
    ("text", "gruß 日本 <b>&amp;</b>", "'gruß 日本 <b>&amp;</b>'"),
    ("time", Time("08:12:54.123456789"), "'08:12:54.123456789'"),
    ("timestamp", MOMENT, "'2013-01-01 05:15:00.123+0000'"),
    ("timeuuid", TIMEUUID, str(TIMEUUID)),
    ("tinyint", -128, "-128"),
    ("uuid", UUID, str(UUID)),
    ("varint", -(10**40), str(-(10**40))),
]
NESTED = [
    ("list<text>", ["it's", ""], "['it''s', '']"),
    ("set<int>", {3, 1, 2}, "{1, 2, 3}"),
    ("map<text, frozen<list<double>>>", {"k": [0.5, 1.5]}, "{'k': [0.5, 1.5]}"),
    ("map<uuid, timestamp>", {UUID: MOMENT}, f"{{{UUID}: '2013-01-01 05:15:00.123+0000'}}"),
    ("frozen<set<frozen<list<inet>>>>", {("127.0.0.1",)}, "{['127.0.0.1']}"),
    ("tuple<int, text, frozen<set<date>>>", (1, None, {Date("2013-02-08")}), "(1, null, {'2013-02-08'})"),
    ("frozen<list<frozen<tuple<bigint, blob>>>>", [(1, b"\x00")], "[(1, 0x00)]"),
    ("vector<float, 3>", [0.5, -1.0, 2.0], "[0.5, -1, 2]"),
    ("vector<text, 2>", ["a", "bc"], "['a', 'bc']"),
    ("vector<frozen<list<int>>, 2>", [[1], [2, 3]], "[[1], [2, 3]]"),
]
COLUMNS = SCALARS + NESTED


@pytest.fixture(scope="module")
def session(_front):
    """The driver's session, in the front's keyspace, as the same user as the notebook's."""
    environment = _front.environment
    cluster = Cluster(
        cloud={"secure_connect_bundle": environment["ASTRA_DB_SECURE_BUNDLE_PATH"]},
        auth_provider=PlainTextAuthProvider(
            environment["ASTRA_DB_CLIENT_ID"], environment["ASTRA_DB_CLIENT_SECRET"]
        ),
        connect_timeout=30,
    )
    session = cluster.connect(_front.keyspace)
    session.default_timeout = 60
    columns = ", ".join(f"c{number} {kind}" for number, (kind, _, _) in enumerate(COLUMNS))
    session.execute(f"CREATE TABLE IF NOT EXISTS every (id int PRIMARY KEY, {columns})")
    keys = [kind for kind, _, _ in SCALARS if kind != "duration"]
    for number, kind in enumerate(keys):
        session.execute(f"CREATE TABLE IF NOT EXISTS key{number} (k {kind}, c {kind}, PRIMARY KEY (k, c))")
    session.execute("CREATE TYPE IF NOT EXISTS point (x double, \"Y\" frozen<list<text>>, z int)")
    session.execute("CREATE TABLE IF NOT EXISTS points (id int PRIMARY KEY, p frozen<point>, l list<frozen<point>>)")
    yield session
    cluster.shutdown()


@pytest.fixture(scope="module")
def kernel(_front, session, tmp_path_factory):
    """A kernel that is connected to the front; made after the tables."""
    import os

    environment = {**os.environ, **_front.environment, "HOME": str(tmp_path_factory.mktemp("home"))}
    manager, client = start_new_kernel(kernel_name="cql", env=environment, startup_timeout=120)
    run(client, _front.connect)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, cell: str) -> str:
    """Runs a cell that must succeed, and gives its plain text."""
    texts = []

    def take(message):
        content = message["content"]
        if "data" in content:
            texts.append(content["data"].get("text/plain", ""))

    reply = client.execute_interactive(cell, timeout=120, output_hook=take)
    assert reply["content"]["status"] == "ok", (cell, reply["content"])
    return "\n".join(texts)


def shown(client, select: str) -> dict[str, str]:
    """The one row of a SELECT, as the kernel shows it: text by column."""
    text = run(client, f"EXPAND ON; {select}; EXPAND OFF")
    rows = (line.split(" | ", 1) for line in text.splitlines() if " | " in line)
    return {name.strip(): value for name, value in rows}


def as_cell(kind: str, literal: str) -> str:
    """A literal as a cell of its own shows it: texts, dates and addresses without quotes."""
    quoted = kind in ("ascii", "text", "date", "time", "timestamp", "inet")
    return literal[1:-1].replace("''", "'") if quoted else literal


def plain(value):
    """A value of the driver's in Python's own types, so that equal values are equal."""
    if isinstance(value, SortedSet | sortedset | set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, OrderedMapSerializedKey | OrderedDict | dict):
        return sorted(((plain(key), plain(item)) for key, item in value.items()), key=repr)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return str(value)
    return value


def test_what_the_driver_writes_the_kernel_shows(session, kernel):
    names = ", ".join(f"c{number}" for number in range(len(COLUMNS)))
    marks = ", ".join("?" for _ in COLUMNS)
    insert = session.prepare(f"INSERT INTO every (id, {names}) VALUES (1, {marks})")
    session.execute(insert, [str(value) if kind == "inet" else value for kind, value, _ in COLUMNS])
    row = shown(kernel, "SELECT * FROM every WHERE id = 1")
    for number, (kind, _, literal) in enumerate(COLUMNS):
        assert row[f"c{number}"] == as_cell(kind, literal), kind


def test_what_the_kernel_writes_the_driver_reads(session, kernel):
    for number, (kind, value, literal) in enumerate(COLUMNS):
        # As a literal, and as a bound value.
        run(kernel, f"INSERT INTO every (id, c{number}) VALUES (2, {literal})")
        run(kernel, f"%param v = {literal}\nINSERT INTO every (id, c{number}) VALUES (3, :v)")
        for row in session.execute(f"SELECT c{number} AS v FROM every WHERE id IN (2, 3)"):
            assert plain(row.v) == plain(value), (kind, literal)


def test_every_type_is_a_key_too(session, kernel):
    keys = [(kind, value, literal) for kind, value, literal in SCALARS if kind != "duration"]
    for number, (kind, value, literal) in enumerate(keys):
        insert = session.prepare(f"INSERT INTO key{number} (k, c) VALUES (?, ?)")
        value = str(value) if kind == "inet" else value
        session.execute(insert, (value, value))
        row = shown(kernel, f"SELECT * FROM key{number} WHERE k = {literal}")
        assert row == {"k": as_cell(kind, literal), "c": as_cell(kind, literal)}, kind


def test_user_types_null_and_empty(session, kernel):
    run(kernel, """INSERT INTO points (id, p, l) VALUES (1, {x: 0.1, "Y": ['a', '']}, [{x: 1}, {z: 2}])""")
    row = session.execute("SELECT p, l FROM points WHERE id = 1").one()
    assert (row.p.x, list(row.p.Y), row.p.z) == (0.1, ["a", ""], None)
    assert [(point.x, point.Y, point.z) for point in row.l] == [(1.0, None, None), (None, None, 2)]
    assert shown(kernel, "SELECT p, l FROM points WHERE id = 1") == {
        "p": """{x: 0.1, "Y": ['a', ''], z: null}""",
        "l": """[{x: 1, "Y": null, z: null}, {x: null, "Y": null, z: 2}]""",
    }
    session.execute("INSERT INTO every (id, c14, c12) VALUES (4, '', blobAsInt(0x))")
    row = shown(kernel, "SELECT c14, c12, c0 FROM every WHERE id = 4")
    assert row == {"c14": "''", "c12": "<empty>", "c0": "null"}
