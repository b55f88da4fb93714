import Backends

// The tables of resource files, but for health checks.
extension TableHelp {
    static var template: TableHelp {
        TableHelp(
            title: "[template], [[template]]", summary: "a file that is made from a template",
            fields: templateFields, forms: FieldProbe.template)
    }

    /// In the order of docs/resources.md.
    private static let templateFields = [
        Field("src", help: "the template, below CONFDIR/templates or absolute; required"),
        Field("dest", help: "the file to write; required"),
        Field("keys", help: "the keys that the template sees, each with all keys below it (none)"),
        Field("prefix", help: "joined before the keys, and taken off what the template sees (/)"),
        Field("mode", help: "octal digits (as the file has it, else 0644)"),
        Field("owner", "group", help: "names or numbers (as the file has them, else ours)"),
        Field("uid", "gid", help: "the same as numbers"),
        Field("check_cmd", help: "has to accept {{.src}}, or what is in place: text for a shell, or a list of words"),
        Field("check", help: "what check_cmd judges (staged if it names {{.src}})"),
        Field("output_format", help: "what must parse before it is installed"),
        Field("reload_cmd", help: "runs after the file was replaced: text for a shell, or a list of words"),
        Field("reload_signal", help: "signal for the child COMMAND, in place of a command"),
        Field("reload", help: "[template.reload]: a signal or an HTTP request, in place of a command"),
        Field("check_cmd_timeout", "reload_cmd_timeout", help: "limits of the commands (30s, 60s)"),
        Field(
            "debounce", "max_wait",
            help: "wait for this much quiet before a render, and no longer than that (0, 4 times debounce)"),
        Field("min_reload_interval", help: "time between two reloads; a reload that is early is deferred (0)"),
        Field("make_dirs", help: "whether to create the directories above dest (false)"),
        Field("backup", help: "whether to keep the previous file as DEST.bak (false)"),
        Field("rollback", help: "whether to put the previous file back when its reload keeps failing (false)"),
        Field("health_check", help: "[[template.health_check]]: which keys are servers, and how those are probed"),
        Field("guard", help: "[template.guard]: how much a rendering may lose; one that loses more is held"),
        Field("apply", help: "[template.apply]: the running balancer whose servers are kept equal to the rendering"),
        Field("rollout", help: "[template.rollout]: many hosts change one after the other, canaries first"),
        Field(
            "for_each",
            help: "a pattern over keys and directories: each match has a file of its own, and dest holds {{.name}}"),
        Field("prune", help: "with for_each: whether to remove files of items that are gone (false)"),
        Field("max_remove", help: "with prune: how many of them may go at once; more are held (50%; 0: no limit)"),
        Field("check_each", help: "with for_each: shell command that has to accept {{.src}} of each item"),
        Field("left_delimiter", "right_delimiter", help: "delimiters of the template ({{ and }})"),
    ]

    static var reload: TableHelp {
        TableHelp(
            title: "[template.reload]", summary: "a reload without a command: a signal, or a request",
            fields: [
                Field("signal", help: "by name or number, for the process of pid_file"),
                Field("pid_file", help: "file whose first line is a process id, read each time; required with signal"),
                Field("process", help: "the name that the process must have, as ps -o comm shows it"),
                Field("http", help: "a request; its fields are below"),
            ], forms: FieldProbe.reload)
    }

    static var serviceRequest: TableHelp {
        TableHelp(
            title: "http of [template.reload], verify_http of [template.rollout]",
            summary: "a request to the service",
            fields: [
                Field("url", help: "http://, https://, or unix:///SOCKET:/PATH; required"),
                Field("method", help: "GET, HEAD, POST, PUT, PATCH or DELETE (POST; of verify_http GET)"),
                Field("headers", help: "names and values, without credentials"),
                Field("body_file", help: "what is sent, read each time: {{.dest}}, or another file"),
                Field("token_file", help: "its line is sent as Authorization: Bearer, read each time"),
                Field("ca_file", "client_cert", "client_key", help: "with https: files of certificates and the key"),
                Field("expect_status", help: "the statuses that mean success (200-299)"),
            ], forms: FieldProbe.serviceRequest)
    }

    static var guardLimits: TableHelp {
        TableHelp(
            title: "[template.guard]", summary: "how much a rendering may lose at once",
            fields: [
                Field("min_keys", help: "how many keys there have to be, or a table of patterns with a number each"),
                Field("max_drop", help: "how much of the keys of the last rendering may be gone, as 50%"),
                Field("max_change", help: "how much of the file's lines may be gone or replaced, as 80%"),
                Field("hold", help: "how long a rendering is held before it is believed; 0: until released (10m)"),
            ], forms: FieldProbe.guardLimits)
    }

