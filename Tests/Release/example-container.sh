# The entrypoint and the command of the example's Dockerfile, as PID 1.
example=$source/examples/container
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
start_etcd
words() { # INSTRUCTION: its words, one a line
  python3 -c 'import json, re, sys
print("\n".join(json.loads(re.search("^" + sys.argv[1] + " (.*)", open(sys.argv[2]).read(), re.M)[1])))' \
    "$1" "$example/Dockerfile"
}
mapfile -t command < <(words ENTRYPOINT; words CMD)
equal "the command" "${command[*]}" "confd -watch -- nginx -g daemon off;"

put /site/greeting hello
export CONFD_NODE=http://127.0.0.1:2379
start container unshare --pid --fork --mount-proc -- "${command[@]}"
eventually 15 shows http://127.0.0.1/ hello
first=$(pgrep -P "$container")
equal "PID 1" "$(cat "/proc/$first/comm")" confd

start_load http://127.0.0.1/ 4
for greeting in one two three; do
  put /site/greeting "$greeting"
  eventually 10 shows http://127.0.0.1/ "$greeting"
done
end_load

kill -TERM "$first"
code=0
wait "$container" || code=$?
equal "the exit code" "$code" 0
! is_open 80 || fail "nginx is left"
