# Plain values below one prefix, read through etcd's v2 API every minute, or at once after a signal.
example=$source/examples/flat-prefix
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
start etcd etcd --data-dir "$work/etcd" --unsafe-no-fsync --enable-v2=true \
  --listen-client-urls http://127.0.0.1:4001 --advertise-client-urls http://127.0.0.1:4001
eventually is_open 4001
set_key() { curl -s -f -X PUT "http://127.0.0.1:4001/v2/keys/test/$1" -d "value=$2" "${@:3}" >/dev/null || fail "no $1"; }
for port in 8001 8002; do start_backend "$port" "$port"; done

start nginx nginx -g 'daemon off;'
eventually test -s /run/nginx.pid
set_key a 127.0.0.1:8001
start confd as-unit confd -backend etcdv2 -interval=60 -node=http://127.0.0.1:4001
eventually shows http://127.0.0.1/ 8001
servers() { [ "$(grep -c 'server 127' /etc/nginx/conf.d/test.conf)" = "$1" ]; } # COUNT
set_key b 127.0.0.1:8002 -d ttl=600
kill -HUP "$confd"
eventually servers 2
set_key a 127.0.0.1:8002
kill -HUP "$confd"
eventually lacks /etc/nginx/conf.d/test.conf 127.0.0.1:8001
eventually shows http://127.0.0.1/ 8002
holds /etc/nginx/conf.d/test.conf "server 127.0.0.1:8002;" || fail "no server"
# b expires in the store; confd gets no event of that, and reads again at the next signal.
set_key b "" -d ttl=1 -d refresh=true -d prevExist=true
is_gone() { [ "$(curl -s -o body -w '%{http_code}' "http://127.0.0.1:4001/v2/keys/test/$1")" = 404 ]; }
eventually is_gone b
kill -HUP "$confd"
eventually servers 1
