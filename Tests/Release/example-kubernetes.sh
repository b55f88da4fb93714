# The containers of the example's pod: commands, environment, probes and mounts are read from its manifests.
example=$source/examples/kubernetes
manifest() { # FILE TEMPLATE: what the template gives over the manifest's keys
  echo "$2" >query.tmpl
  confd render -template query.tmpl -file "$example/$1"
}
pod=/spec/template/spec
# What a part of a container says: `list CONTAINER PATTERN` one a line.
list() { manifest deployment.yaml "{{range gets \"$pod/$1/$2\"}}{{.Value}}
{{end}}" | sed '/^$/d'; }
confd=initContainers/0
nginx=containers/0

# It is the pod that the README describes.
equal "who is beside whom" "$(list $confd name) $(list $confd restartPolicy) $(list $nginx name)" "confd Always nginx"
equal "shared process ids" "$(manifest deployment.yaml "{{getv \"$pod/shareProcessNamespace\"}}")" true
equal "mounts of confd" "$(list $confd 'volumeMounts/*/mountPath' | tr '\n' ' ')" "/etc/confd/conf.d /etc/confd/templates /run/site "
equal "mounts of nginx" "$(list $nginx 'volumeMounts/*/mountPath')" /run/site
equal "volumes" "$(list volumes '*/name' | tr '\n' ' ')" "conf-d templates site "
equal "config maps" "$(list volumes '*/configMap/name' | tr '\n' ' ')" \
  "$(manifest kustomization.yaml '{{range gets "/configMapGenerator/*/name"}}{{.Value}} {{end}}')"
equal "the label" "$(manifest service.yaml '{{getv "/spec/selector/app"}}')" \
  "$(manifest deployment.yaml '{{getv "/spec/template/metadata/labels/app"}}')"
equal "the port" "$(manifest service.yaml '{{getv "/spec/ports/0/targetPort"}}')" "$(list $nginx 'ports/*/containerPort')"
for file in $(manifest kustomization.yaml '{{range gets "/resources/*"}}{{.Value}} {{end}}{{range gets "/configMapGenerator/*/files/*"}}{{.Value}} {{end}}'); do
  [ -f "$example/$file" ] || fail "kustomization.yaml names $file"
done

# mount_map NAME FOLDER GENERATION: as a kubelet does, links to a directory that is exchanged at once.
mount_map() {
  mkdir -p "/etc/confd/$1/..$3"
  cp "$2"/* "/etc/confd/$1/..$3"
  ln -sfn "..$3" "/etc/confd/$1/..data.new"
  mv -T "/etc/confd/$1/..data.new" "/etc/confd/$1/..data"
  for file in "$2"/*; do ln -sfn "..data/$(basename "$file")" "/etc/confd/$1/$(basename "$file")"; done
}
mount_map conf.d "$example/conf.d" 1
mount_map templates "$example/templates" 1
mkdir -m 0777 /run/site
echo "127.0.0.1 etcd" >>/etc/hosts

mapfile -t arguments < <(list $confd 'args/*')
mapfile -t command < <(list $nginx 'command/*')
mapfile -t environment < <(manifest deployment.yaml "{{range ls \"$pod/$confd/env\"}}{{\$e := printf \"$pod/$confd/env/%s\" .}}{{getv (printf \"%s/name\" \$e)}}={{getv (printf \"%s/value\" \$e)}}
{{end}}" | sed '/^$/d')
equal "settings" "${#environment[@]}" 3
probe() { # CONTAINER PROBE: the status that it gets
  curl -s -o /dev/null -w '%{http_code}' --max-time 2 \
    "http://127.0.0.1:$(list "$1" "$2/httpGet/port")$(list "$1" "$2/httpGet/path")"
}
gives() { [ "$(probe "$1" "$2")" = "$3" ]; }

# The store comes after the pod: nginx is not started yet.
start sidecar env "${environment[@]}" confd "${arguments[@]}"
eventually gives $confd livenessProbe 200
# It is not ready without a store: its own answer, not one of the server for an engine that is late.
waits() {
  local said
  said=$(curl -s --max-time 2 "http://127.0.0.1:$(list $confd startupProbe/httpGet/port)$(list $confd startupProbe/httpGet/path)") &&
    [ "$said" != "confd does not answer" ] && gives $confd startupProbe 503
}
eventually waits
start_etcd
eventually gives $confd startupProbe 200
start web "${command[@]}"
eventually gives $nginx readinessProbe 204
shows_one() { [ "$(curl -s --max-time 2 http://127.0.0.1:8080/)" = "$1" ]; }
start_backend 8001 one
put /services/shop/servers/a 127.0.0.1:8001
eventually shows_one one
is_in_sync() { env "${environment[@]}" confd status | grep -q ': ready, 1 in sync, 0 not'; }
eventually is_in_sync

# A value that would be more than an address stays out; nginx goes on.
put /services/shop/servers/b '127.0.0.1:8001; } evil {'
eventually holds sidecar.log "/services/shop/servers/b is no address"
eventually shows_one one
etcdctl del /services/shop/servers/b >/dev/null

# A change of the ConfigMap reaches the running pod.
mkdir changed
sed 's|return 204|return 200|' "$example/templates/nginx.conf.tmpl" >changed/nginx.conf.tmpl
mount_map templates changed 2
eventually gives $nginx readinessProbe 200

stop web
stop sidecar
