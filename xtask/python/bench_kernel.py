"""Measures the kernel beside ipykernel in one run, and prints a table with ratios.

    python bench_kernel.py [--starts 20] [--trips 500] [--json FILE]

start       from spawning the process to its first kernel_info_reply, the two kernels taking turns
round trip  of a trivial cell: from sending execute_request until both its reply and its idle are there; once
            through jupyter_client, as nbclient feels it, and once at bare sockets, which leaves out most of Python
memory      resident, two seconds after the last cell, of the process and its children

The trivial cell of each language does nothing: a comment. Of each figure the median is given, for round
trips the 99th percentile too. All figures are of one run, in which the two kernels take turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
import zmq
from jupyter_client.manager import KernelManager

KERNELS = {"cqlbook": ("cql", "-- nothing"), "ipykernel": ("python3", "# nothing")}

# Cells of one kernel before it is the other's turn, and the seconds between: what a kernel still does after its
# idle must not count against the other, and a machine that grows slower must slow both.
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


def in_turns(frontends, trip, trips: int):
    """Yields (kernel, seconds) of `trips` cells of each kernel, in blocks; each block's first cell warms up and is left out."""
    for done in range(0, trips, BLOCK):
        for name, (_, code) in KERNELS.items():
            time.sleep(PAUSE)
            trip(frontends[name], code)
            for _ in range(min(BLOCK, trips - done)):
                yield name, trip(frontends[name], code)


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
    durations = {name: [] for name in KERNELS}
    bare = {name: [] for name in KERNELS}
    try:
        for name, took in in_turns({name: client for name, (_, client) in running.items()}, round_trip, trips):
            durations[name].append(took)
        for _, client in running.values():
            client.stop_channels()
        sockets = {name: Sockets(client) for name, (_, client) in running.items()}
        for name, took in in_turns(sockets, Sockets.round_trip, trips):
            bare[name].append(took)
        for one in sockets.values():
            one.close()
        time.sleep(2)
        memory = {name: resident(manager) for name, (manager, _) in running.items()}
    finally:
        for manager, client in running.values():
            stop(manager, client)
    return {
        name: {
            "start to kernel_info_reply, median ms": statistics.median(seconds[name]) * 1e3,
            "trivial cell by jupyter_client, median ms": statistics.median(durations[name]) * 1e3,
            "trivial cell by jupyter_client, 99th percentile ms": statistics.quantiles(durations[name], n=100)[98] * 1e3,
            "trivial cell at bare sockets, median ms": statistics.median(bare[name]) * 1e3,
            "trivial cell at bare sockets, 99th percentile ms": statistics.quantiles(bare[name], n=100)[98] * 1e3,
            "resident memory at rest, MB": memory[name] / 1e6,
        }
        for name in KERNELS
    }


def main() -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--trips", type=int, default=500)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    print(f"{arguments.starts} starts and {arguments.trips} cells of each kernel, taking turns …", file=sys.stderr)
    figures = measure(arguments.starts, arguments.trips)
    ours, theirs = figures["cqlbook"], figures["ipykernel"]
    print("| | cqlbook | ipykernel | ratio |\n| --- | ---: | ---: | ---: |")
    for name in ours:
        print(f"| {name} | {ours[name]:.2f} | {theirs[name]:.2f} | 1 : {theirs[name] / ours[name]:.1f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
