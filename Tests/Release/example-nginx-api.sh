# An upstream follows the keys through the API of NGINX Plus: a stand-in of the test's own speaks it.
example=$source/examples/nginx-api
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
start_etcd
start_nginx() {
  start nginx python3 "$source/Tests/Release/nginx-plus-stand-in.py"
  eventually is_open 8080
}
servers() {
  curl -s --max-time 5 http://127.0.0.1:8080/api/9/http/upstreams/web/servers |
    python3 -c 'import json, sys; print(*sorted(one["server"] for one in json.load(sys.stdin)))' 2>/dev/null
}
has() { [ "$(servers)" = "$1" ]; } # ADDRESSES
start_confd() { start confd as-unit confd -watch -node http://127.0.0.1:2379; }

# First fill.
put /web/a 10.0.0.1:80
put /web/b 10.0.0.2:80
start_nginx
start_confd
eventually has "10.0.0.1:80 10.0.0.2:80"
# Set, delete, the end of a lease.
put /web/c 10.0.0.3:80
eventually has "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"
etcdctl del /web/a >/dev/null
eventually has "10.0.0.2:80 10.0.0.3:80"
lease=$(etcdctl lease grant 600 | awk '{ print $2 }')
etcdctl put /web/d 10.0.0.4:80 --lease="$lease" >/dev/null
eventually has "10.0.0.2:80 10.0.0.3:80 10.0.0.4:80"
holds /etc/confd/web.servers.json 10.0.0.4 || fail "the file lacks a server"
etcdctl lease revoke "$lease" >/dev/null
eventually has "10.0.0.2:80 10.0.0.3:80"
# nginx was restarted, and no key has changed.
crash nginx
start_nginx
eventually has "10.0.0.2:80 10.0.0.3:80"
# confd was away.
crash confd
etcdctl del /web/b >/dev/null
put /web/e 10.0.0.5:80
curl -sf -d '{"server": "10.9.9.9:80"}' http://127.0.0.1:8080/api/9/http/upstreams/web/servers >/dev/null
start_confd
eventually has "10.0.0.3:80 10.0.0.5:80"
holds nginx.log '" 400' && fail "a server was added twice"
stop confd
