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


def measure(limits, commands, output=None, runs=5, limit=60):
    """A `Usage` for each command; files in the folder `output` are removed before each run.

    What takes longer than `limit` seconds is ended and not run again; where one takes over ten seconds, two runs count.
    """
    usages = [first_run(os.path.join(limits, "peak_memory"), command, output, limit) for command in commands]
    timed = [i for i, usage in enumerate(usages) if not usage.is_over_time]
    runs = 2 if any(usages[i].wall > 10 for i in timed) else runs
    for i, result in zip(timed, hyperfine([commands[i] for i in timed], output, runs)):
        usages[i].wall = statistics.median(result["times"])
        usages[i].cpu = result["user"] + result["system"]
    return usages


def first_run(peak_memory, command, output, limit):
    """Its memory, and its time as a first guess."""
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
    prepare = ["--prepare", f"find {output} -type f -delete"] if output else []
    with tempfile.NamedTemporaryFile() as report:
        timing = subprocess.run(
            ["hyperfine", "-N", "--warmup", "1", "--runs", str(runs), "--export-json", report.name,
             *prepare, *(" ".join(command) for command in commands)], capture_output=True, text=True)
        if timing.returncode != 0:
            sys.exit(f"hyperfine: {timing.stderr}")
        return json.load(report)["results"]


def empty(folder):
    for name in os.listdir(folder) if folder else ():
        os.remove(os.path.join(folder, name))
