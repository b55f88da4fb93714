# etcd comes back without its data, and nginx goes on with the servers of before.
example=$source/examples/guards
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
for port in 8001 8002 8003 8004; do start_backend "$port" "$port"; done
seed() { for port in 8001 8002 8003 8004; do put "/services/web/servers/$port" "127.0.0.1:$port"; done; }
start_etcd
seed
web=/etc/nginx/conf.d/web.conf
start confd as-unit confd -watch -interval 1 -node http://127.0.0.1:2379 -metrics-addr 127.0.0.1:9100
eventually holds "$web" 127.0.0.1:8004
start nginx nginx -g 'daemon off;'
eventually is_open 80
eventually is_served_by "8001 8002 8003 8004 "
are_held() { curl -s http://127.0.0.1:9100/metrics | grep -qx "confd_resources{state=\"held\"} $1"; }

start_load http://127.0.0.1/
crash etcd
rm -r "$work/etcd"
start_etcd
eventually are_held 1
# There is a file.
eventually shows http://127.0.0.1:9100/ready ok
is_served_by "8001 8002 8003 8004 " || fail "servers are gone"
# The keys are back, as from the right backup.
seed
eventually are_held 0
end_load
equal "number of lines about it" "$(grep -c 'held by guard' "$work/confd.log")" 1

# This time the keys are deleted on purpose.
for port in 8002 8003 8004; do etcdctl del "/services/web/servers/$port" >/dev/null; sleep 0.2; done
eventually are_held 1
confd release web.toml
eventually is_served_by "8001 "
eventually are_held 0
