"""Measures the kernel beside ipykernel and deno in one run, and prints a table with ratios.

    python bench_kernel.py --peers FOLDER [--wheels FOLDER] [--starts 20] [--trips 500] [--json FILE] [--write DOC]

start       from spawning the process to its first kernel_info_reply, the kernels taking turns
round trip  of a trivial cell: from sending execute_request until both its reply and its idle are there; once
            through jupyter_client, as nbclient feels it, and once at bare sockets, which leaves out most of Python
memory      resident, two seconds after the last cell, of the process and its children
size        see `bench_sizes.py`

The trivial cell of each language does nothing: a comment. Of each figure the median is given, for round
trips the 99th percentile too. All figures are of one run, in which the kernels take turns. A target that is
missed makes the exit code 1.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import bench_report
import bench_sizes
import psutil
import zmq
from jupyter_client.manager import KernelManager

# Each kernel's kernelspec and its trivial cell. Ours is first; the targets are set against the second.
KERNELS = {"cqlbook": ("cql", "-- nothing"), "ipykernel": ("python3", "# nothing"), "deno": ("deno", "// nothing")}

# Cells of one kernel before it is the next one's turn, and the seconds between: what a kernel still does after its
# idle must not count against the others, and a machine that grows slower must slow all.
BLOCK = 25
PAUSE = 0.1


def start(spec: str):
    """Starts a kernel; gives its manager, its client and the seconds until its first kernel_info_reply."""
    began = time.perf_counter()
    manager = KernelManager(kernel_name=spec)
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels(hb=False)
    request = client.kernel_info()
    deadline = began + 60
    while client.get_shell_msg(timeout=deadline - time.perf_counter())["parent_header"].get("msg_id") != request:
        pass
    return manager, client, time.perf_counter() - began


def stop(manager, client) -> None:
    """Ends a kernel that `start` began."""
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def round_trip(client, code: str) -> float:
    """Executes one cell; gives the seconds until its reply and its idle have come."""
    began = time.perf_counter()
    request = client.execute(code, store_history=False)
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request:
            break
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"The cell {code!r} failed: {reply['content']}")
    while True:
        message = client.get_iopub_msg(timeout=60)
        ours = message["parent_header"].get("msg_id") == request
        if ours and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return time.perf_counter() - began


class Sockets:
    """A frontend of bare sockets, beside the client of a running kernel."""

    def __init__(self, client):
        info = client.get_connection_info()
        context = zmq.Context.instance()
        self.session = client.session
        self.shell = context.socket(zmq.DEALER)
        self.shell.connect(f"tcp://{info['ip']}:{info['shell_port']}")
        self.iopub = context.socket(zmq.SUB)
        self.iopub.connect(f"tcp://{info['ip']}:{info['iopub_port']}")
        self.iopub.subscribe(b"")
        for socket in (self.shell, self.iopub):
            socket.setsockopt(zmq.RCVTIMEO, 60_000)
        time.sleep(0.5)  # until the subscription has arrived

    def round_trip(self, code: str) -> float:
        """What `round_trip` does, with nothing unpacked but what tells the end."""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = self.session.serialize(self.session.msg("execute_request", content))
        began = time.perf_counter()
        self.shell.send_multipart(message)
        reply = self.shell.recv_multipart()
        while b'"idle"' not in self.iopub.recv_multipart()[-1]:
            pass
        took = time.perf_counter() - began
        if json.loads(reply[-1])["status"] != "ok":
            raise RuntimeError(f"The cell {code!r} failed: {reply[-1]}")
        return took

    def close(self) -> None:
        """Closes the sockets."""
        self.shell.close(0)
        self.iopub.close(0)


def in_turns(frontends, trip, trips: int) -> dict[str, list[float]]:
    """The seconds of `trips` cells of each kernel, in blocks; each block's first cell warms up and is left out."""
    seconds = {name: [] for name in KERNELS}
    for done in range(0, trips, BLOCK):
        for name, (_, code) in KERNELS.items():
            time.sleep(PAUSE)
            trip(frontends[name], code)
            seconds[name] += [trip(frontends[name], code) for _ in range(min(BLOCK, trips - done))]
    return seconds


def resident(manager) -> int:
    """The resident bytes of a kernel's process and its children."""
    process = psutil.Process(manager.provisioner.pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


def measure(starts: int, trips: int) -> dict[str, dict[str, float]]:
    """Does all of it; the values are milliseconds and megabytes (10^6 bytes)."""
    seconds = {name: [] for name in KERNELS}
    for round_number in range(starts + 1):
        for name, (spec, _) in KERNELS.items():
            manager, client, took = start(spec)
            stop(manager, client)
            if round_number:  # the first of each warms the file cache
                seconds[name].append(took)
    running = {name: start(spec)[:2] for name, (spec, _) in KERNELS.items()}
    try:
        usual = in_turns({name: client for name, (_, client) in running.items()}, round_trip, trips)
        for _, client in running.values():
            client.stop_channels()
        sockets = {name: Sockets(client) for name, (_, client) in running.items()}
        bare = in_turns(sockets, Sockets.round_trip, trips)
        for one in sockets.values():
            one.close()
        time.sleep(2)
        memory = {name: resident(manager) for name, (manager, _) in running.items()}
    finally:
        for manager, client in running.values():
            stop(manager, client)
    return {
        name: {
            bench_report.START: statistics.median(seconds[name]) * 1e3,
            bench_report.CELL: statistics.median(usual[name]) * 1e3,
            "trivial cell by jupyter_client, 99th percentile ms": statistics.quantiles(usual[name], n=100)[98] * 1e3,
            bench_report.BARE_CELL: statistics.median(bare[name]) * 1e3,
            "trivial cell at bare sockets, 99th percentile ms": statistics.quantiles(bare[name], n=100)[98] * 1e3,
            bench_report.MEMORY: memory[name] / 1e6,
        }
        for name in KERNELS
    }


def install_deno(program: Path) -> None:
    """Writes deno's kernelspec into the first folder of JUPYTER_PATH, as `deno jupyter --install` would for the user."""
    folder = Path(os.environ["JUPYTER_PATH"].split(os.pathsep)[0]) / "kernels" / "deno"
    folder.mkdir(parents=True, exist_ok=True)
    argv = [str(program), "jupyter", "--kernel", "--conn", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Deno", "language": "typescript"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def main() -> int:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, required=True, help="the folder that deno is installed in")
    parser.add_argument("--wheels", type=Path, help="the folder with our wheel")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--trips", type=int, default=500)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--write", type=Path, help="also put the table between the markers of this document")
    arguments = parser.parse_args()
    install_deno(arguments.peers / "bin" / "deno")
    load = os.getloadavg()[0]
    print(f"{arguments.starts} starts and {arguments.trips} cells of each kernel, taking turns …", file=sys.stderr)
    figures = measure(arguments.starts, arguments.trips)
    bench_sizes.add(figures, arguments.wheels, arguments.peers)
    text = bench_report.report(figures, arguments.starts, arguments.trips, load, arguments.peers)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.write:
        bench_report.write(arguments.write, text)
    missed = bench_report.missed(figures)
    for line in missed:
        print(line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
