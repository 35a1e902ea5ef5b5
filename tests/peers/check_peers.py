"""Tables there and back by cqlsh, DSBulk and the kernel: whatever one of them writes, the others load, cell by cell the same.

    python check_peers.py --peers FOLDER --dsbulk JARS [--only NAME …]

The environment is that of `cargo xtask test peers`: CQLBOOK_SANDBOX, the environment's Astra (for the kernel and DSBulk, by the
bundle), a kernelspec called `cql`, cqlsh in FOLDER and DSBulk's jars in JARS. cqlsh connects to a node's own address.

A case of `CASES` is a table: its columns, its key, and rows as CQL literals, each a text of `column = literal` pairs. For each
case a table is made for each writer and each reader; a writer is given the rows by CQL, exports them, and every other one loads
the file into an empty table. Both tables are then read by DataStax's driver as raw bytes and compared. What a peer is known
not to do stands in the case's `unlike`, with the reason; a case that does it all the same fails, so that the list stays true.

What `COPY` writes where it is told the forms of values is compared with cqlsh's file line by line (`STYLED`): the lines that differ
are listed, both of them, each with the reason. Either file is then loaded by the other.

To add a case: a `Case` at the end of `CASES`. To add a way of writing or loading: a function in `WRITERS` or `READERS`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from jupyter_client.manager import KernelManager

# The whole of it ends after so many seconds, whatever is left.
MOST = 600


@dataclass
class Case:
    name: str
    # `column type`, in any order; `static` may follow.
    columns: str
    key: str
    # Each row's `column = literal`, as an UPDATE or INSERT would have them.
    rows: list
    # (writer, reader) or (writer, "*") or ("*", reader): why they differ.
    unlike: dict = field(default_factory=dict)
    # Types that the columns need, each as what stands behind `CREATE TYPE NAME`.
    types: dict = field(default_factory=dict)
    # cqlsh loads all rows, and then does not end: why.
    endless: str = ""
    # Readers that are not asked, as another case says all there is to say of them.
    without: tuple = ()


EMPTY = "cqlsh writes null and the empty text alike"
READS_EMPTY = "cqlsh takes an empty field for null, in quotes or not"
JSON = "DSBulk reads collections as JSON"
BACKSLASH = "DSBulk does not double its backslash, which cqlsh's dialect undoes"

CASES = [
    Case("plain", "k int, c text, v text, n bigint, b boolean, d double, u uuid", "(k), c",
         [{"k": "1", "c": "'a'", "v": "'it''s, \"so\"'", "n": "-9223372036854775808", "b": "true", "d": "0.1",
           "u": "123e4567-e89b-12d3-a456-426614174000"},
          {"k": "1", "c": "'b\\c'", "b": "false", "d": "1E300"},
          {"k": "2", "c": "' blanks '", "v": "'grüß 漢字 🙂'", "n": "0"}],
         {("dsbulk", "copy"): BACKSLASH}),
    Case("lines", "k int, v text", "(k)", [{"k": "1", "v": "'two\nlines'"}, {"k": "2", "v": "'one'"}],
         endless="seen with a line break inside of a field: all rows are there, and it does not end", without=("dsbulk",)),
    Case("order", "k int, c int, z int static, a int, m int static, b int", "(k), c",
         [{"k": "1", "c": "1", "z": "26", "a": "1", "m": "13", "b": "2"},
          {"k": "1", "c": "2", "z": "26", "a": "3", "m": "13", "b": "4"}]),
    Case("empty", "k text, c int, v text", "(k), c",
         [{"k": "'a'", "c": "1", "v": "''"}, {"k": "'a'", "c": "2"}, {"k": "'b'", "c": "1", "v": "'v'"}],
         {("cqlsh", "*"): EMPTY, ("copy", "cqlsh"): READS_EMPTY, ("export", "cqlsh"): READS_EMPTY,
          ("dsbulk", "*"): "DSBulk writes null and the empty text alike"}),
    Case("collections", "k int, l list<text>, s set<int>, m map<text, int>, t frozen<tuple<int, text>>", "(k)",
         [{"k": "1", "l": "['a', 'it''s', 'b,c']", "s": "{3, 1, 2}", "m": "{'x': 1, 'y z': 2}", "t": "(1, 'one')"},
          {"k": "2", "l": "['\"']"}],
         {("*", "dsbulk"): JSON}),
    Case("nested", "k int, u frozen<place>, l list<frozen<place>>, d list<date>, t map<text, time>", "(k)",
         [{"k": "1", "u": '{n: 1, "Mixed": \'a\', ok: true}', "l": '[{n: 2, "Mixed": \'it\'\'s\', ok: false}]',
           "d": "['2013-02-08']", "t": "{'a': '08:12:54.123456789'}"},
          {"k": "2", "u": '{n: null, "Mixed": \'b\', ok: null}'}],
         {("export", "cqlsh"): "cqlsh knows no quotes around names of fields, and no null but an empty one"},
         types={"place": '(n int, "Mixed" text, ok boolean)'}, without=("dsbulk",)),
    Case("times", "k int, d date, t time, s timestamp", "(k)",
         [{"k": "1", "d": "'2013-02-08'", "t": "'08:12:54.123456789'", "s": "'2013-01-01 05:15:00.123+0000'"},
          {"k": "2", "d": "'1969-12-31'", "t": "'00:00:00'", "s": "'1969-12-31 23:59:59.999+0000'"}]),
    Case("others", "k int, a ascii, bl blob, de decimal, f float, i inet, v varint, si smallint, ti tinyint", "(k)",
         [{"k": "1", "a": "'ascii'", "bl": "0xcafe", "de": "3.14159265358979323846264338327950288", "f": "0.5",
           "i": "'2001:db8::1'", "v": "123456789012345678901234567890", "si": "-32768", "ti": "127"}]),
]

# Values in the forms that `COPY` is told, and where cqlsh's line differs from ours: its line, ours, and why.
STYLES = ("NULL = 'NA' AND BOOLSTYLE = 'yes,no' AND DECIMALSEP = '~' AND THOUSANDSSEP = '.' AND FLOATPRECISION = 6 AND DOUBLEPRECISION = 6"
          " AND DATETIMEFORMAT = '%d/%m/%Y %H:%M:%S'")
# Only a file that is written can be told its digits.
LOADED = STYLES.replace(" AND FLOATPRECISION = 6 AND DOUBLEPRECISION = 6", "")
ROUNDED = "FLOATPRECISION = 2 AND DOUBLEPRECISION = 2"
STYLED = Case(
    "styled", "k int, b boolean, d double, f float, l list<double>, lb list<boolean>, lt list<timestamp>, n set<bigint>, t timestamp,"
    " u frozen<place>, v vector<float, 2>", "(k)",
    [{"k": "1000", "b": "true", "d": "-1234567.125", "f": "0.5", "l": "[1234.5, -0.25]", "lb": "[true, false]",
      "lt": "['2024-03-01 05:06:07+0000']", "n": "{1234567, -1}", "t": "'2024-03-01 05:06:07+0000'",
      "u": '{n: 1234, "Mixed": \'a\', ok: false}', "v": "[1000.5, 2]"},
     {"k": "2", "d": "NaN", "l": "[]", "u": '{n: null, "Mixed": \'b\', ok: null}'},
     {"k": "3", "d": "0.1", "f": "1E10", "l": "[3.141593]"}],
    types={"place": '(n int, "Mixed" text, ok boolean)'})
STYLED_UNLIKE = []


def quote(path) -> str:
    return str(path).replace("'", "''")


class Kernel:
    """A kernel, connected."""

    def __init__(self, folder: Path, keyspace: str):
        self.manager = KernelManager(kernel_name="cql")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.cell(f"%connect astra --no-save --keyspace {keyspace}")

    def cell(self, code: str) -> str:
        shown = []

        def hook(message):
            content = message["content"]
            shown.append(content.get("data", {}).get("text/plain") or content.get("text") or "")

        reply = self.client.execute_interactive(code, output_hook=hook, timeout=60)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"{code!r}: {reply.get('ename')}: {reply.get('evalue')}")
        return "\n".join(shown)

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


class House:
    """The database, and the programs that are held beside each other."""

    def __init__(self, options, folder: Path):
        self.options, self.folder = options, folder
        # Tables whose load by cqlsh does not end, and what tells that all their rows are there.
        self.endless = {}
        address, token = os.environ["CQLBOOK_SANDBOX"].split("#")
        request = urllib.request.Request(f"{address}/nodes", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            self.host, self.port = json.load(answer)[0]["address"].rsplit(":", 1)
        request = urllib.request.Request(f"{address}/fronts", data=b"{}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            self.front = json.load(answer)
        self.secret = json.loads(Path(self.front["token_json"]).read_text())["secret"]
        self.user, self.keyspace = self.front["client_id"], self.front["keyspace"]
        os.environ["ASTRA_DB_SECURE_BUNDLE_PATH"] = self.front["bundle"]
        os.environ["ASTRA_DB_CLIENT_ID"], os.environ["ASTRA_DB_CLIENT_SECRET"] = self.user, self.secret
        os.environ.pop("ASTRA_DB_APPLICATION_TOKEN", None)
        cloud = {"secure_connect_bundle": self.front["bundle"]}
        self.cluster = Cluster(cloud=cloud, auth_provider=PlainTextAuthProvider(self.user, self.secret))
        self.session = self.cluster.connect(self.keyspace)
        self.session.default_timeout = 30
        self.kernel = Kernel(folder, self.keyspace)

    def close(self):
        self.kernel.stop()
        self.cluster.shutdown()
        address, token = os.environ["CQLBOOK_SANDBOX"].split("#")
        request = urllib.request.Request(f"{address}/fronts/{self.front['name']}", method="DELETE",
                                         headers={"Authorization": f"Bearer {token}"})
        urllib.request.urlopen(request).close()

    def make(self, case: Case, table: str):
        for name, fields in case.types.items():
            self.session.execute(f"CREATE TYPE IF NOT EXISTS {name} {fields}")
        self.session.execute(f"CREATE TABLE {table} ({case.columns}, PRIMARY KEY ({case.key}))")

    def fill(self, case: Case, table: str):
        for row in case.rows:
            self.session.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())})")

    def cells(self, table: str) -> list:
        """All rows, each value as the driver has it, in an order of their own."""
        return sorted((repr(tuple(row)) for row in self.session.execute(f"SELECT * FROM {table}")))

    def run(self, command, **more) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=40, cwd=self.folder, **more)
        except subprocess.TimeoutExpired:
            # The command's own words have the password in them.
            raise RuntimeError("it did not end within 40 s") from None
        return done.stdout + done.stderr

    def run_until(self, command, is_done, **more) -> str:
        """Runs what does not end by itself until its work is done; that it ends all the same is an error."""
        # In a group of its own: cqlsh's workers outlive it otherwise.
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
                                   start_new_session=True, **more)
        try:
            for _ in range(80):
                if running.poll() is not None:
                    raise RuntimeError("it is said not to end, and does")
                if is_done():
                    # One that ends does so within moments.
                    try:
                        running.wait(3)
                    except subprocess.TimeoutExpired:
                        return "it did not end"
                time.sleep(0.5)
            return "it did not end, and not all rows came"
        finally:
            try:
                os.killpg(running.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # It has ended, and all of its workers.
            running.wait()

    def cqlsh(self, statement: str, until=None) -> str:
        command = [sys.executable, "-m", "cqlshlib", self.host, self.port, "--username", self.user]
        command += ["--password", self.secret, "--request-timeout", "30", "-k", self.keyspace]
        # COPY takes the shell's own consistency, which no option sets.
        script = self.folder / f"{abs(hash(statement))}.cql"
        script.write_text(f"CONSISTENCY LOCAL_QUORUM;\n{statement};\n")
        command += ["--file", str(script)]
        env = {**os.environ, "PYTHONPATH": str(self.options.peers)}
        return self.run_until(command, until, env=env) if until else self.run(command, env=env)

    def dsbulk(self, verb: str, table: str, path: Path, *more) -> str:
        command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.options.dsbulk}/*"]
        command += ["com.datastax.oss.dsbulk.runner.DataStaxBulkLoader", verb, "-h", self.host, "-port", self.port]
        command += ["-dc", "dc1", "-cl", "LOCAL_QUORUM", "-u", self.user, "-p", self.secret, "-k", self.keyspace, "-t", table, "-url", str(path)]
        # Its driver cannot read the schema of a keyspace with vectors.
        command += ["--driver.advanced.metadata.schema.refreshed-keyspaces", json.dumps([self.keyspace])]
        command += ["-maxErrors", "10", "--log.directory", str(self.folder / "dsbulk-logs"), *more]
        return self.run(command)


def export(house, table, path):
    house.kernel.cell(f"%%export {path} --force\nSELECT * FROM {table}")


def copy_to(house, table, path):
    house.kernel.cell(f"COPY {table} TO '{quote(path)}' WITH HEADER = true")


def copy_to_bare(house, table, path):
    house.kernel.cell(f"COPY {table} TO '{quote(path)}'")


def cqlsh_to(house, table, path):
    house.cqlsh(f"COPY {table} TO '{quote(path)}' WITH HEADER = true")


def cqlsh_to_bare(house, table, path):
    house.cqlsh(f"COPY {table} TO '{quote(path)}'")


def unload(house, table, path):
    folder = path.with_suffix(".d")
    said = house.dsbulk("unload", table, folder, "-maxConcurrentFiles", "1")
    parts = list(folder.glob("*.csv"))
    if len(parts) != 1:
        raise RuntimeError(f"dsbulk unload: {said[-600:]}")
    parts[0].rename(path)


# Whether the file has a first line that names its columns.
WRITERS = {"export": (export, True), "copy": (copy_to, True), "copy-bare": (copy_to_bare, False),
           "cqlsh": (cqlsh_to, True), "cqlsh-bare": (cqlsh_to_bare, False), "dsbulk": (unload, True)}


def import_(house, table, path, writer):
    escape = " --escape '\\'" if writer == "dsbulk" else ""
    return house.kernel.cell(f"%import {path} INTO {table}{escape}")


def copy_from(house, table, path, writer):
    return house.kernel.cell(f"COPY {table} FROM '{quote(path)}' WITH HEADER = true")


def copy_from_bare(house, table, path, writer):
    return house.kernel.cell(f"COPY {table} FROM '{quote(path)}'")


def cqlsh_from(house, table, path, writer):
    # It goes by places, whatever the header says.
    with open(path, encoding="utf-8") as file:
        columns = file.readline().strip()
    escape = " AND ESCAPE = '\"'" if writer == "export" else ""
    return house.cqlsh(f"COPY {table} ({columns}) FROM '{quote(path)}' WITH HEADER = true{escape}", house.endless.get(table))


def cqlsh_from_bare(house, table, path, writer):
    return house.cqlsh(f"COPY {table} FROM '{quote(path)}'", house.endless.get(table))


def load(house, table, path, writer):
    escape = '"' if writer == "export" else "\\"
    return house.dsbulk("load", table, path, "-escape", json.dumps(escape))


# Whether it wants a file with a first line, and which writers' files it is given.
READERS = {"import": (import_, True, {"export", "dsbulk"}), "copy": (copy_from, True, {"copy", "cqlsh", "dsbulk"}),
           "copy-bare": (copy_from_bare, False, {"copy-bare", "cqlsh-bare"}),
           "cqlsh": (cqlsh_from, True, {"copy", "export", "cqlsh"}),
           "cqlsh-bare": (cqlsh_from_bare, False, {"copy-bare"}),
           "dsbulk": (load, True, {"copy", "export"})}


def reason(case, writer, reader):
    plain = (writer.removesuffix("-bare"), reader.removesuffix("-bare"))
    return next((case.unlike[pair] for pair in [plain, (plain[0], "*"), ("*", plain[1])] if pair in case.unlike), None)


def is_exact(case, writer, reader) -> bool:
    """Whether the very pair is said to differ, and not all of a writer or of a reader, some of whom make it up."""
    return (writer, reader) in case.unlike


def check_styled(house) -> list:
    """The complaints of files in the forms that `COPY` is told: ours beside cqlsh's, and either loaded by the other."""
    began, case, complaints = time.monotonic(), STYLED, []
    for table in ("styled_source", "styled_ours", "styled_theirs"):
        house.make(case, table)
    house.fill(case, "styled_source")
    found, files = [], {}
    for options in (STYLES, ROUNDED):
        ours, theirs = house.folder / f"styled-ours-{len(files)}.csv", house.folder / f"styled-theirs-{len(files)}.csv"
        house.kernel.cell(f"COPY styled_source TO '{quote(ours)}' WITH {options}")
        said = house.cqlsh(f"COPY styled_source TO '{quote(theirs)}' WITH {options}")
        if not theirs.exists():
            return [f"styled: cqlsh wrote nothing: {said[-600:]}"]
        files[options] = ours, theirs
        lines = [sorted(path.read_text(encoding="utf-8").splitlines()) for path in (theirs, ours)]
        found += [pair for pair in zip(*lines, strict=True) if pair[0] != pair[1]]
    ours, theirs = files[STYLES]
    known = [(theirs, ours) for theirs, ours, _ in STYLED_UNLIKE]
    for pair in found:
        if pair not in known:
            complaints.append(f"styled: cqlsh writes {pair[0]!r}, and we {pair[1]!r}")
    complaints += [f"styled: {pair} is said to differ, and does not" for pair in known if pair not in found]
    expected = house.cells("styled_source")
    said = house.cqlsh(f"COPY styled_theirs FROM '{quote(ours)}' WITH {LOADED}")
    if house.cells("styled_theirs") != expected:
        complaints.append(f"styled: cqlsh read our file as {house.cells('styled_theirs')}, not {expected}; said {said[-400:]!r}")
    said = house.kernel.cell(f"COPY styled_ours FROM '{quote(theirs)}' WITH {LOADED}")
    if house.cells("styled_ours") != expected:
        complaints.append(f"styled: we read cqlsh's file as {house.cells('styled_ours')}, not {expected}; said {said[-400:]!r}")
    print(f"styled: {len(found)} lines known to differ, {len(complaints)} wrong, {time.monotonic() - began:.1f} s", flush=True)
    return complaints


