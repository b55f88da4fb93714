# A service is registered from beside it, and by its entrypoint.
example=$source/examples/sidecar
mkdir -p /etc/confd
cp -r "$example/conf.d" /etc/confd/
# A busy machine may be late for a probe or two.
sed -i 's/^fall = .*/fall = 10/; s/^interval = .*/interval = "1s"/; s/^ttl = .*/ttl = "60s"/' /etc/confd/conf.d/db.toml
start_etcd
value() { etcdctl get "/services/$1/servers/$(hostname)" --print-value-only; }
is_registered() { [ -n "$(value "$1")" ]; }
is_gone() {
  local value
  value=$(value "$1") && [ -z "$value" ]
}

start confd as-unit confd -watch -node http://127.0.0.1:2379
eventually holds confd.log "waits for its health check"
is_gone db || fail "registered before it was verified"
start db socat TCP-LISTEN:5432,fork,reuseaddr EXEC:cat
eventually is_registered db
equal "the value" "$(value db)" '{"host": "127.0.0.1", "port": 5432}'
stop db
eventually is_gone db
start db socat TCP-LISTEN:5432,fork,reuseaddr EXEC:cat
eventually is_registered db
# A restart keeps the key.
stop confd
is_registered db || fail "the key went with confd"

mkdir -p "$work/web"
cat >"$work/web/nginx.conf" <<END
daemon off; master_process off; pid $work/web/pid; error_log stderr; events {}
http { access_log off; server { listen 127.0.0.1:8001; location / { return 200 "ok\n"; } } }
END
start entry confd register '/services/web/servers/{{hostname}}' '{"port": 8001}' -check http://:8001/ \
  -check-interval 1s -fall 10 -drain 10m -node http://127.0.0.1:2379 -- nginx -p "$work/web" -c "$work/web/nginx.conf"
eventually is_registered web
kill -TERM "$entry"
eventually is_gone web
is_open 8001 || fail "nginx ended while the readers of its key were drained"
# While it waits it does nothing: two seconds after the request it once took a whole processor.
ticks() { awk '{ print $14 + $15 }' "/proc/$entry/stat"; }
before=$(ticks)
# The processor time of eight seconds is measured: of them, one that is busy uses more than one second even on a busy machine.
sleep 8
(($(ticks) - before < 100)) || fail "confd is busy while readers are drained"
# A second TERM ends the wait.
kill -TERM "$entry"
wait "$entry" || fail "confd ended with $?"
