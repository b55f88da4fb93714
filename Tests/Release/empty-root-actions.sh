# In a root with nothing but confd, as its image is: checks and reloads as lists, a signal by pid file, an HTTP request over
# TCP and through a socket.
root=$work/root
mkdir -p "$root/etc/confd/conf.d" "$root/etc/confd/templates" "$root/out" "$root/run"
cp "$confd" "$root/confd"
echo '{{getv "/app/port"}}' >"$root/etc/confd/templates/port.tmpl"
echo 'listen 127.0.0.1:{{getv "/app/port"}};' >"$root/etc/confd/templates/listen.tmpl"
keys() { # PORT
  echo "app: {port: $1}" >"$root/etc/confd/keys.yaml.new"
  mv "$root/etc/confd/keys.yaml.new" "$root/etc/confd/keys.yaml"
}
resource() { # NAME TEMPLATE, and further lines from standard input
  {
    printf '[template]\nsrc = "%s"\ndest = "/out/%s"\nkeys = ["/app"]\n' "$2" "$1"
    cat
  } >"$root/etc/confd/conf.d/$1.new"
  # A daemon never sees half of it.
  mv "$root/etc/confd/conf.d/$1.new" "$root/etc/confd/conf.d/$1.toml"
}
in_root() { timeout 120 env -i "$(command -v chroot)" "$root" /confd "$@" >>confd.log 2>&1; }
options=(-backend file -file /etc/confd/keys.yaml)
keys 8081

# The only program there is confd, so the commands call it: it succeeds with -help, and fails with an unknown flag.
resource list port.tmpl <<'END_OF_FILE'
check_cmd = ["/confd", "-help"]
check = "staged"
reload_cmd = ["/confd", "-version"]
END_OF_FILE
in_root -onetime "${options[@]}" || fail "lists do not run"
equal "the file" "$(cat "$root/out/list")" 8081
resource list port.tmpl <<'END_OF_FILE'
check_cmd = ["/confd", "-no-such-flag", "{{.src}}"]
END_OF_FILE
keys 8082
! in_root -onetime "${options[@]}" || fail "a check that refuses is not heard"
equal "the file" "$(cat "$root/out/list")" 8081
resource list port.tmpl <<<'reload_cmd = "true"'
! in_root -onetime "${options[@]}" || fail "there is a shell"
holds confd.log "there is no shell here: write the command as a list" || fail "no word about the list"
rm "$root/etc/confd/conf.d/list.toml"

# nginx, outside of that root, reads the file and gets a signal by its pid file, although there is no /proc.
resource nginx listen.tmpl <<'END_OF_FILE'
[template.reload]
signal = "HUP"
pid_file = "/run/nginx.pid"
END_OF_FILE
start daemon env -i "$(command -v chroot)" "$root" /confd -watch "${options[@]}"
eventually holds "$root/out/nginx" 8082
eventually holds daemon.log "there is no /run/nginx.pid; it stays owed"
cat >nginx.conf <<END_OF_FILE
daemon off; pid $root/run/nginx.pid; error_log stderr; events {}
http { access_log off; server { include $root/out/nginx; location / { return 200 "ok\n"; } } }
END_OF_FILE
start nginx nginx -p "$work" -c "$work/nginx.conf"
eventually is_open 8082
keys 8083
eventually is_open 8083

# A server that answers once it is asked, over TCP and at a socket in that root.
cat >answer <<'END_OF_FILE'
#!/bin/bash
read -r request
echo "$request" >>"$1"
while read -r line && [ "$line" != $'\r' ]; do :; done
printf 'HTTP/1.1 204 No Content\r\n\r\n'
END_OF_FILE
chmod +x answer
serve() { # NAME ADDRESS
  start "$1" socat "$2" "EXEC:$work/answer $work/$1.requests"
}
resource tcp port.tmpl <<<'reload = { http = { url = "http://127.0.0.1:9090/-/reload" } }'
resource unix port.tmpl <<<'reload = { http = { url = "unix:///run/docker.sock:/containers/nginx/kill?signal=HUP" } }'
eventually holds daemon.log "POST http://127.0.0.1:9090/-/reload: connection refused; it stays owed"
eventually holds daemon.log "/run/docker.sock: no such file or directory; it stays owed"
serve tcp TCP-LISTEN:9090,fork,reuseaddr
serve unix "UNIX-LISTEN:$root/run/docker.sock,fork"
eventually holds tcp.requests "POST /-/reload HTTP/1.1"
eventually holds unix.requests "POST /containers/nginx/kill?signal=HUP HTTP/1.1"
stop daemon
stop nginx