def check(house, case) -> list:
    """The complaints of one case."""
    began = time.monotonic()
    source = f"{case.name}_source"
    house.make(case, source)
    house.fill(case, source)
    expected = house.cells(source)

    def written(writer):
        path = house.folder / f"{case.name}-{writer}.csv"
        try:
            WRITERS[writer][0](house, source, path)
            return path if path.exists() else None
        except Exception as error:  # noqa: BLE001 - each is told.
            return error

    ours = [name for name in WRITERS if WRITERS[name][0] in (export, copy_to, copy_to_bare)]
    with ThreadPoolExecutor(3) as pool:
        others = {name: pool.submit(written, name) for name in WRITERS if name not in ours}
        files = {name: written(name) for name in ours}
        files.update({name: future.result() for name, future in others.items()})
    readers = {reader: of for reader, (_, _, of) in READERS.items() if reader not in case.without}
    pairs = [(writer, reader) for reader, of in readers.items() for writer in WRITERS if writer in of]
    for writer, reader in pairs:
        house.make(case, f"{case.name}_{writer}_{reader}".replace("-", "_"))

    tables = {}

    def loaded(pair):
        writer, reader = pair
        table = f"{case.name}_{writer}_{reader}".replace("-", "_")
        path = files[writer]
        # What cqlsh writes itself has no lines within its fields.
        if case.endless and not writer.startswith("cqlsh"):
            house.endless[table] = lambda: len(house.cells(table)) == len(expected)
        if not isinstance(path, Path):
            return f"nothing was written: {path}"
        try:
            said = READERS[reader][0](house, table, path, writer)
        except Exception as error:  # noqa: BLE001 - each is told.
            said = str(error)
        found = house.cells(table)
        tables[pair] = found
        return None if found == expected else f"found {found}, not {expected}; said {said[-400:]!r}"

    ours = [pair for pair in pairs if pair[1] in ("import", "copy", "copy-bare")]
    with ThreadPoolExecutor(3) as pool:
        others = {pair: pool.submit(loaded, pair) for pair in pairs if pair not in ours}
        outcomes = {pair: loaded(pair) for pair in ours}
        outcomes.update({pair: future.result() for pair, future in others.items()})
    complaints, known = [], 0
    for (writer, reader), complaint in outcomes.items():
        why = reason(case, writer, reader)
        # What cqlsh writes and cannot read itself is lost in its file.
        if (writer, reader) == ("cqlsh", "cqlsh"):
            continue
        if complaint and writer == "cqlsh" and tables.get((writer, reader)) == tables.get(("cqlsh", "cqlsh")):
            why = "cqlsh reads its own file so"
        if complaint and writer == "cqlsh-bare" and tables.get((writer, reader)) == tables.get(("cqlsh", "cqlsh")):
            why = "cqlsh reads its own file so"
        if why and complaint:
            known += 1
        elif complaint:
            complaints.append(f"{case.name}: {writer} to {reader}: {complaint}")
        elif why and is_exact(case, writer, reader):
            complaints.append(f"{case.name}: {writer} to {reader} is said to differ ({why}), and does not")
    print(f"{case.name}: {len(pairs)} ways, {known} known to differ, {len(complaints)} wrong,"
          f" {time.monotonic() - began:.1f} s", flush=True)
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", required=True, type=Path)
    parser.add_argument("--dsbulk", required=True, type=Path)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    complaints = []
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        house = House(options, Path(folder))
        try:
            for case in CASES:
                if options.only and case.name not in options.only:
                    continue
                if time.monotonic() - began > MOST:
                    complaints.append(f"{case.name}: not begun, {MOST} s are over")
                    continue
                complaints += check(house, case)
            if not options.only or "styled" in options.only:
                complaints += check_styled(house)
        finally:
            house.close()
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
