# The README's first minute, command by command; then its resource and the first one of docs/resources.md, with the README's key
# and a real nginx.

# split SECTION: the commands of a section of the README as 1.sh, 2.sh ..., and what it says that each prints as 1.out ...
split() {
  sed -n "/^## $1/,/^## /p" "$source/README.md" |
    awk '/^ *```sh$/ { file = ++n ".sh"; next } /^ *```$/ { file = file ? "" : n ".out"; next } file { print > file }'
}

mkdir first-minute
cd first-minute
split 'The first minute'
codes=
for commands in 1 2 3; do
  code=0
  bash "$commands.sh" >stdout 2>stderr || code=$?
  codes="$codes $code"
  # The page shows one of the two streams: the other one may have log lines, with times.
  cmp -s "$commands.out" stdout || cmp -s "$commands.out" stderr ||
    fail "README.md, command $commands prints $(cat stdout stderr), not $(cat "$commands.out")"
done
equal "exit codes of the first minute" "$codes" " 0 3 2"
equal "reloads of the first minute" "$(wc -l <first/reloads)" 1
[ ! -e 4.sh ] || fail "README.md: the first minute has commands that are not tested"
cd ..

first_resource() { # PAGE
  awk '/^ *```toml/ { inside = 1; next } /^ *```/ { if (inside) exit } inside' "$source/$1"
}

mkdir -p /etc/confd/conf.d /etc/confd/templates
cp "$source/templates/nginx.conf.tmpl" /etc/confd/templates/
rm -f /etc/nginx/sites-enabled/default
start_etcd
eval "$(grep -E '^ *etcdctl put' "$source/README.md")" >/dev/null
for page in README.md docs/resources.md; do
  rm -f /etc/nginx/conf.d/*.conf
  first_resource "$page" >/etc/confd/conf.d/nginx.toml
  confd -validate -strict || fail "the resource of $page is not valid"
  start nginx nginx -g 'daemon off;'
  eventually test -s /run/nginx.pid
  if [ "$page" = README.md ]; then
    # The four ways to run it; the last one stays.
    grep -E '^ *confd -(validate|onetime|watch) .*#' "$source/README.md" >ways
    equal "ways to run it in README.md" "$(wc -l <ways)" 4
    head -n 3 ways | bash -e || fail "README.md: a way to run it fails"
    start confd bash -c "exec $(tail -n 1 ways)"
    etcdctl put /services/shop/servers/b '{"host": "10.0.1.11", "port": 8001}' >/dev/null
    eventually holds /etc/nginx/conf.d/services.conf "server 10.0.1.11:8001;"
    stop confd
  else
    confd -onetime -node http://127.0.0.1:2379 || fail "the resource of $page cannot be applied"
  fi
  holds /etc/nginx/conf.d/services.conf "server 10.0.1.10:8001;" || fail "$page: the server is missing"
  eventually is_open 8080
  stop nginx
  eventually test ! -e /run/nginx.pid
done
