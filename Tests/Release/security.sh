# What docs/security.md says: its role of etcd is enough and no more, and its templates refuse and quote values.
page=$source/docs/security.md
block() { # WORD: the first block of that kind
  awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { if (inside) exit } inside' "$page"
}
mkdir -p /etc/confd/conf.d /etc/confd/templates
start_etcd
put /services/shop/servers/a 10.0.0.1:80
put /other secret
printf secret >/etc/confd/password
chmod 0600 /etc/confd/password
block sh >role
holds role "user grant-role" || fail "no commands in $page"
bash -e ./role >/dev/null
echo rootpw | etcdctl user add root --interactive=false >/dev/null
etcdctl user grant-role root root >/dev/null
etcdctl auth enable >/dev/null

block template >/etc/confd/templates/a.tmpl
printf '[template]\nsrc = "a.tmpl"\ndest = "/etc/a"\nkeys = ["/services"]\n' >/etc/confd/conf.d/a.toml
run() { confd -onetime -node http://127.0.0.1:2379 -username confd -password-file /etc/confd/password "$@"; }
run || fail "the role is not enough"
equal "the file" "$(cat /etc/a)" "server 10.0.0.1:80;"
is_denied() { # COMMAND...
  ! etcdctl --user confd:secret "$@" 2>denied && holds denied "permission denied"
}
is_denied put /services/x y || fail "the role may write: $(cat denied)"
is_denied get /other || fail "the role may read other keys: $(cat denied)"

etcdctl --user root:rootpw put /services/shop/servers/b '10.0.0.1; } server {' >/dev/null
code=0
run >refused 2>&1 || code=$?
equal "the exit code" "$code" 1
holds refused "/services/shop/servers/b is no address" || fail "$(cat refused)"
lacks refused "server {" || fail "the value is in the log"
equal "the file" "$(cat /etc/a)" "server 10.0.0.1:80;"

# The row for shells, with what could end its quotes.
cat >shell.yaml <<'END'
v: "it's $(touch /etc/run); \\"
END
{
  printf '%s' '{{$v := getv "/v"}}'
  sed -n "s/^| read by a shell.*| \`\(X=.*\)\`; .*/\1/p" "$page"
} >shell.tmpl
holds shell.tmpl X= || fail "no row for shells in $page"
confd render -template shell.tmpl -file shell.yaml >shell
equal "what a shell reads" "$(. ./shell && echo "$X")" "it's \$(touch /etc/run); \\"
[ ! -e /etc/run ] || fail "the value ran as a command"
