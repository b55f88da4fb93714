# Three proxies, one after the other; a server that does not answer reaches one of them, which goes back.
example=$source/examples/rollout
start_etcd
put /web/servers/a 127.0.0.1:8001
# A host is a namespace with a name, a network and an /etc of its own; it reaches etcd through a socket file.
start relay socat "UNIX-LISTEN:$work/etcd.sock,fork" TCP:127.0.0.1:2379
eventually test -S "$work/etcd.sock"
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
# nginx on a busy machine may need longer than that for its new workers, until which the old ones answer.
sed -i 's/^soak = .*/soak = "8s"/' /etc/confd/conf.d/web.toml
grep -q '^soak = "8s"' /etc/confd/conf.d/web.toml || fail "no soak in the example"
cat >boot <<'END'
set -e
hostname "$1"
ip link set lo up
mkdir -p "$2/$1/etc" "$2/$1/run"
cp -a /etc/. "$2/$1/etc"
mount --bind "$2/$1/etc" /etc
mount --bind "$2/$1/run" /run
socat TCP-LISTEN:2379,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:"$2/etcd.sock" &
for port in 8001 8002; do
  cat >"$2/$1/backend-$port.conf" <<CONF
pid $2/$1/backend-$port.pid; error_log stderr; events {}
http { access_log off; server { listen 127.0.0.1:$port; location / { return 200 "$port\n"; } } }
CONF
  nginx -c "$2/$1/backend-$port.conf"
done
nginx
exec confd -watch -interval 0 -node http://127.0.0.1:2379 -state-dir none
END
hosts="web1 web2 web3"
for host in $hosts; do start "$host" unshare --net --uts --mount bash "$work/boot" "$host" "$work"; done
inside() { nsenter --net --mount --target "${!1}" "${@:2}"; } # HOST COMMAND...
answers() { [ "$(inside "$1" curl -s http://127.0.0.1/)" = "$2" ]; } # HOST TEXT
all_answer() { local host; for host in $hosts; do answers "$host" "$1" || return 1; done; } # TEXT
status() { confd rollout status web-proxies | sed -n "s/^web.toml  *[^ ]*  *\([a-z]*\) .*/\1/p"; }
is_state() { [ "$(status)" = "$1" ]; } # STATE
eventually all_answer 8001
eventually is_state done

# A change goes to one host, then to the others.
canaries() { cat web?.log | grep -c "as a canary" || true; }
before=$(canaries)
put /web/servers/a 127.0.0.1:8002
eventually all_answer 8002
eventually is_state done
equal "number of canaries" "$(canaries)" "$((before + 1))"

# A server at a port where nothing listens.
before=$(cat web?.log | grep -c 'has been updated' || true)
put /web/servers/a 127.0.0.1:9
eventually is_state halted
eventually all_answer 8002
# nginx has the previous file before confd has written that it is back.
is_back() { cat web?.log | grep -q 'The previous /etc/nginx/conf.d/web.conf is back'; }
eventually is_back
changed=$(cat web?.log | grep 'has been updated' | tail -n "+$((before + 1))" | wc -l)
equal "number of new files" "$changed" 1
equal "number of files that are back" "$(cat web?.log | grep -c 'The previous /etc/nginx/conf.d/web.conf is back')" 1
equal "number of hosts that were put back" "$(cat web?.log | grep -c 'putting the previous /etc/nginx/conf.d/web.conf back')" 1
confd rollout status web-proxies | grep -q '^web.toml is halted: web[123]: verify_cmd failed: exit status 22$' ||
  fail "$(confd rollout status web-proxies)"

# With a good value the rollout goes on by itself.
put /web/servers/a 127.0.0.1:8001
eventually all_answer 8001
eventually is_state done
for host in $hosts; do stop "$host"; done
stop relay
