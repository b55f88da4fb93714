"""What a watching confd takes: from a put to the file, and when nothing happens."""

import os
import statistics
import subprocess
import time

from programs import empty

TURNS = 6
PUTS = 50


class Watching:
    """A confd with -watch; ends with the `with` block."""

    def __init__(self, program, etcd, confdir):
        self.confdir = confdir
        self.command = program.command(etcd, confdir, "-watch", "-interval", "600")

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return 1024 * int(next(line.split()[1] for line in file if line.startswith("VmRSS")))


def wait_for(path, text, limit=30):
    """Reads the file without a pause until it holds the text; the time when it did."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            with open(path, "rb") as file:
                if text in file.read():
                    return time.perf_counter()
        except FileNotFoundError:
            pass
    raise SystemExit(f"{path} never held {text}")


class Latency:
    """Medians in seconds: from before a put to the new file, to the put's own answer, and from that to the file."""

    def __init__(self, samples):
        self.file = statistics.median(file for file, _ in samples)
        self.put = statistics.median(put for _, put in samples)
        self.added = statistics.median(file - put for file, put in samples)


def latencies(programs, etcd, confdir):
    """A `Latency` for each program; they take turns, because what the disk takes drifts."""
    samples = [[] for _ in programs]
    for turn in range(TURNS):
        for program, taken in zip(programs, samples):
            taken += changes(program, etcd, confdir, turn)
    return [Latency(taken) for taken in samples]


def changes(program, etcd, confdir, turn):
    """For each of `PUTS` changes the seconds to the file and to the put's answer."""
    dest = os.path.join(confdir.output, "0.conf")
    if os.path.exists(dest):
        os.remove(dest)
    etcd.put("/latency/value", "first")
    taken = []
    with Watching(program, etcd, confdir):
        wait_for(dest, b"first")
        time.sleep(0.5)
        for number in range(PUTS):
            value = f"value-{turn}-{number:06d}"
            begin = time.perf_counter()
            etcd.put("/latency/value", value)
            put = time.perf_counter() - begin
            taken.append((wait_for(dest, value.encode()) - begin, put))
            time.sleep(0.01)
    return taken


def items(program, etcd, confdir, count):
    """A `Latency` from the put of a key of one of `count` items to its file, and the memory of the daemon in bytes."""
    empty(confdir.output)
    deadline = time.monotonic() + 600
    with Watching(program, etcd, confdir) as watching:
        while len(os.listdir(confdir.output)) < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"{program.name} did not write its {count} files")
            time.sleep(0.1)
        time.sleep(3)
        taken = []
        for number in range(PUTS):
            host = f"10.1.{number // 250}.{number % 250}"
            service = f"svc{number * 13 % count:06d}"
            begin = time.perf_counter()
            etcd.put(f"/services/{service}/servers/host00", '{"host": "%s", "port": 80}' % host)
            put = time.perf_counter() - begin
            taken.append((wait_for(os.path.join(confdir.output, f"{service}.conf"), host.encode()) - begin, put))
            time.sleep(0.01)
        return Latency(taken), watching.memory()


def idle(program, etcd, confdir, resources, seconds=20):
    """CPU share and resident bytes of a daemon in step, while nothing changes."""
    empty(confdir.output)
    deadline = time.monotonic() + 300
    with Watching(program, etcd, confdir) as watching:
        while len(os.listdir(confdir.output)) < resources:
            if time.monotonic() > deadline:
                raise SystemExit(f"{program.name} did not write its {resources} files")
            time.sleep(0.2)
        time.sleep(3)
        before = watching.cpu()
        time.sleep(seconds)
        return (watching.cpu() - before) / seconds, watching.memory()
