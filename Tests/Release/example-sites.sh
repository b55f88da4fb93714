# Sites of nginx, a file for each: one comes, one changes, one goes.
example=$source/examples/sites
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
for port in 8001 8002; do start_backend "$port" "$port"; done
start_etcd
site() { put "/sites/$1/host" "$1.example.com"; put "/sites/$1/server" "127.0.0.1:$2"; }
for name in a b c; do site "$name" 8001; done
folder=/etc/nginx/conf.d
echo '# of somebody else' >"$folder/other.conf"
start confd as-unit confd -watch -interval 1 -node http://127.0.0.1:2379 -metrics-addr 127.0.0.1:9100
eventually holds "$folder/site-c.conf" c.example.com
start nginx nginx -g 'daemon off;'
eventually is_open 80
answers() { [ "$(curl -s -H "Host: $1.example.com" http://127.0.0.1/)" = "$2" ]; }
eventually answers b 8001

site d 8002
put /sites/a/server 127.0.0.1:8002
etcdctl del --prefix /sites/b/ >/dev/null
eventually answers d 8002
eventually answers a 8002
is_gone() { [ ! -e "$folder/site-b.conf" ]; }
eventually is_gone
equal "files" "$(cd "$folder" && echo *)" "other.conf site-a.conf site-c.conf site-d.conf"

# More than half at once are held; a store without keys changes nothing.
etcdctl del --prefix /sites/ >/dev/null
are_held() { curl -s http://127.0.0.1:9100/metrics | grep -q 'confd_resources{state="held"} [1-9]'; }
eventually are_held
equal "files" "$(cd "$folder" && echo *)" "other.conf site-a.conf site-c.conf site-d.conf"
