"""Measures how rows leave and enter a database, and how results are joined: the kernel beside what else does it, in one run.

    python bench_data.py --floor PROGRAM --folder FOLDER --peers FOLDER --dsbulk JARS
        [--lean] [--quick] [--rows 1000000] [--runs 3] [--json FILE] [--write DOC]

floor       all pages fetched by ranges of the ring, side by side, and dropped unread (kernel/cluster/examples/floor.rs)
import      `%import` of a CSV file of all rows into an empty table; once, because it fills the table
fetch       `%%cql --all` with a SELECT of the table: all rows into the kernel
csv, …      `%%export` of the table
driver      DataStax's Python driver: all rows as tuples, and as a pandas frame
cqlsh       its `COPY TO` a CSV file; once. It cannot use a bundle: it connects to the nodes themselves, without proxy and TLS
dsbulk      DataStax's loader, `unload` to CSV; once
join        `%%sql` with a join and a group by over two kept results of 300,000 rows, beside the same SQL by polars in Python
            over the same rows, which lie in memory as its own data frames. Not with `--lean`.

With `--quick` cqlsh and dsbulk are left out. Each figure is the median of the runs, in which all take turns after three scans that nobody counts: the first scans after a start
are slow. Peak memory is that of the process, a fresh one each time. The environment names the database, as for
`%connect astra`. A target that is missed makes the exit code 1.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from jupyter_client.manager import KernelManager

TABLE = """CREATE TABLE bench (id int, seq int, name text, day date, seen timestamp, amount double, count bigint, ok boolean,
    tag uuid, note text, PRIMARY KEY (id, seq))"""
COLUMNS = "id,seq,name,day,seen,amount,count,ok,tag,note"

# What export must stay under, as a multiple of the floor's time, and in megabytes.
TARGET = {"export csv": 1.3, "export parquet": 1.3}
PEAK = 256
# What the join may take longer than polars, in seconds.
JOIN_MORE = 1.0
JOINED_ROWS = 300_000
JOIN = """SELECT l.name, count(*) AS rows, sum(l.amount) AS amount, max(r.count) AS most
FROM {left} AS l JOIN {right} AS r ON l.id = r.id AND l.seq = r.seq
GROUP BY l.name ORDER BY rows DESC, l.name LIMIT 20"""

POLARS = """
import sys, time
import polars
frames = {name: polars.read_parquet(path) for name, path in zip(("l", "r"), sys.argv[2:])}
context = polars.SQLContext(**frames)
times = []
for _ in range(3):
    began = time.perf_counter()
    context.execute(sys.argv[1], eager=True)
    times.append(time.perf_counter() - began)
print(sorted(times)[1])
"""

DRIVER = """
import os, resource, sys, time
from cassandra.cluster import Cluster
from cassandra.auth import PlainTextAuthProvider
cluster = Cluster(cloud={"secure_connect_bundle": os.environ["ASTRA_DB_SECURE_BUNDLE_PATH"]},
    auth_provider=PlainTextAuthProvider(os.environ["ASTRA_DB_CLIENT_ID"], os.environ["ASTRA_DB_CLIENT_SECRET"]))
session = cluster.connect(sys.argv[1])
session.default_timeout = 120
if sys.argv[2] == "pandas":
    import pandas
began = time.perf_counter()
rows = session.execute("SELECT * FROM bench")
if sys.argv[2] == "pandas":
    count = len(pandas.DataFrame(list(rows)))
else:
    count = sum(1 for _ in rows)
