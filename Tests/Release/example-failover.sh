# One of four upstreams stops and starts again, one leaves the list.
example=$source/examples/failover
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates "$example"/keys.yaml /etc/confd/
rm -f /etc/nginx/sites-enabled/default
for port in 8001 8002 8003 8004; do start_backend "$port" "$port"; done
proxy=/etc/nginx/conf.d/proxy.conf
start confd as-unit confd -watch -backend file -file /etc/confd/keys.yaml
eventually holds "$proxy" 127.0.0.1:8004
start nginx nginx -g 'daemon off;'
eventually is_open 80
eventually is_served_by "8001 8002 8003 8004 "

start_load http://127.0.0.1/
crash backend_8002
eventually is_served_by "8001 8003 8004 "
start_backend 8002 8002
eventually is_served_by "8001 8002 8003 8004 "
workers=$(children "$nginx")
sed -i '/8003/d' /etc/confd/keys.yaml
eventually lacks "$proxy" 127.0.0.1:8003
# The old workers may send requests to the server until they have ended.
eventually have_ended $workers
eventually is_served_by "8001 8002 8004 "
stop backend_8003
end_load
