"""Speaks the published API of NGINX Plus for one upstream `web`, as far as confd uses it. Its servers are gone when it ends."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = "/api/9/http/upstreams/web"
servers = {}
numbers = iter(range(1_000_000))


class API(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, {"error": {"status": status, "text": code, "code": code}})

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")

    def do_GET(self):
        if self.path == BASE:
            peers = [{"id": number, "server": one["server"], "state": "up"} for number, one in servers.items()]
            self.answer(200, {"peers": peers, "zone": "web"})
        elif self.path == BASE + "/servers":
            self.answer(200, list(servers.values()))
        else:
            self.refuse(404, "UpstreamNotFound")

    def do_POST(self):
        given = self.body()
        if any(one["server"] == given["server"] for one in servers.values()):
            return self.refuse(400, "EntryExists")
        number = next(numbers)
        servers[number] = {"id": number, "weight": 1, "backup": False, "down": False, **given}
        self.answer(201, servers[number])

    def change(self, act):
        given = self.body()
        found = re.fullmatch(BASE + r"/servers/(\d+)", self.path)
        number = int(found[1]) if found else -1
        if number not in servers:
            return self.refuse(404, "UpstreamServerNotFound")
        act(number, given)
        self.answer(200, list(servers.values()))

    def do_PATCH(self):
        self.change(lambda number, given: servers[number].update(given))

    def do_DELETE(self):
        self.change(lambda number, given: servers.pop(number))

    def log_message(self, form, *words):
        if self.command != "GET":
            print(form % words, flush=True)


ThreadingHTTPServer(("127.0.0.1", 8080), API).serve_forever()
