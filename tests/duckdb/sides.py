"""The two that are asked: the kernel, in one session for all queries, and DuckDB.

An answer of the kernel is exported as an Arrow file and read from there, so that no digit is lost in a table's text.
"""

import datetime as dt
import json
import os
import urllib.request
import warnings
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.ipc
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

import rows

# The longest that a cell may take, in seconds: none of these queries takes one on an idle machine.
PATIENCE = 60


@dataclass
class Rows:
    """An answer: the sort of each column (`int`, `decimal`, `double`, `text`, …), and the rows."""
    sorts: list
    rows: list


@dataclass
class Refusal:
    """No answer, and the reason in words."""
    code: str
    words: str


def sort_of(kind: pyarrow.DataType) -> str:
    checks = {
        "bool": pyarrow.types.is_boolean, "int": pyarrow.types.is_integer, "double": pyarrow.types.is_floating,
        "decimal": pyarrow.types.is_decimal, "timestamp": pyarrow.types.is_timestamp, "date": pyarrow.types.is_date,
        "time": pyarrow.types.is_time, "null": pyarrow.types.is_null,
        "text": lambda kind: pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or pyarrow.types.is_string_view(kind),
    }
    return next((name for name, check in checks.items() if check(kind)), str(kind))


def read(table: pyarrow.Table) -> Rows:
    sorts, columns = [], []
    for field, column in zip(table.schema, table.columns):
        sort = sort_of(field.type)
        if sort == "timestamp":
            # Both sides have times of UTC; one says so in the type.
            column = column.cast(pyarrow.timestamp("us"))
        values = column.to_pylist()
        if (field.metadata or {}).get(b"cql:type") in (b"decimal", b"varint"):
            # Numbers of any length are text in a file, with their type beside it.
            sort, values = "decimal", [value and Decimal(value) for value in values]
        sorts.append(sort)
        columns.append(values)
    return Rows(sorts, list(zip(*columns)) if columns else [])


class DuckDb:
    """DuckDB with the same rows."""

    def __init__(self):
        self.database = duckdb.connect()
        rows.into_duckdb(self.database)
        # As the kernel does: whole numbers that are worked out wider than 64 bits stay exact here.
        self.wide = duckdb.connect()
        rows.into_duckdb(self.wide)
        for table in rows.TABLES:
            for name, kind in table.columns.items():
                if kind.duckdb == "BIGINT":
                    self.wide.execute(f"ALTER TABLE {table.name} ALTER {name} TYPE HUGEINT")

    def ask(self, query: str):
        """Its rows; where its whole numbers are too narrow for them, those of wider ones."""
        try:
            return self._ask(self.database, query)
        except duckdb.OutOfRangeException:
            try:
                return self._ask(self.wide, query)
            except duckdb.Error as error:
                return Refusal(type(error).__name__, str(error))
        except duckdb.Error as error:
            return Refusal(type(error).__name__, str(error))

    @staticmethod
    def _ask(database, query: str) -> Rows:
        with warnings.catch_warnings():
            # That it copies the rows once more.
            warnings.simplefilter("ignore")
            answer = database.execute(query).to_arrow_table()
        # A sum of whole numbers has 128 bits, which Arrow has as decimals or doubles: it is fetched as Python's.
        if any(str(column[1]) in ("HUGEINT", "UHUGEINT") for column in database.description):
            fetched = database.execute(query).fetchall()
            sorts = ["int" if str(column[1]) in ("HUGEINT", "UHUGEINT") else sort_of(field.type)
                     for column, field in zip(database.description, answer.schema)]
            plain = [tuple(value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value for value in row) for row in fetched]
            return Rows(sorts, plain)
        return read(answer)


class Kernel:
    """A kernel with the rows as kept results: of the Astra that CQLBOOK_SANDBOX names, or of files."""

    def __init__(self, folder: Path, program: str | None):
        self.folder = folder
        self.manager = KernelManager(kernel_name="cql")
        if program:
            argv = [program, "kernel", "--connection-file", "{connection_file}"]
            self.manager._kernel_spec = KernelSpec(argv=argv, language="cql", display_name="CQL")
        self.front = None
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def cell(self, code: str):
        """What a cell shows, or a refusal."""
        shown = []

        def hook(message):
            content = message["content"]
            shown.append(content.get("data", {}).get("text/plain") or content.get("text") or "")

        try:
            reply = self.client.execute_interactive(code, output_hook=hook, timeout=PATIENCE)["content"]
        except TimeoutError:
            self.manager.interrupt_kernel()
            return Refusal("NO ANSWER", f"not within {PATIENCE} s")
        if reply["status"] != "ok":
            return Refusal(reply.get("ename", ""), reply.get("evalue", ""))
        return "\n".join(shown)

    def must(self, code: str):
        answer = self.cell(code)
        if isinstance(answer, Refusal):
            raise RuntimeError(f"{code!r}: {answer.code}: {answer.words}")

    def load_from_files(self):
        rows.into_parquet(self.folder)
        for table in rows.TABLES:
            self.must(f"%%sql --into {table.name}\nSELECT * FROM '{table.name}.parquet'")

    def load_from_astra(self):
        address, token = os.environ["CQLBOOK_SANDBOX"].split("#")
        self.admin = (address, {"Authorization": f"Bearer {token}"})
        self.front = self._request("/fronts", "POST", b"{}")
        secret = json.loads(Path(self.front["token_json"]).read_text())["secret"]
        self.must(f"%connect astra --no-save --bundle {self.front['bundle']} --token-file {self.front['token_json']}"
                  f" --keyspace {self.front['keyspace']}" if secret else "")
        for table in map(rows.keyed, rows.TABLES):
            self.must(";\n".join(rows.statements(table)))
            self.must(f"%%cql --all --into {table.name}\nSELECT {', '.join(table.columns)} FROM {table.name}")

    def _request(self, path: str, method: str, body: bytes | None = None):
        address, headers = self.admin
        request = urllib.request.Request(address + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def ask(self, query: str):
        """The rows, or a refusal."""
        answer = self.cell(f"%%sql --into answer\n{query}")
        if isinstance(answer, Refusal):
            return answer
        file = self.folder / "answer.arrow"
        self.must("%export answer answer.arrow --force")
        with pyarrow.OSFile(str(file)) as source:
            return read(pyarrow.ipc.open_file(source).read_all())

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        if self.front:
            self._request(f"/fronts/{self.front['name']}", "DELETE")
