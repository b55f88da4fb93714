#!/usr/bin/env python3
"""How fast a running balancer follows, through haproxy's runtime API and through a reload of nginx: from the put of a server's key
to the first request that it answers, and from the death of a server to the last request that goes to it.

usage: balancer.py CONFD [ROUNDS [DEATHS]]
"""

import contextlib
import http.client
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

from etcd import Etcd, encoded, free_port

HAPROXY = """
global
  stats socket {folder}/admin.sock mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  retries 0
frontend front
  bind 127.0.0.1:{port}
  default_backend web
backend web
  balance roundrobin
"""
NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {servers}
}}
"""
# As little as a death takes to be noticed: fall * interval + timeout at most.
CHECK = """
[[template.health_check]]
keys = "/web/*"
type = "tcp"
interval = "500ms"
timeout = "250ms"
fall = 2
rise = 1
"""
LIST = '{{range gets "/web/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}\n{{end}}'
UPSTREAM = "upstream web {\n{{range getvs \"/web/*\"}}server {{.}} max_fails=0;\n{{end}}}\n"


@contextlib.contextmanager
def running(*command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def answer(port):
    """What the balancer's next server says, on a connection of its own: reloads end those that are kept."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        return connection.getresponse().read()
    except OSError:
        return b""
    finally:
        connection.close()


def wait(port, isWanted, limit=30):
    """Asks until several answers in a row are wanted; the time before the first of them was asked for."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        text = answer(port)
        if isWanted(text):
            return time.perf_counter()
    raise SystemExit("the servers never changed")


def wait_gone(port):
    last = time.monotonic()
    while time.monotonic() - last < 0.2:
        if answer(port) != b"a":
            last = time.monotonic()


def rounds(etcd, port, server, count):
    """For each round the seconds from before the put to the new server's first answer, and to the put's own."""
    taken = []
    for number in range(count + 2):
        start = time.perf_counter()
        etcd.put("/web/b", server)
        put = time.perf_counter() - start
        first = wait(port, lambda text: text == b"b") - start
        etcd.call("/v3/kv/deleterange", {"key": encoded("/web/b")})
        wait_gone(port)
        # The first ones begin in a cold cache.
        if number >= 2:
            taken.append((first, put))
    return taken


def report(name, taken):
    added = [(first - put) * 1e3 for first, put in taken]
    first = statistics.median(first for first, _ in taken) * 1e3
    put = statistics.median(put for _, put in taken) * 1e3
    p90 = sorted(added)[int(len(added) * 0.9)]
    print(f"| {name} | {first:.1f} ms | {put:.1f} ms | {statistics.median(added):.1f} ms | {p90:.1f} ms |", flush=True)


def deaths(start_server, port, count):
    """For each round the seconds from the death of the second server to the begin of the last request that failed by it."""
    taken = []
    for _ in range(count):
        with start_server():
            wait(port, lambda text: text == b"b")
            # At any time between two probes.
            time.sleep(0.6 + random.random())
        died = last = time.perf_counter()
        while time.perf_counter() - max(died, last) < 2.5:
            begin = time.perf_counter()
            if answer(port) != b"a":
                last = begin
            time.sleep(0.001)
        taken.append(last - died)
    return taken


def report_deaths(name, taken):
    milliseconds = sorted(second * 1e3 for second in taken)
    print(f"| {name} | {statistics.median(milliseconds):.0f} ms | {milliseconds[-1]:.0f} ms |", flush=True)


def web_server(folder, text, port):
    server = f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{text}"; }} }}'
    write(f"{folder}/web.conf", NGINX.format(folder=folder, servers=server))
    return running("nginx", "-p", folder, "-c", f"{folder}/web.conf")


def main():
    confd = os.path.realpath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    death_count = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    ways = (("haproxy's runtime API", haproxy), ("nginx reload", nginx))
    with tempfile.TemporaryDirectory() as folder, Etcd() as etcd, contextlib.ExitStack() as stack:
        ports = {"a": free_port(), "b": free_port()}
        stack.enter_context(web_server(f"{folder}/a", "a", ports["a"]))
        etcd.put("/web/a", f"127.0.0.1:{ports['a']}")
        print("| way | put to first request | put alone | what is added | 9 of 10 |\n|---|---|---|---|---|")
        with web_server(f"{folder}/b", "b", ports["b"]):
            for name, start in ways:
                with contextlib.ExitStack() as inner:
                    port = start(inner, f"{folder}/put-{start.__name__}", etcd, confd)
                    wait(port, lambda text: text == b"a")
                    report(name, rounds(etcd, port, f"127.0.0.1:{ports['b']}", count))
        print("\n| way | death to last request | longest |\n|---|---|---|")
        etcd.put("/web/b", f"127.0.0.1:{ports['b']}")
        for name, start in ways:
            with contextlib.ExitStack() as inner:
                port = start(inner, f"{folder}/death-{start.__name__}", etcd, confd, CHECK)
                report_deaths(name, deaths(lambda: web_server(f"{folder}/b", "b", ports["b"]), port, death_count))


def watching(stack, confd, etcd, folder, resource, template):
    write(f"{folder}/conf.d/web.toml", f'[template]\nsrc = "web.tmpl"\nkeys = ["/web"]\n{resource}\n')
    write(f"{folder}/templates/web.tmpl", template)
    stack.enter_context(running(
        confd, "-watch", "-interval", "0", "-node", etcd.endpoint, "-confdir", folder, "-control-socket", "none",
        "-state-dir", "none"))


def haproxy(stack, folder, etcd, confd, check=""):
    port = free_port()
    write(f"{folder}/haproxy.cfg", HAPROXY.format(folder=folder, port=port))
    stack.enter_context(running("haproxy", "-db", "-f", f"{folder}/haproxy.cfg"))
    watching(
        stack, confd, etcd, folder,
        f'dest = "{folder}/web.json"\n[template.apply]\ndriver = "haproxy"\nsocket = "{folder}/admin.sock"\nbackend = "web"'
        + check,
        LIST)
    return port


def nginx(stack, folder, etcd, confd, check=""):
    port = free_port()
    servers = f"include {folder}/web.conf; server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://web; proxy_next_upstream off; }} }}"
    write(f"{folder}/nginx.conf", NGINX.format(folder=folder, servers=servers))
    write(f"{folder}/web.conf", "upstream web { server 127.0.0.1:1; }\n")
    stack.enter_context(running("nginx", "-p", folder, "-c", f"{folder}/nginx.conf"))
    watching(
        stack, confd, etcd, folder,
        f'dest = "{folder}/web.conf"\nreload_cmd = "kill -HUP $(cat {folder}/pid)"{check}', UPSTREAM)
    return port


if __name__ == "__main__":
    main()
