# The Grafana dashboard: each metric and label that it asks for is one that a daemon exports, and a real Prometheus that scrapes a
# daemon with something of everything (a failing template, a failing reload, a backend that is away, a server that is down, a
# service, a balancer) answers each of its queries.
dashboard=$source/packaging/grafana/confd.json
check() { python3 "$source/Tests/Release/dashboard.py" "$@"; }

start_etcd
mkdir -p conf.d templates
put /app/servers/a 127.0.0.1:81
echo '{{range gets "/app/servers/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}{{end}}' >templates/a.tmpl
echo x >templates/x.tmpl
echo '{{fail "on purpose"}}' >templates/fails.tmpl
cat >conf.d/app.toml <<END
[[template]]
src = "a.tmpl"
dest = "$PWD/a.json"
keys = ["/app"]
[template.apply]
driver = "haproxy"
socket = "$PWD/none"
backend = "web"
[[template.health_check]]
keys = "/app/servers/*"
type = "tcp"
interval = "1s"
timeout = "1s"
fall = 1

[[template]]
src = "x.tmpl"
dest = "$PWD/owed"
reload_cmd = "exit 1"

[[template]]
src = "fails.tmpl"
dest = "$PWD/fails"

[service]
key = "/services/x"
value = "x"
END
cat >conf.d/away.toml <<END
[backend]
backend = "etcd"
nodes = ["http://127.0.0.1:1"]
[template]
src = "x.tmpl"
dest = "$PWD/away"
keys = ["/app"]
END
cat >prometheus.yml <<'END'
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: confd
    static_configs: [{targets: ["127.0.0.1:9100", "127.0.0.1:9101"]}]
END
start confd confd -watch -node http://127.0.0.1:2379 -confdir . -metrics-addr 127.0.0.1:9100
have_metrics() {
  curl -s http://127.0.0.1:9100/metrics >metrics && check names "$dashboard" metrics 2>names.log
}
eventually have_metrics

# dashboard.py finds a wrong metric name, and a wrong label in a selector, in a legend and in a sum.
for wrong in s/confd_ready/confd_steady/ 's/state=\\"dirty\\"/kind=\\"dirty\\"/' \
  's/{{dest}} {{type}}/{{dest}} {{kind}}/' 's/by (version)/by (release)/'; do
  sed "$wrong" "$dashboard" >wrong.json
  ! cmp -s "$dashboard" wrong.json || fail "nothing to change: $wrong"
  ! check names wrong.json metrics 2>/dev/null || fail "not found: $wrong"
done

start prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:9090
have_answers() { check answers "$dashboard" http://127.0.0.1:9090 2>answers.log; }
eventually is_open 9090
end=$((SECONDS + 120))
until have_answers; do
  [ "$SECONDS" -lt "$end" ] || fail "$(cat answers.log)"
  sleep 0.5
done
stop prometheus
stop confd
