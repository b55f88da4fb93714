#!/usr/bin/env python3
"""What health checks of many servers take: ours in the check engine, and haproxy's own of the same targets.

usage: checks.py CHECK-BENCHMARK
"""

import os
import subprocess
import sys
import tempfile
import time

from balancer import NGINX, running, write
from etcd import free_port

SECONDS = 20
INTERVAL = 5
HAPROXY = """
global
  stats socket {folder}/admin.sock mode 600 level admin
  maxconn 2000
defaults
  mode {mode}
  timeout connect 2s
  timeout check 2s
  timeout client 20s
  timeout server 20s
backend all
  {check}
  default-server check inter {interval}s
{servers}
"""


def address(number, port):
    """As CheckBenchmark has them: one server answers at all of these."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}:{port}"


def cpu(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def haproxys_own(folder, kind, count, port):
    check = "option httpchk GET /health" if kind == "http" else "option tcp-check"
    servers = "\n".join(f"  server s{number} {address(number, port)}" for number in range(count))
    write(f"{folder}/{kind}.cfg", HAPROXY.format(
        folder=folder, mode=kind, check=check, servers=servers, interval=INTERVAL))
    with running("haproxy", "-db", "-f", f"{folder}/{kind}.cfg") as haproxy:
        time.sleep(INTERVAL + 2)
        if haproxy.poll() is not None:
            raise SystemExit("haproxy did not start")
        before = cpu(haproxy.pid)
        time.sleep(SECONDS)
        return (cpu(haproxy.pid) - before) / SECONDS


def main():
    benchmark = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = f"server {{ listen 0.0.0.0:{port} backlog=4096; location / {{ return 200 ok; }} }}"
        write(f"{folder}/web.conf", NGINX.format(folder=folder, servers=server))
        with running("nginx", "-p", folder, "-c", f"{folder}/web.conf"):
            time.sleep(0.5)
            for kind, count in (("http", 2_000), ("tcp", 10_000)):
                ours = subprocess.run(
                    [benchmark, kind, str(count), str(port), str(SECONDS), str(INTERVAL * 1000)],
                    check=True, capture_output=True, text=True).stdout
                print(ours, end="", flush=True)
                print(f"haproxy's own: {haproxys_own(folder, kind, count, port) * 100:.1f} % of a core\n", flush=True)


if __name__ == "__main__":
    main()
