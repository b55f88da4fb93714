"""Whole processes and what they take."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


class Program:
    """A confd: ours, confd 0.16 or 0.17, or a fork that takes the backend as a command."""

    def __init__(self, name, path):
        self.name = name
        self.path = os.path.abspath(path)
        usage = subprocess.run([self.path, "--help"], capture_output=True, timeout=30)
        self.takes_command = b"<command>" in usage.stdout + usage.stderr

    def command(self, etcd, confdir, *flags):
        if self.takes_command:
            return [self.path, "etcd", "--node", etcd.endpoint, "--confdir", confdir.path, "--log-level", "error",
                    *("-" + flag if flag.startswith("-") else flag for flag in flags)]
        return [self.path, "-backend", "etcdv3", "-node", etcd.endpoint.removeprefix("http://"),
                "-confdir", confdir.path, "-log-level", "error", *flags]


class Usage:
    """Medians of several runs: wall and CPU time in seconds, peak resident memory in bytes."""

    def __init__(self, wall, cpu=None, memory=None, is_over_time=False):
        self.wall, self.cpu, self.memory, self.is_over_time = wall, cpu, memory, is_over_time


ROUNDS = 3


def measure(limits, commands, output=None, runs=6, limit=60):
    """A `Usage` for each command; the folder `output` is a new one for each run.

    The commands take turns, because the machine's speed drifts. What takes longer than `limit` seconds is ended and not run
    again. Where one takes over ten seconds, one run each turn has to do; what is shorter is run more often.
    """
    usages = [first_run(os.path.join(limits, "peak_memory"), command, output, limit) for command in commands]
    timed = [i for i, usage in enumerate(usages) if not usage.is_over_time]
    longest = max(usages[i].wall for i in timed)
    runs = ROUNDS if longest > 10 else runs * (10 if longest < 0.2 else 3 if longest < 3 else 1)
    rounds = [hyperfine([commands[i] for i in timed], output, runs // ROUNDS) for _ in range(ROUNDS)]
    for i, results in zip(timed, zip(*rounds)):
        usages[i].wall = statistics.median(time for result in results for time in result["times"])
        usages[i].cpu = statistics.median(result["user"] + result["system"] for result in results)
    return usages


def first_run(peak_memory, command, output, limit):
    """Its memory, and its time as a first guess."""
    if output:
        empty(output)
    begin = time.monotonic()
    process = subprocess.Popen([peak_memory, *command], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        memory, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return Usage(limit, is_over_time=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Usage(time.monotonic() - begin, memory=int(memory))


def hyperfine(commands, output, runs):
    # The files of earlier runs are kept: ext4 may look at each that was deleted lately before it makes a new one.
    prepare = ["--prepare", f"sh -c 'mv {output} {output}.$$; mkdir {output}'"] if output else []
    with tempfile.NamedTemporaryFile() as report:
        timing = subprocess.run(
            ["hyperfine", "-N", "--warmup", "1", "--runs", str(runs), "--export-json", report.name,
             *prepare, *(" ".join(command) for command in commands)], capture_output=True, text=True)
        if timing.returncode != 0:
            sys.exit(f"hyperfine: {timing.stderr}")
        return json.load(report)["results"]


def empty(folder):
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
