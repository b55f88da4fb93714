# The binary in a root with nothing else: names from DNS and /etc/passwd, mutual TLS to a real etcd.
root=$work/root
mkdir -p "$root/etc/confd/conf.d" "$root/etc/confd/templates" "$root/etc/ssl/certs" "$root/out"
cp "$confd" "$root/confd"

certificate() { # NAME EXTENSIONS
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$1" 2>/dev/null |
    openssl x509 -req -days 2 -CA ca.pem -CAkey ca.key -extfile <(echo "$2") -out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj "/CN=test" 2>/dev/null
certificate server "subjectAltName=DNS:etcd.test,IP:127.0.0.1"
certificate client "extendedKeyUsage=clientAuth"
cp ca.pem client.pem client.key "$root/etc/confd/"

start etcd etcd --data-dir "$work/etcd" --unsafe-no-fsync --listen-client-urls https://127.0.0.1:2379 \
  --advertise-client-urls https://127.0.0.1:2379 --cert-file server.pem --key-file server.key \
  --trusted-ca-file ca.pem --client-cert-auth
eventually is_open 2379
etcdctl --endpoints https://127.0.0.1:2379 --cacert ca.pem --cert client.pem --key client.key put /app/name one >/dev/null

# The services that this names are shared libraries, and not there.
echo 'passwd: systemd sss files' >"$root/etc/nsswitch.conf"
echo 'hosts: mymachines resolve' >>"$root/etc/nsswitch.conf"
echo 'nameserver 127.0.0.1' >"$root/etc/resolv.conf"
echo 'web:x:4711:4711::/:/bin/false' >"$root/etc/passwd"
echo 'www:x:4712:' >"$root/etc/group"
start dns dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --group=root \
  --listen-address=127.0.0.1 --address=/etcd.test/127.0.0.1
eventually is_bound 53

cat >"$root/etc/confd/conf.d/app.toml" <<'END'
[template]
src = "app.tmpl"
dest = "/out/app"
keys = ["/app"]
owner = "web"
group = "www"
END
echo '{{getv "/app/name"}} {{index (lookupIP "etcd.test") 0}}' >"$root/etc/confd/templates/app.tmpl"

in_root() { timeout 120 env -i "$(command -v chroot)" "$root" /confd "$@" 2>>confd.log; }
tls=(-client-cert /etc/confd/client.pem -client-key /etc/confd/client.key)
in_root -onetime -node https://etcd.test:2379 -client-ca-keys /etc/confd/ca.pem "${tls[@]}" || fail "cannot render"
equal "the file" "$(cat "$root/out/app")" "one 127.0.0.1"
equal "its owner" "$(stat -c %u:%g "$root/out/app")" 4711:4712

# The certificates that the machine trusts.
rm "$root/out/app"
! in_root -onetime -node https://127.0.0.1:2379 "${tls[@]}" || fail "trusts a server that nobody vouches for"
cp ca.pem "$root/etc/ssl/certs/ca-certificates.crt"
in_root -onetime -node https://127.0.0.1:2379 "${tls[@]}" || fail "does not trust the machine's authorities"
equal "the file" "$(cat "$root/out/app")" "one 127.0.0.1"

# YAML, and a daemon that follows.
echo 'app: {name: two}' >"$root/etc/confd/keys.yaml"
start daemon env -i "$(command -v chroot)" "$root" /confd -watch -backend file -file /etc/confd/keys.yaml
eventually holds "$root/out/app" two
echo 'app: {name: three}' >"$root/etc/confd/keys.yaml.new"
mv "$root/etc/confd/keys.yaml.new" "$root/etc/confd/keys.yaml"
eventually holds "$root/out/app" three
stop daemon
equal "what is there" "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" "./confd ./etc/confd/ca.pem \
./etc/confd/client.key ./etc/confd/client.pem ./etc/confd/conf.d/app.toml ./etc/confd/keys.yaml \
./etc/confd/templates/app.tmpl ./etc/group ./etc/nsswitch.conf ./etc/passwd ./etc/resolv.conf \
./etc/ssl/certs/ca-certificates.crt ./out/app "
