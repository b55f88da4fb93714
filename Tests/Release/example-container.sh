# The commands of the example's README, with the environment, the entrypoint and the command of its Dockerfile as PID 1.
example=$source/examples/container
mkdir -p /etc/confd
cp -r "$example"/conf.d "$example"/templates /etc/confd/
rm -f /etc/nginx/sites-enabled/default
# All containers share this network, so their names stand for 127.0.0.1.
echo "127.0.0.1 etcd" >>/etc/hosts
words() { # INSTRUCTION: its words in the Dockerfile, one a line
  python3 -c 'import json, re, sys
print("\n".join(json.loads(re.search("^" + sys.argv[1] + " (.*)", open(sys.argv[2]).read(), re.M)[1])))' \
    "$1" "$example/Dockerfile"
}
mapfile -t command < <(words ENTRYPOINT; words CMD)
equal "the command" "${command[*]}" "confd -watch -- nginx -g daemon off;"

# No image can be built here: this stands in for docker.
docker() {
  local image
  case $1 in
  network) equal "docker $*" "$*" "network create site" ;;
  # A real build takes so long that etcd answers by its end.
  build) eventually is_open 2379 ;;
  exec) equal "the container" "$2" etcd && "${@:3}" ;;
  run)
    shift
    while [[ $1 = -* ]]; do
      case $1 in
      -d) shift ;;
      --name) image=$2 && shift 2 ;;
      *) shift 2 ;;
      esac
    done
    if [ "$image" = etcd ]; then start etcd "${@:2}" --unsafe-no-fsync; else start_site; fi
    ;;
  *) fail "docker $*" ;;
  esac
}
start_site() {
  start site env "$(sed -n 's/^ENV //p' "$example/Dockerfile")" unshare --pid --fork --mount-proc -- "${command[@]}"
}
first() { pgrep -P "$site"; }
stop_site() {
  kill -TERM "$(first)"
  local code=0
  wait "$site" || code=$?
  equal "the exit code" "$code" 0
  ! is_open 80 || fail "nginx is left"
}

sed -n '/^```sh$/,/^```$/ { /^```/d; p }' "$example/README.md" >commands
holds commands "docker run" || fail "no commands in the README"
. ./commands >answer
equal "what the README's commands print" "$(tail -n 1 answer)" hello
equal "PID 1" "$(cat "/proc/$(first)/comm")" confd

start_load http://127.0.0.1/
for greeting in one two three; do
  put /site/greeting "$greeting"
  eventually shows http://127.0.0.1/ "$greeting"
done
end_load
stop_site

# Without the key the log says again and again what nginx waits for.
etcdctl del /site/greeting >/dev/null
rm -f site.log /etc/nginx/conf.d/site.conf
start_site
reminders() { grep -c "nginx is not started yet, it waits for site.toml: .*key does not exist: /site/greeting" site.log; }
has_reminders() { [ "$(reminders)" -ge "$1" ]; }
eventually has_reminders 2
put /site/greeting late
eventually shows http://127.0.0.1/ late
stop_site

# An error that no key can mend ends the container.
sed -i 's/getv/getz/' /etc/confd/templates/site.conf.tmpl
rm -f site.log
start_site
code=0
wait "$site" || code=$?
equal "the exit code" "$code" 2
holds site.log getz || fail "$(cat site.log)"
