#!/usr/bin/env python3
"""fleet.py CONFD LIMITS [DAEMONS [KEYS]]: many daemons on one etcd, as many hosts would be.

Each daemon watches KEYS keys below /services and /fleet and writes a file of one of them. Of every program (ours, and those of
CONFD_PEERS="name=path ...", which have no cache): from a put to each file, what etcd and the daemons take, a restart of etcd, and a
restart of all daemons, ours also with -cache. The limit is a bare watcher in C (`bare_watch` in the folder LIMITS), as many of it: it
watches the one key, reads no others, and writes its value into a file.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from confdirs import Confdir
from etcd import Etcd
from programs import Program

TEMPLATE = """{{getv "/fleet/value"}}\n"""
PUTS = 20
TICK = os.sysconf("SC_CLK_TCK")


def cpu(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(process):
    with open(f"/proc/{process.pid}/status") as file:
        return 1024 * int(next(line.split()[1] for line in file if line.startswith("VmRSS")))


class BareWatcher:
    """The program of the limit."""

    name = "bare watcher in C"

    def __init__(self, limits):
        self.path = os.path.join(os.path.abspath(limits), "bare_watch")

    def command(self, etcd, confdir, *flags):
        return [self.path, etcd.endpoint, "/fleet/", os.path.join(confdir.output, "0.conf")]


class Fleet:
    """`count` daemons of one program, each with a confdir and a file of its own."""

    def __init__(self, program, etcd, count, folder, flags=(), caches=False):
        self.program, self.etcd, self.flags = program, etcd, list(flags)
        self.confdirs = [Confdir(folder, f"{program.name}-{number}", TEMPLATE, ["/fleet", "/services"],
                                 below=os.path.join(folder, "out"))
                         for number in range(count)]
        self.caches = [os.path.join(folder, f"cache-{number}") for number in range(count)] if caches else None
        self.processes = []

    def start(self):
        for number, confdir in enumerate(self.confdirs):
            flags = ["-watch", "-interval", "600", *self.flags]
            if self.caches:
                flags += ["-cache", self.caches[number]]
            environment = {**os.environ, "CONFD_CONTROL_SOCKET": "none", "CONFD_STATE_DIR": "none"}
            self.processes.append(subprocess.Popen(
                self.program.command(self.etcd, confdir, *flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=environment))

    def stop(self, kill=False):
        for process in self.processes:
            process.kill() if kill else process.terminate()
        for process in self.processes:
            process.wait()
        self.processes = []

    def files(self):
        return [os.path.join(confdir.output, "0.conf") for confdir in self.confdirs]

    def wait_for(self, value, limit=300):
        """Waits until each file holds `value`; the times when they were written, in seconds since the epoch."""
        wanted = (value + "\n").encode()
        waiting, times = set(self.files()), []
        deadline = time.monotonic() + limit
        while waiting:
            for path in list(waiting):
                try:
                    with open(path, "rb") as file:
                        if file.read() == wanted:
                            times.append(os.fstat(file.fileno()).st_mtime_ns / 1e9)
                            waiting.remove(path)
                except FileNotFoundError:
                    pass
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(waiting)} files never held {value}")
            # To look without a pause would take the processors from the daemons.
            time.sleep(0.02)
        return times

    def cpu(self):
        return sum(cpu(process) for process in self.processes)

    def memory(self):
        return sum(memory(process) for process in self.processes)


def put(etcd, value):
    began = time.time()
    etcd.put("/fleet/value", value)
    return began


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(fleet, etcd, name):
    """The rows of one program."""
    row = {"name": name, "daemons": len(fleet.confdirs)}
    put(etcd, "first")
    before, began = cpu(etcd.process), time.time()
    fleet.start()
    row["start"] = max(fleet.wait_for("first")) - began
    row["start_etcd"] = cpu(etcd.process) - before
    row["memory"] = fleet.memory()
    delays, etcd_cpu, own_cpu = [], cpu(etcd.process), fleet.cpu()
    for number in range(PUTS):
        began = put(etcd, f"value {number}")
        delays += [max(0, when - began) for when in fleet.wait_for(f"value {number}")]
    row["median"], row["p99"] = statistics.median(delays), percentile(delays, 0.99)
    row["etcd"], row["own"] = (cpu(etcd.process) - etcd_cpu) / PUTS, (fleet.cpu() - own_cpu) / PUTS
    row["etcd_memory"] = memory(etcd.process)
    etcd.restart()
    began = put(etcd, "after the restart")
    row["restart"] = max(fleet.wait_for("after the restart")) - began
    # All daemons at once, as after a power cut.
    fleet.stop(kill=True)
    for path in fleet.files():
        os.unlink(path)
    before, began = cpu(etcd.process), time.time()
    fleet.start()
    row["again"] = max(fleet.wait_for("after the restart")) - began
    row["again_etcd"] = cpu(etcd.process) - before
    fleet.stop()
    return row


def milliseconds(seconds):
    return f"{seconds * 1e3:,.0f} ms"


def table(rows, keys):
    print(f"\n### Many hosts: daemons on one etcd with {keys:,} keys, two processors for all of it\n")
    print("| program | daemons | all started | etcd's CPU for it | put → file, median | p99 | etcd's CPU a put | all daemons' CPU a put | "
          "memory a daemon | etcd's memory | after a restart of etcd | all daemons restarted | etcd's CPU for it |")
    print("|---" * 13 + "|")
    for row in rows:
        print(f"| {row['name']} | {row['daemons']} | {row['start']:.1f} s | {row['start_etcd']:.1f} s | "
              f"{milliseconds(row['median'])} | {milliseconds(row['p99'])} | {milliseconds(row['etcd'])} | {milliseconds(row['own'])} | "
              f"{row['memory'] / row['daemons'] / (1 << 20):.1f} MiB | {row['etcd_memory'] / (1 << 20):.0f} MiB | {row['restart']:.1f} s | "
              f"{row['again']:.1f} s | {row['again_etcd']:.1f} s |", flush=True)


def main():
    path, limits = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    keys = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000
    ours, bare = Program("confd (this)", path), BareWatcher(limits)
    peers = [Program(*pair.split("=", 1)) for pair in os.environ.get("CONFD_PEERS", "").split()]
    kinds = [(bare, False), (ours, False), (ours, True)] + [(peer, False) for peer in peers]
    rows = []
    for program, caches in kinds:
        with Etcd() as etcd, tempfile.TemporaryDirectory(prefix="confd-fleet-", dir="/dev/shm") as folder:
            etcd.load(keys // 10)
            fleet = Fleet(program, etcd, count, folder, caches=caches)
            try:
                rows.append(measure(fleet, etcd, program.name + (", -cache" if caches else "")))
            finally:
                fleet.stop(kill=True)
    table(rows, keys)


main()
