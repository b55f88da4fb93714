# Servers come and go in a running haproxy, and in one that was restarted.
example=$source/examples/haproxy-runtime
mkdir -p /etc/confd /run/haproxy
cp -r "$example"/conf.d "$example"/templates /etc/confd/
start_etcd
for port in 8001 8002 8003; do start_backend "$port" "$port"; done
server() { put "/web/servers/$1" "$2"; }
state() { # NAME: the administrative and operational state of a running server, "unknown" if haproxy does not answer
  echo "show servers state web" | socat -t 60 - UNIX-CONNECT:/run/haproxy/admin.sock 2>/dev/null |
    awk -v name="$1" '/^# / { answered = 1 } $4 == name { state = $7 "/" $6 }
      END { print answered ? state : "unknown" }'
}
has_state() { [ "$(state "$1")" = "$2" ]; }

server a '{"host": "127.0.0.1", "port": 8001}'
start confd as-unit confd -watch -node http://127.0.0.1:2379
eventually holds /etc/haproxy/haproxy.cfg "server a 127.0.0.1:8001"
start haproxy haproxy -W -f /etc/haproxy/haproxy.cfg
eventually shows http://127.0.0.1/ 8001
worker=$(pgrep -P "$haproxy" haproxy)

start_load http://127.0.0.1/
server b '{"host": "127.0.0.1", "port": 8002, "weight": 2}'
# Administrative state 0, running (2).
eventually has_state b 0/2
server c '{"host": "127.0.0.1", "port": 8003}'
eventually has_state c 0/2
server b '{"host": "127.0.0.1", "port": 8002, "drain": true}'
# SRV_ADMF_FDRAIN
eventually has_state b 8/2
etcdctl del /web/servers/b >/dev/null
eventually has_state b ""
etcdctl del /web/servers/a >/dev/null
eventually has_state a ""
stop backend_8001
eventually shows http://127.0.0.1/ 8003
end_load
equal "the worker" "$(pgrep -P "$haproxy" haproxy)" "$worker"

# Keys that change while haproxy is down, and after it is back.
stop haproxy
server b '{"host": "127.0.0.1", "port": 8002}'
eventually holds /etc/haproxy/haproxy.cfg "server b 127.0.0.1:8002"
start haproxy haproxy -W -f /etc/haproxy/haproxy.cfg
eventually has_state b 0/2
etcdctl del /web/servers/c >/dev/null
eventually has_state c ""
eventually shows http://127.0.0.1/ 8002
# A change made by hand at the socket is undone within `reconcile`.
said=$(echo "set server web/b weight 7" | socat -t 60 - UNIX-CONNECT:/run/haproxy/admin.sock | tr -d '\n')
equal "haproxy's answer" "$said" ""
weight() { echo "show servers state web" | socat -t 60 - UNIX-CONNECT:/run/haproxy/admin.sock | awk '$4 == "b" { print $8 }'; }
has_weight() { [ "$(weight)" = "$1" ]; }
eventually has_weight 1
# A key that is deleted while confd is down.
server d '{"host": "127.0.0.1", "port": 8003}'
eventually has_state d 0/2
stop confd
etcdctl del /web/servers/d >/dev/null
start confd as-unit confd -watch -node http://127.0.0.1:2379
eventually has_state d ""
