# Servers come, change and go under load.
example=$source/examples/nginx-upstreams
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
start_etcd
for port in 8001 8002 8003; do start_backend "$port" "$port"; done
# A lease that is renewed must not expire on a busy machine, and one that is not renewed must expire soon. On such a machine a
# probe may be late too, so it takes many failures to count a server as down.
sed -i 's/^interval = .*/interval = "1s"/; s/^fall = .*/fall = 5/' /etc/confd/conf.d/upstreams.toml
register() { # NAME PORT JSON [OPTION...]
  local name=$1 port=$2 json=$3
  shift 3
  start "$name" confd register "/services/shop/servers/$name" "$json" -check "http://:$port/" -check-interval 1s \
    -fall 5 -ttl "${TTL:-60s}" -node http://127.0.0.1:2379 "$@"
}

# A daemon's settings, of which a service without a file takes no socket.
echo 'control-socket = "/run/confd/confd.sock"' >/etc/confd/confd.toml
put /services/empty/balance least_conn
register a 8001 '{"host": "127.0.0.1", "port": 8001}'
is_registered() { [ -n "$(etcdctl get "/services/shop/servers/$1" --print-value-only)" ]; }
eventually is_registered a
start confd as-unit confd -watch -node http://127.0.0.1:2379
upstreams=/etc/nginx/conf.d/upstreams.conf
eventually holds "$upstreams" "server 127.0.0.1:8001;"
start nginx nginx -g 'daemon off;'
eventually shows http://127.0.0.1/shop/ 8001
equal "a service without servers" "$(curl -s -o body -w '%{http_code}' http://127.0.0.1/empty/)" 502

start_load http://127.0.0.1/shop/
TTL=10s register b 8002 '{"host": "127.0.0.1", "port": 8002, "weight": 2, "max_fails": 3, "fail_timeout": "5s"}' -fall 1000
eventually holds "$upstreams" "server 127.0.0.1:8002 weight=2 max_fails=3 fail_timeout=5s;"
register c 8003 '{"host": "127.0.0.1", "port": 8003, "backup": true}'
eventually holds "$upstreams" "server 127.0.0.1:8003 backup;"
put /services/shop/balance least_conn
eventually holds "$upstreams" "    least_conn;"
# A file that nginx would refuse is not installed.
put /services/shop/servers/bad '{"host": "no such host", "port": 1}'
eventually holds confd.log "Config check failed"
lacks "$upstreams" "no such host" || fail "a file that fails its check was used"
etcdctl del /services/shop/servers/bad >/dev/null
# A server that is stopped in order: first its key goes and, when no worker of nginx uses it any more, the server itself.
workers=$(children "$nginx")
stop a
eventually lacks "$upstreams" "127.0.0.1:8001"
eventually have_ended $workers
stop backend_8001
# A server that hangs: the health check on nginx's side removes it, though its key is still there.
kill -STOP "$backend_8002"
eventually lacks "$upstreams" "127.0.0.1:8002"
is_registered b || fail "its own health check has removed it"
kill -CONT "$backend_8002"
eventually holds "$upstreams" "127.0.0.1:8002"
# A server that dies with its confd: nobody deletes the key, and the lease expires.
crash b
eventually lacks "$upstreams" "127.0.0.1:8002"
stop backend_8002
eventually shows http://127.0.0.1/shop/ 8003
end_load
for name in confd a b c; do lacks "$name.log" "-control-socket" || fail "$name: $(cat "$name.log")"; done
confd status >status
holds status "upstreams.toml" || fail "confd status does not ask the daemon: $(cat status)"
