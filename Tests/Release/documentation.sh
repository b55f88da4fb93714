# The first resource of README.md and of docs/resources.md, with the README's key and a real nginx.
first_resource() { # PAGE
  awk '/^ *```toml/ { inside = 1; next } /^ *```/ { if (inside) exit } inside' "$source/$1"
}

mkdir -p /etc/confd/conf.d /etc/confd/templates
cp "$source/templates/nginx.conf.tmpl" /etc/confd/templates/
rm -f /etc/nginx/sites-enabled/default
start_etcd
eval "$(grep 'etcdctl put' "$source/README.md")" >/dev/null
for page in README.md docs/resources.md; do
  rm -f /etc/nginx/conf.d/*.conf
  first_resource "$page" >/etc/confd/conf.d/nginx.toml
  confd -validate -strict || fail "the resource of $page is not valid"
  start nginx nginx -g 'daemon off;'
  eventually test -s /run/nginx.pid
  confd -onetime -node http://127.0.0.1:2379 || fail "the resource of $page cannot be applied"
  holds /etc/nginx/conf.d/services.conf "server 10.0.1.10:8001;" || fail "$page: the server is missing"
  eventually is_open 8080
  stop nginx
  eventually test ! -e /run/nginx.pid
done
