# The systemd unit: systemd takes it, and its restrictions are what `as-unit` has the examples run under.
unit=$source/packaging/confd.service
# The program that it starts is not installed here. With the drop-in that docs/running.md shows.
sed 's|^ExecStart=/usr/bin/confd|ExecStart=/bin/true|' "$unit" >"$work/confd.service"
mkdir "$work/confd.service.d"
awk '/^```ini/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/docs/running.md" >"$work/confd.service.d/docs.conf"
holds "$work/confd.service.d/docs.conf" "[Service]" || fail "docs/running.md shows no drop-in"
systemd-analyze verify --man=no "$work/confd.service" 2>verify.log || fail "$(cat verify.log)"
lacks verify.log confd.service || fail "$(cat verify.log)"
for directory in StateDirectory RuntimeDirectory CacheDirectory; do
  equal "$directory" "$(sed -n "s/^$directory=//p" "$unit")" confd
done

as-unit touch /etc/confd-was-here /run/confd-was-here || fail "/etc and /run cannot be written"
as-unit touch /usr/confd-was-here 2>/dev/null && fail "/usr can be written"
as-unit unshare --uts true 2>/dev/null && fail "it has CAP_SYS_ADMIN"

# Report: nginx -t failed under the unit, at port 80, at its pid file and at its log.
as-unit nginx -t 2>nginx.log || fail "$(cat nginx.log)"
for without in CAP_NET_BIND_SERVICE /run -/var/log/nginx; do
  sed "s| $without\b||" "$unit" >"$work/less.service"
  UNIT=$work/less.service as-unit nginx -t 2>/dev/null && fail "nginx -t needs no $without"
done
true