    static var rollout: TableHelp {
        TableHelp(
            title: "[template.rollout], and [rollout] in confd.toml",
            summary: "many hosts change one after the other; a resource's own fields go before those of confd.toml",
            fields: [
                Field("group", help: "the hosts with one group and one resource file; required"),
                Field("canary", help: "who goes first: hosts, a percentage, or names with * and commas (1)"),
                Field("verify_cmd", help: "says after the reload whether the service works"),
                Field("verify_http", help: "the same by a request; its fields are above"),
                Field("verify_timeout", help: "it has to succeed within this time (30s)"),
                Field("soak", help: "how long a canary waits before the others follow (60s)"),
                Field("max_parallel", help: "how many hosts have their turn at a time, a number or a percentage (10%)"),
                Field("on_failure", help: "what follows when a host fails (halt)"),
            ], forms: FieldProbe.rollout)
    }

    static var apply: TableHelp {
        TableHelp(
            title: "[template.apply]", summary: "a running balancer that is kept equal to the rendered list of servers",
            fields: [
                Field("driver", help: "what it is; required"),
                Field("socket", help: "haproxy: the path of its stats socket, with level admin; required"),
                Field("url", help: "the others: http://, https://, or unix:/SOCKET:/PATH; required"),
                Field("backend", help: "the backend, the upstream, Caddy's @id, or a name for messages; required"),
                Field("reconcile", help: "how often it is compared although nothing happened (10s)"),
                Field("drain", help: "how long a server that leaves takes the requests that are bound to it (0)"),
                Field("max_drain", help: "how long after that its connections may last (60s)"),
                Field("min_up", help: "so many servers that are up are never taken out or drained (1)"),
                Field("timeout", help: "of one exchange with the balancer (2s)"),
                Field("fallback", help: "whether to reload for what cannot be changed in the running one (false)"),
                Field("headers", help: "with url: headers of each request"),
                Field("token_file", help: "with url: its line is sent as Authorization: Bearer, read each time"),
                Field("ca_file", "client_cert", "client_key", help: "with https: files of certificates and the key"),
                Field("insecure", help: "with https: do not verify the certificate (false)"),
                Field("api_version", help: "nginx-plus: 6 to 9 (9)"),
                Field("stream", help: "nginx-plus: an upstream of stream (false)"),
                Field("handler", help: "caddy: the handler's path in the configuration, in place of backend"),
                Field("list", "add", "change", "remove", help: "http: requests; all but change are required"),
                Field("items", help: "http: where the array is in the answer, a JSON pointer (the whole answer)"),
                Field("match", help: "http: where an item has what; required"),
            ], forms: FieldProbe.apply)
    }

    static var applyRequest: TableHelp {
        TableHelp(
            title: "list, add, change and remove of [template.apply]",
            summary: "requests; path and body may hold {{.id}}, {{.address}}, {{.host}}, {{.port}}, {{.weight}}, "
                + "{{.drain}}, {{.backup}} and {{.handle}}",
            fields: [
                Field("method", help: "GET, POST, PUT, PATCH or DELETE (GET, POST, PUT and DELETE, in this order)"),
                Field("path", help: "behind that of url; required"),
                Field("body", help: "what is sent (nothing)"),
                Field("expect_status", help: "the statuses that mean success (200-299)"),
            ], forms: FieldProbe.applyRequest)
    }

    static var applyMatch: TableHelp {
        TableHelp(
            title: "match of [template.apply]", summary: "JSON pointers into an item of the list",
            fields: [
                Field("id", "address", help: "what an item is known by: one of the two is required"),
                Field("handle", help: "what requests call it (its place in the list)"),
                Field("weight", "drain", help: "what else the list says of it"),
            ], forms: FieldProbe.applyMatch)
    }

    static var service: TableHelp {
        TableHelp(
            title: "[service], [[service]]", summary: "a key that is in the store while a service is up",
            fields: [
                Field("key", "value", help: "templates with all functions that need no keys; required"),
                Field("ttl", help: "how long the key outlives a confd that is gone (10s)"),
                Field("drain", help: "after the key was removed, this long before the service is told to end (0)"),
                Field("on_fall", help: "when a check fails: remove the key, or put \"down\": true into it (delete)"),
                Field(
                    "on_stop",
                    help: "when confd ends: leave the key for its ttl, or remove it (keep; delete with a COMMAND)"),
                Field("on_conflict", help: "if the key is somebody else's: try again, or give up (wait)"),
                Field("health_check", help: "[[service.health_check]]: all of them must be up"),
            ], forms: FieldProbe.service)
    }

    static var backend: TableHelp {
        let own = [
            Field("backend", help: "its name; required"),
            Field("mount", help: "the directory below which its keys are seen (/)"),
            Field("optional", help: "whether to do without it while it cannot be read (false)"),
        ]
        return TableHelp(
            title: "[backend], [[backend]], also in confd.toml",
            summary: "where keys come from; of several, the first that has a key gives its value",
            fields: own + BackendRegistry.options.map { Field($0.tableKey, help: help(of: $0)) },
            forms: FieldProbe.backend)
    }

    private static func help(of option: BackendOption) -> String {
        OptionTable.option(named: option.name)?.help ?? option.help
    }
}
