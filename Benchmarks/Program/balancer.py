#!/usr/bin/env python3
"""From the put of a server's key to the first request that it answers: through haproxy's runtime API, and through a reload of nginx.

usage: balancer.py CONFD [ROUNDS]
"""

import contextlib
import http.client
import os
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
LIST = '{{range gets "/web/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}\n{{end}}'
UPSTREAM = "upstream web {\n{{range getvs \"/web/*\"}}server {{.}};\n{{end}}}\n"


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


def web_servers(folder, ports):
    servers = "".join(
        f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{text}"; }} }}' for text, port in ports.items())
    write(f"{folder}/web.conf", NGINX.format(folder=folder, servers=servers))
    return running("nginx", "-p", folder, "-c", f"{folder}/web.conf")


def main():
    confd = os.path.realpath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    print("| way | put to first request | put alone | what is added | 9 of 10 |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Etcd() as etcd, contextlib.ExitStack() as stack:
        ports = {"a": free_port(), "b": free_port()}
        stack.enter_context(web_servers(f"{folder}/web", ports))
        etcd.put("/web/a", f"127.0.0.1:{ports['a']}")
        for name, start in (("haproxy's runtime API", haproxy), ("nginx reload", nginx)):
            with contextlib.ExitStack() as inner:
                port = start(inner, f"{folder}/{start.__name__}", etcd, confd)
                wait(port, lambda text: text == b"a")
                report(name, rounds(etcd, port, f"127.0.0.1:{ports['b']}", count))


def watching(stack, confd, etcd, folder, resource, template):
    write(f"{folder}/conf.d/web.toml", f'[template]\nsrc = "web.tmpl"\nkeys = ["/web"]\n{resource}\n')
    write(f"{folder}/templates/web.tmpl", template)
    stack.enter_context(running(
        confd, "-watch", "-interval", "0", "-node", etcd.endpoint, "-confdir", folder, "-control-socket", "none",
        "-state-dir", "none"))


def haproxy(stack, folder, etcd, confd):
    port = free_port()
    write(f"{folder}/haproxy.cfg", HAPROXY.format(folder=folder, port=port))
    stack.enter_context(running("haproxy", "-db", "-f", f"{folder}/haproxy.cfg"))
    watching(
        stack, confd, etcd, folder,
        f'dest = "{folder}/web.json"\n[template.apply]\ndriver = "haproxy"\nsocket = "{folder}/admin.sock"\nbackend = "web"',
        LIST)
    return port


def nginx(stack, folder, etcd, confd):
    port = free_port()
    servers = f"include {folder}/web.conf; server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://web; }} }}"
    write(f"{folder}/nginx.conf", NGINX.format(folder=folder, servers=servers))
    write(f"{folder}/web.conf", "upstream web { server 127.0.0.1:1; }\n")
    stack.enter_context(running("nginx", "-p", folder, "-c", f"{folder}/nginx.conf"))
    watching(
        stack, confd, etcd, folder,
        f'dest = "{folder}/web.conf"\nreload_cmd = "kill -HUP $(cat {folder}/pid)"', UPSTREAM)
    return port


if __name__ == "__main__":
    main()
