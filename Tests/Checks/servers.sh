# Real servers that are too large for the usual tests: MariaDB (mysql), Tomcat (ajp), PHP-FPM (fastcgi, over TCP and a
# Unix socket) and grpcio's health server (grpc). Each is up, stops, and comes back. Run by `make test-checks`.
confdir=$work/confdir
mkdir -p "$confdir/conf.d" "$confdir/templates" "$work/out"
list=$work/out/up

# check KIND TARGET FIELD...: a server /s/KIND/a, which is in $list while it is up.
check() {
  printf '  %s: {a: "%s"}\n' "$1" "$2" >>"$work/keys.yaml"
  cat >>"$confdir/conf.d/up.toml" <<END

[[template.health_check]]
keys = "/s/$1/*"
interval = "1s"
timeout = "1s"
rise = 1
fall = 2
min_healthy = 0
$(printf '%s\n' "${@:3}")
END
}

echo 's:' >"$work/keys.yaml"
cat >"$confdir/conf.d/up.toml" <<END
[template]
src = "up.tmpl"
dest = "$list"
keys = ["/s"]
END
echo '{{range gets "/s/*/*"}}{{.Key}}
{{end}}' >"$confdir/templates/up.tmpl"

check php 127.0.0.1:9001 'type = "fastcgi"' 'path = "/ping"'
check php-unix "unix:$work/php/socket" 'type = "fastcgi"' 'path = "/ping"'
check mysql 127.0.0.1:3306 'type = "mysql"' 'user = "check"'
check tomcat 127.0.0.1:8009 'type = "ajp"'
check grpc 127.0.0.1:50051 'type = "grpc"'
check grpc-sick 127.0.0.1:50052 'type = "grpc"'

start_php() {
  mkdir -p "$work/php"
  cat >"$work/php/fpm.conf" <<END
[global]
daemonize = no
error_log = /dev/stderr
[tcp]
listen = 127.0.0.1:9001
user = nobody
pm = static
pm.max_children = 1
ping.path = /ping
[unix]
listen = $work/php/socket
user = nobody
pm = static
pm.max_children = 1
ping.path = /ping
END
  start php "$(ls /usr/sbin/php-fpm* | head -1)" -y "$work/php/fpm.conf"
}

mysql() { mariadb --socket="$work/mysql/socket" --user=root --batch --skip-column-names --execute "$1"; }
start_mysql() {
  if [ ! -d "$work/mysql" ]; then
    mariadb-install-db --no-defaults --user=root --datadir="$work/mysql" --auth-root-authentication-method=normal \
      >"$work/mysql-install.log" 2>&1
  fi
  start mysql mariadbd --no-defaults --user=root --datadir="$work/mysql" --socket="$work/mysql/socket" \
    --bind-address=127.0.0.1 --port=3306
  eventually mysql "SELECT 1" >/dev/null 2>&1
  mysql "CREATE USER IF NOT EXISTS 'check'@'127.0.0.1'"
}

start_tomcat() {
  mkdir -p "$work/tomcat"/{conf,logs,temp,work,webapps}
  cat >"$work/tomcat/conf/server.xml" <<END
<Server port="-1"><Service name="a">
<Connector protocol="AJP/1.3" address="127.0.0.1" port="8009" secretRequired="false"/>
<Engine name="a" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
</Service></Server>
END
  CATALINA_BASE=$work/tomcat start tomcat /usr/share/tomcat10/bin/catalina.sh run
}

start_grpc() { start grpc python3 "$source/Tests/Checks/grpc-health-server" 50051 SERVING; }

start_php
start_mysql
start_tomcat
start_grpc
start grpc_sick python3 "$source/Tests/Checks/grpc-health-server" 50052 NOT_SERVING
for port in 9001 8009 50051 50052; do eventually is_open "$port"; done

start confd confd -watch -backend file -file "$work/keys.yaml" -confdir "$confdir" -log-level debug
is_up() { holds "$list" "/s/$1/a"; }
is_down() { [ -e "$list" ] && ! is_up "$1"; }
for kind in php php-unix mysql tomcat grpc; do eventually is_up "$kind"; done
eventually is_down grpc-sick

# A probe that logs in leaves no aborted connection behind: the pause is long enough for several probes.
sleep 5
equal "the number of aborted connections" "$(mysql "SHOW GLOBAL STATUS LIKE 'Aborted_connects'" | cut -f2)" 0

# Two probes that are a second apart must fail.
goes() { # KIND SECONDS-SINCE-EPOCH-WITH-FRACTION
  eventually is_down "$1"
  echo "$1 was out after $(awk "BEGIN {printf \"%.2f\", $(date +%s.%N) - $2}") s"
}
for kind in php mysql tomcat grpc; do
  before=$(date +%s.%N)
  crash "$kind"
  goes "$kind" "$before"
  [ "$kind" != php ] || goes php-unix "$before"
  "start_$kind"
  eventually is_up "$kind"
done
eventually is_up php-unix
stop confd