print(count, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class Kernel:
    """A fresh kernel, connected."""

    def __init__(self, folder: Path, keyspace: str):
        self.manager = KernelManager(kernel_name="cql")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        connect = "%connect astra --no-save" + (f" --keyspace {keyspace}" if keyspace else "")
        self.cell(connect)

    def cell(self, code: str) -> tuple[float, str]:
        """Runs a cell; gives its seconds and the last text it showed."""
        shown = []

        def hook(message):
            data = message["content"].get("data", {})
            if "text/plain" in data:
                shown.append(data["text/plain"])

        began = time.perf_counter()
        reply = self.client.execute_interactive(code, output_hook=hook, timeout=1200)
        seconds = time.perf_counter() - began
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"The cell {code!r} failed: {reply['content']}")
        return seconds, shown[-1] if shown else ""

    def peak(self) -> int:
        """Peak resident memory in kilobytes."""
        status = Path(f"/proc/{self.manager.provisioner.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def write_rows(path: Path, rows: int) -> None:
    """A CSV file of mixed rows, the same every time."""
    chance = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(COLUMNS + "\n")
        for row in range(rows):
            note = "" if row % 7 == 0 else f"note {row} of a length that differs{'.' * (row % 23)}"
            tag = f"{chance.getrandbits(128):032x}"
            tag = f"{tag[:8]}-{tag[8:12]}-4{tag[13:16]}-a{tag[17:20]}-{tag[20:]}"
            file.write(
                f"{row // 50},{row % 50},name {chance.randrange(10_000)},20{row % 24:02}-{row % 12 + 1:02}-{row % 28 + 1:02},"
                f"{1_700_000_000_000 + row * 997},{chance.random() * 1e4:.6f},{chance.getrandbits(62)},{row % 3 == 0},{tag},{note}\n"
            )


def floor(program: str, keyspace: str) -> tuple[float, int, int]:
    said = json.loads(subprocess.run([program, keyspace, "bench"], check=True, capture_output=True, text=True).stdout)
    return said["seconds"], said["peak_kb"], said["rows"]


def exported(folder: Path, keyspace: str, ending: str, rows: int) -> tuple[float, int]:
    kernel = Kernel(folder, keyspace)
    try:
        seconds, told = kernel.cell(f"%%export bench.{ending} --force\nSELECT * FROM bench")
        if f"wrote {rows} rows" not in told:
            raise RuntimeError(f"Not all rows were exported: {told}")
        return seconds, kernel.peak()
    finally:
        kernel.stop()


def fetched(folder: Path, keyspace: str) -> tuple[float, int]:
    kernel = Kernel(folder, keyspace)
    try:
        seconds, _ = kernel.cell("%%cql --all --into kept\nSELECT * FROM bench")
        return seconds, kernel.peak()
    finally:
        kernel.stop()


def driver(keyspace: str, what: str, rows: int) -> tuple[float, int]:
    said = subprocess.run(
        [sys.executable, "-c", DRIVER, keyspace, what], check=True, capture_output=True, text=True
    ).stdout.split()
    if int(said[0]) != rows:
        raise RuntimeError(f"The driver read {said[0]} rows.")
    return float(said[1]), int(said[2])


def watched(command: list, what: str, **options) -> tuple[float, int]:
    """Runs a program to its end; gives its seconds and peak memory."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise RuntimeError(f"{what} failed: {said[-2000:]}")
    return seconds, usage.ru_maxrss


def lines_of(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def dsbulk(jars: str, folder: Path, keyspace: str, rows: int) -> tuple[float, int]:
    out = folder / "dsbulk"
    subprocess.run(["rm", "-rf", str(out)], check=True)
    command = ["java", "-cp", f"{jars}/*", "com.datastax.oss.dsbulk.runner.DataStaxBulkLoader", "unload"]
    command += ["-b", os.environ["ASTRA_DB_SECURE_BUNDLE_PATH"], "-u", os.environ["ASTRA_DB_CLIENT_ID"]]
    command += ["-p", os.environ["ASTRA_DB_CLIENT_SECRET"], "-k", keyspace, "-t", "bench", "-url", str(out)]
    figures = watched(command, "dsbulk", cwd=folder)
    found = sum(lines_of(part) - 1 for part in out.glob("*.csv"))
    if found != rows:
        raise RuntimeError(f"dsbulk wrote {found} rows.")
    return figures


def cqlsh(peers: str, folder: Path, keyspace: str, rows: int) -> tuple[float, int]:
    """`COPY TO` by a node's own address. Its peak memory is that of its greatest process; it starts several."""
    address, token = os.environ["CQLBOOK_SANDBOX"].split("#")
    request = urllib.request.Request(f"{address}/nodes", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        host, port = json.load(answer)[0]["address"].rsplit(":", 1)
    out = folder / "cqlsh.csv"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cqlshlib", host, port, "--username", os.environ["ASTRA_DB_CLIENT_ID"]]
    command += ["--password", os.environ["ASTRA_DB_CLIENT_SECRET"], "--request-timeout", "120"]
    command += ["--execute", f"COPY {keyspace}.bench TO '{out}' WITH HEADER = true"]
    environment = {**os.environ, "PYTHONPATH": peers}
    figures = watched(command, "cqlsh", cwd=folder, env=environment)
    if lines_of(out) != rows + 1:
        raise RuntimeError(f"cqlsh wrote {lines_of(out)} lines.")
    return figures


def joined(peers: str, folder: Path, keyspace: str) -> dict:
    """The seconds of a join in the kernel and in polars, with the kernel's peak memory."""
    kernel = Kernel(folder, keyspace)
    try:
        for name in ("left", "right"):
            kernel.cell(f"%%cql --all --into {name}_rows\nSELECT * FROM bench LIMIT {JOINED_ROWS}")
            kernel.cell(f"%export {name}_rows {name}.parquet --force")
        times = [
            kernel.cell("%%sql\n" + JOIN.format(left="left_rows", right="right_rows"))[0] for _ in range(3)
        ]
        ours, peak = statistics.median(times), kernel.peak()
    finally:
        kernel.stop()
    paths = [str(folder / f"{name}.parquet") for name in ("left", "right")]
    said = subprocess.run(
        [sys.executable, "-c", POLARS, JOIN.format(left="l", right="r"), *paths],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": peers},
    ).stdout
    return {"cqlbook": ours, "polars": float(said), "peak": peak}


def table(figures: dict, rows: int, runs: int, load: float) -> str:
    """The figures as markdown."""
    base = figures["floor"][0]
    lines = [
        f"{time.strftime('%B %Y')}, {os.cpu_count()} cores, load {load:.1f} before the run. {rows:,} rows of 10 columns, medians of {runs}.",
        "",
        "| | seconds | of the floor | peak MB | target |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, (seconds, peak) in figures.items():
        target = f"{TARGET[name]} of the floor, {PEAK} MB" if name in TARGET else ""
        lines.append(f"| {name} | {seconds:.2f} | {seconds / base:.2f} | {peak / 1000:.0f} | {target} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--keyspace", default=os.environ.get("CQLBOOK_BENCH_KEYSPACE", "flights"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--dsbulk", required=True)
    parser.add_argument("--lean", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    folder, keyspace, rows = options.folder, options.keyspace, options.rows
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    source = folder / f"rows-{rows}.csv"
    if not source.exists():
        print("Writing the rows.", flush=True)
        write_rows(source, rows)
    kernel = Kernel(folder, keyspace)
    kernel.cell("%%cql --yes\nDROP TABLE IF EXISTS bench; " + TABLE)
    print("Loading them.", flush=True)
    seconds, told = kernel.cell(f"%import {source.name} INTO bench")
    imported = (seconds, kernel.peak())
    print(told, flush=True)
    kernel.stop()
    peers = {
        "floor": lambda: floor(options.floor, keyspace)[:2],
        "fetch into the kernel": lambda: fetched(folder, keyspace),
        "export csv": lambda: exported(folder, keyspace, "csv", rows),
        "export jsonl": lambda: exported(folder, keyspace, "jsonl", rows),
        "export parquet": lambda: exported(folder, keyspace, "parquet", rows),
        "export arrow": lambda: exported(folder, keyspace, "arrow", rows),
        "Python driver, rows dropped": lambda: driver(keyspace, "drop", rows),
        "Python driver to pandas": lambda: driver(keyspace, "pandas", rows),
    }
    for _ in range(3):
        found = floor(options.floor, keyspace)[2]
    if found != rows:
        raise RuntimeError(f"The table has {found} rows.")
    measured = {name: [] for name in peers}
    for run in range(options.runs):
        for name, peer in peers.items():
            measured[name].append(peer())
            print(f"run {run + 1}: {name}: {measured[name][-1][0]:.2f} s", flush=True)
    figures = {
        name: (statistics.median(seconds for seconds, _ in all_), max(peak for _, peak in all_))
        for name, all_ in measured.items()
    }
    if not options.quick:
        figures["DSBulk unload to CSV"] = dsbulk(options.dsbulk, folder, keyspace, rows)
        figures["cqlsh COPY TO"] = cqlsh(options.peers, folder, keyspace, rows)
    figures["import csv"] = imported
    text = table(figures, rows, options.runs, load)
    join = None if options.lean else joined(options.peers, folder, keyspace)
    if join:
        text += (
            f"\n\nA join and group by over two kept results of {JOINED_ROWS:,} rows: {join['cqlbook']:.2f} s, of which polars"
            f" in Python takes {join['polars']:.2f} s for the same SQL over frames in its memory (target: {JOIN_MORE:.0f} s more at"
            f" most); peak {join['peak'] / 1000:.0f} MB."
        )
    print(text)
    if options.json:
        options.json.write_text(json.dumps({**figures, "join": join}, indent=1))
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        begin, end = "<!-- begin: cargo xtask bench data --write -->", "<!-- end: cargo xtask bench data -->"
        head, rest = page.split(begin)
        options.write.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
    base = figures["floor"][0]
    missed = [
        f"{name}: {figures[name][0] / base:.2f} of the floor, {figures[name][1] / 1000:.0f} MB"
        for name, most in TARGET.items()
        if figures[name][0] > most * base or figures[name][1] / 1000 > PEAK
    ]
    if join and join["cqlbook"] > join["polars"] + JOIN_MORE:
        missed.append(f"join: {join['cqlbook']:.2f} s, polars {join['polars']:.2f} s")
    for line in missed:
        print(f"Target missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
