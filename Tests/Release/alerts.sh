# The alert rules: the alerts that they raise for given series (promtool), and that a daemon has each metric and label that
# they name.
rules=$source/packaging/prometheus/confd-alerts.yml
cp "$rules" "$source/Tests/Release/alerts-test.yml" .
promtool check rules confd-alerts.yml >/dev/null || fail "the rules are not valid"
promtool test rules alerts-test.yml || fail "the rules do not do what their tests say"

mkdir -p conf.d templates
echo 'app: {host: 127.0.0.1}' >keys.yaml
echo '{"id": "a", "address": "{{getv "/app/host"}}:80"}' >templates/a.tmpl
printf '[template]\nsrc = "a.tmpl"\ndest = "%s/a.json"\nkeys = ["/app"]\n[template.apply]\ndriver = "haproxy"\nsocket = "%s/none"\nbackend = "web"\n[[template.health_check]]\nkeys = "/none/*"\ntype = "tcp"\n' \
  "$PWD" "$PWD" >conf.d/a.toml
# Rollouts need etcd.
start_etcd
put /app/host 127.0.0.1
echo '{{getv "/app/host"}}' >templates/b.tmpl
printf '[template]\nsrc = "b.tmpl"\ndest = "%s/b"\nkeys = ["/app"]\n[template.rollout]\ngroup = "all"\n[backend]\nbackend = "etcd"\nnodes = ["http://127.0.0.1:2379"]\n' \
  "$PWD" >conf.d/b.toml
start confd confd -interval 600 -backend file -file keys.yaml -confdir . -metrics-addr 127.0.0.1:9100
have_metrics() { curl -s http://127.0.0.1:9100/metrics >metrics && grep -q '^confd_apply_equal' metrics && grep -q '^confd_rollout_halted' metrics; }
eventually have_metrics
# NAME{state="dirty"} as the rules have them; `up` is Prometheus' own.
for expression in $(sed -n 's/^ *expr: \([a-z_]*\(\|{[^}]*}\)\) .*/\1/p' "$rules" | grep -v '^up'); do
  grep -qF -- "${expression%\}}" metrics || fail "no metric $expression"
done
equal "rules with a metric" "$(sed -n 's/^ *expr: confd.*/x/p' "$rules" | wc -l)" 8
for label in backend source dest balancer resource; do holds metrics "$label=\"" || fail "no label $label"; done
stop confd
