"""The resources and templates that are measured, written into a working folder."""

import json
import os

NESTED = """\
{{ $services := ls "/services" }}
{{ range $service := $services }}
{{ $servers := getvs ( printf "/services/%s/servers/*" $service ) }}
{{ if $servers }}
upstream {{ $service }} {
  {{ range $server := $servers }}
  {{ $data := json $server }}
  server {{ $data.host }}:{{ $data.port }};
  {{ end }}
}
{{ end }}
{{ end }}

server {
  server_name hostname;
  {{ range $service := $services }}
  {{ $servers := getvs ( printf "/services/%s/servers/*" $service ) }}
  {{ if $servers }}
  location /{{ $service }} {
    rewrite /{{ $service }}/(.*) /$1 break;
    proxy_pass http://{{ $service }};
  }
  {{ end }}
  {{ end }}
}
"""

FLAT = """\
{{range gets "/services/*/servers/*"}}{{$d := json .Value}}{{.Key}} server {{$d.host}}:{{$d.port}};
{{end}}"""

THREE = """\
host={{getv "/three/host"}}
port={{getv "/three/port"}}
name={{getv "/three/name"}}
"""

SMALL = """{{range gets "/services/*/servers/host00"}}{{.Key}}={{.Value}}
{{end}}"""

# A file for each service, of its servers.
ITEM = """{{range getvs (printf "%s/servers/*" .key)}}{{$d := json .}}server {{$d.host}}:{{$d.port}};
{{end}}"""

LATENCY = """{{getv "/latency/value"}}\n"""


class Confdir:
    """A confdir with `resources` resources of one template, which write into `output`, a folder of its own in `below`."""

    def __init__(self, folder, name, template, keys, resources=1, below=None, items=None):
        """`keys` is a path or a list of them. With `items`, a pattern of keys, there is a file for each key or directory that matches."""
        self.path = os.path.join(folder, name)
        self.output = os.path.join(below or os.path.join(folder, "out"), name)
        for part in ("conf.d", "templates"):
            os.makedirs(os.path.join(self.path, part))
        os.makedirs(self.output)
        with open(os.path.join(self.path, "templates", f"{name}.tmpl"), "w") as file:
            file.write(template)
        for number in range(resources):
            with open(os.path.join(self.path, "conf.d", f"{number}.toml"), "w") as file:
                file.write(f'[template]\nsrc = "{name}.tmpl"\ndest = "{self.output}/{"{{.name}}" if items else number}.conf"\n'
                           f'mode = "0644"\nkeys = {json.dumps(keys if isinstance(keys, list) else [keys])}\n' + (f'for_each = "{items}"\n' if items else ""))
