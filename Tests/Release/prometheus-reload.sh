# A real Prometheus, which is configured by keys: checked by promtool without a shell, reloaded over HTTP.
mkdir -p conf.d templates prometheus
cat >templates/prometheus.yml.tmpl <<'END'
scrape_configs:
  - job_name: apps
    static_configs:
      - targets: [{{join (getvs "/apps/*") ", "}}]
END
cat >conf.d/prometheus.toml <<END
[template]
src = "prometheus.yml.tmpl"
dest = "$PWD/prometheus/prometheus.yml"
keys = ["/apps"]
check_cmd = ["promtool", "check", "config", "{{.src}}"]
[template.reload]
http = { url = "http://127.0.0.1:9090/-/reload" }
END
start_etcd
put /apps/a 10.0.1.1:80
confd -onetime -node http://127.0.0.1:2379 -confdir . 2>first.log && fail "there is no Prometheus to reload yet"
holds first.log "1 written, 1 reload owed" || fail "$(cat first.log)"

start prometheus prometheus --config.file=prometheus/prometheus.yml --storage.tsdb.path=prometheus/data \
  --web.listen-address=127.0.0.1:9090 --web.enable-lifecycle
start confd confd -watch -interval 0 -node http://127.0.0.1:2379 -confdir . -metrics-addr 127.0.0.1:9100
# The configuration that Prometheus runs with, not the file.
runs_with() { curl -s http://127.0.0.1:9090/api/v1/status/config | grep -qF -- "$1"; }
eventually runs_with 10.0.1.1:80
put /apps/b 10.0.1.2:80
eventually runs_with 10.0.1.2:80
metrics() { curl -s http://127.0.0.1:9100/metrics >metrics; }
is_settled() { metrics && grep -q '^confd_reload_owed{.*} 0' metrics; }
eventually is_settled

# promtool refuses it: the file stays as it is.
put /apps/c '"not a target'
eventually holds confd.log "Config check failed: exit status 1"
lacks prometheus/prometheus.yml "not a target" || fail "a refused file was installed"

# While it is down the reload stays owed, and comes when it is back.
refusals() { grep -c "connection refused" confd.log || true; }
before=$(refusals)
stop prometheus
put /apps/c 10.0.1.3:80
is_owed() { metrics && grep -q '^confd_reload_owed{.*} 1' metrics; }
eventually is_owed
says_why() { [ "$(refusals)" -gt "$before" ]; }
eventually says_why
start prometheus prometheus --config.file=prometheus/prometheus.yml --storage.tsdb.path=prometheus/data \
  --web.listen-address=127.0.0.1:9090 --web.enable-lifecycle
eventually runs_with 10.0.1.3:80
eventually is_settled
stop confd
stop prometheus
