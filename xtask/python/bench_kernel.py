"""Measures the kernel beside ipykernel in one run, and prints a table with ratios.

    python bench_kernel.py [--starts 20] [--trips 500] [--json FILE]

start       from spawning the process to its first kernel_info_reply, the two kernels taking turns
round trip  of a trivial cell: from sending execute_request until both its reply and its idle are there
memory      resident, two seconds after the last cell, of the process and its children

The trivial cell of each language does nothing: a comment. Of each figure the median is given, for round
trips the 99th percentile too. What is measured is jupyter_client and kernel together, as a frontend feels it.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import psutil
from jupyter_client.manager import KernelManager

KERNELS = {"cqlbook": ("cql", "-- nothing"), "ipykernel": ("python3", "# nothing")}


def start(spec: str):
    """Starts a kernel; gives its manager, its client and the seconds until its first kernel_info_reply."""
    began = time.perf_counter()
    manager = KernelManager(kernel_name=spec)
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
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
    try:
        for name, (_, code) in KERNELS.items():
            for _ in range(20):
                round_trip(running[name][1], code)
        for _ in range(trips):
            for name, (_, code) in KERNELS.items():
                durations[name].append(round_trip(running[name][1], code))
        time.sleep(2)
        memory = {name: resident(manager) for name, (manager, _) in running.items()}
    finally:
        for manager, client in running.values():
            stop(manager, client)
    return {
        name: {
            "start to kernel_info_reply, median ms": statistics.median(seconds[name]) * 1e3,
            "trivial cell, median ms": statistics.median(durations[name]) * 1e3,
            "trivial cell, 99th percentile ms": statistics.quantiles(durations[name], n=100)[98] * 1e3,
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
