# The same job in each dialect, with the command lines of each.
cp -r "$source/examples/moving" example
cd example
renders() { # FOLDER COMMAND...
  "${@:2}" || fail "$* ended with $?"
  equal "the file of $1" "$(cat app.conf)" "$(cat expected)"
  rm app.conf
}
renders confd-0.17 confd -onetime -backend file -file keys.yaml -confdir confd-0.17
renders fork-0.41 confd file --onetime --file keys.yaml --confdir fork-0.41 --template-cache
renders consul-template confd -onetime -backend file -file keys.yaml -confdir consul-template
start_etcd
put /app/name shop
put /app/database/host db.example
put /app/database/port 5432
put /app/hosts/a 10.0.1.10
put /app/hosts/b 10.0.1.11
renders confd-0.17 confd -onetime -backend etcdv3 -node 127.0.0.1:2379 -confdir confd-0.17
renders fork-0.41 confd etcd --onetime --node http://127.0.0.1:2379 --confdir fork-0.41
