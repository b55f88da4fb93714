# The examples of docs/resources.md, each applied over the README's key: the file is there, a second run changes nothing.
mkdir -p /etc/confd/conf.d /etc/confd/templates
cp "$source"/templates/* /etc/confd/templates/
rm -f /etc/nginx/sites-enabled/default
start_etcd
eval "$(grep -E '^ *etcdctl put' "$source/README.md")" >/dev/null
awk '/^```toml/ { file = ++n ".toml"; next } /^```/ { file = "" } file { print > file }' "$source/docs/resources.md"
[ -e 9.toml ] || fail "docs/resources.md has less than nine examples"
for example in [0-9]*.toml; do
  # The first example is checked with nginx: documentation.sh tests it.
  ! holds "$example" "nginx -t" || continue
  rm -f /etc/confd/conf.d/*
  cp "$example" /etc/confd/conf.d/
  confd -validate -strict || fail "$example is not valid: $(cat "$example")"
  confd -onetime -node http://127.0.0.1:2379 2>"$example.log" || fail "$(cat "$example" "$example.log")"
  holds "$example.log" "1 changed, 0 in sync, 0 failed" || fail "$(cat "$example" "$example.log")"
  confd -check -node http://127.0.0.1:2379 || fail "$example: a second run would change something"
done
holds /etc/app/services.json '"host": "10.0.1.10"' || fail "no server in services.json"
holds /etc/app/deploy.yaml 'deploy shop ${{ github.sha }}' || fail "$(cat /etc/app/deploy.yaml)"
holds /etc/app/shop.site "upstream shop" || fail "no file for the service"
equal "owner and mode" "$(stat -c %U:%G:%a /etc/app/owner.conf)" "root:daemon:640"
[ ! -e /etc/app/checked.conf.bak ] || fail "a backup of nothing"
[ -e /run/app-reloaded ] || fail "the array did not run"
