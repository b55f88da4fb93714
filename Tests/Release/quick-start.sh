# docs/quick-start.md, command by command, in one shell: what it prints is what the page says.
start_etcd
awk '
  /^```sh$/ { n++; kind = "sh"; next }
  /^```$/ && !kind { kind = "out"; next }
  /^```/ { kind = ""; next }
  kind { print > (n "." kind) }
' "$source/docs/quick-start.md"
[ -e 8.sh ] || fail "docs/quick-start.md has less than eight blocks of commands"
running() { confd status -control-socket quick/confd.sock >/dev/null 2>&1; }
for commands in [0-9]*.sh; do
  name=${commands%.sh}
  # Not in a subshell: a daemon stays, and so do variables.
  set +e
  . "./$commands" >"$name.stdout" 2>"$name.stderr"
  set -e
  [ ! -e "$name.out" ] || tail -n "$(wc -l <"$name.out")" "$name.stdout" | cmp -s - "$name.out" ||
    fail "docs/quick-start.md, command $name prints $(cat "$name.stdout" "$name.stderr"), not $(cat "$name.out")"
  ! holds "$commands" "confd -watch" || eventually running
done
holds 3.stderr "1 template: 0 errors, 0 warnings" || fail "$(cat 3.stderr)"
holds 4.stderr "1 changed, 0 in sync, 0 failed" || fail "$(cat 4.stderr)"
holds 7.stdout 'because     range gets "/app/servers/*"' || fail "$(cat 7.stdout 7.stderr)"
holds 8.stdout "key does not exist: /app/port" || fail "$(cat 8.stdout 8.stderr)"
equal "reloads" "$(wc -l <quick/reloads)" 3
