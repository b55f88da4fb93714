"""An etcd server of the benchmark's own, and its keys."""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

KEYS_A_SERVICE = 10


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    """A single node on loopback with an empty data folder; ends with the `with` block."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="confd-bench-")
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.endpoint = client
        self.services = 0
        self.command = (
            [os.environ.get("CONFD_TEST_ETCD", "etcd"), "--data-dir", os.path.join(self.folder, "data"),
             "--listen-client-urls", client, "--advertise-client-urls", client,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", f"default={peer}", "--quota-backend-bytes", str(8 << 30)])
        self.start()
        return self

    def start(self):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            self.command, stdout=log, stderr=log, env={**os.environ, "ETCD_UNSUPPORTED_ARCH": os.uname().machine})
        deadline = time.monotonic() + 30
        while True:
            try:
                self.put("/ready", "yes")
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.__exit__()
                    raise SystemExit("etcd does not answer")
                time.sleep(0.1)

    def restart(self):
        """Kills it, and starts it with its data."""
        self.process.kill()
        self.process.wait()
        self.start()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def call(self, path, message):
        request = urllib.request.Request(self.endpoint + path, data=json.dumps(message).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def put(self, key, value):
        self.call("/v3/kv/put", {"key": encoded(key), "value": encoded(value)})

    def load(self, services):
        """Sees to it that `services` services of ten servers each are there: keys /services/svcNNNNNN/servers/hostNN."""
        puts = []
        for service in range(self.services, services):
            for host in range(KEYS_A_SERVICE):
                value = json.dumps({
                    "host": f"10.{service % 250}.{host % 250}.{(service * 7 + host) % 250}", "port": 8000 + host})
                puts.append({"requestPut": {
                    "key": encoded(f"/services/svc{service:06d}/servers/host{host:02d}"), "value": encoded(value)}})
            if len(puts) + KEYS_A_SERVICE > 128 or service == services - 1:
                self.call("/v3/kv/txn", {"success": puts})
                puts = []
        self.services = services
