/// The fields of a `[template]`: for the manual page. docs/resources.md says more, and tests compare this with the page
/// and with what is read.
enum ResourceField {
    /// A field, or several that belong together.
    struct Entry {
        let names: [String]
        let help: String
    }

    /// Every field, in the order of docs/resources.md.
    static let all: [Entry] = [
        Entry(names: ["src"], help: "the template, below CONFDIR/templates or absolute; required"),
        Entry(names: ["dest"], help: "the file to write; required"),
        Entry(names: ["keys"], help: "an array of the keys that the template sees, each with all keys below it"),
        Entry(names: ["prefix"], help: "joined before the keys, and taken off what the template sees (/)"),
        Entry(names: ["mode"], help: "octal digits (as the file has it, else 0644)"),
        Entry(names: ["owner", "group", "uid", "gid"], help: "names or numbers (as the file has them, else ours)"),
        Entry(
            names: ["check_cmd"],
            help: "command that has to accept {{.src}}, or else what is in place"),
        Entry(names: ["check"], help: "staged or in-place: what check_cmd judges (staged if it names {{.src}})"),
        Entry(names: ["output_format"], help: "json, yaml or toml: what must parse before it is installed"),
        Entry(
            names: ["reload_cmd"],
            help: "command to run after the file was replaced: text for a shell, or an array of words"),
        Entry(names: ["reload_signal"], help: "signal for the child COMMAND, in place of a command"),
        Entry(
            names: ["reload"],
            help:
                "table [template.reload]: a signal to the process of a pid file, or an HTTP request, in place of a command"
        ),
        Entry(names: ["check_cmd_timeout", "reload_cmd_timeout"], help: "limits of the commands (30s, 60s)"),
        Entry(
            names: ["debounce", "max_wait"], help: "wait for this much quiet before a render, and no longer than that"),
        Entry(names: ["min_reload_interval"], help: "time between two reloads; a reload that is early is deferred (0)"),
        Entry(names: ["make_dirs"], help: "whether to create the directories above dest (false)"),
        Entry(names: ["backup"], help: "whether to keep the previous file as DEST.bak (false)"),
        Entry(names: ["rollback"], help: "whether to put the previous file back when its reload keeps failing (false)"),
        Entry(
            names: ["health_check"],
            help: "tables [[template.health_check]]: which keys are servers, and how those are probed"),
        Entry(
            names: ["guard"],
            help: "table [template.guard]: how much a rendering may lose; one that loses more is held (hold, 10m)"),
        Entry(
            names: ["apply"],
            help: "table [template.apply]: the running balancer whose servers are kept equal to the rendering"),
        Entry(
            names: ["for_each"],
            help: "a pattern over keys and directories: each match has a file of its own, and dest holds {{.name}}"),
        Entry(names: ["prune"], help: "whether to remove files of items that are gone (false)"),
        Entry(names: ["max_remove"], help: "how many of them may go at once; more are held (50%; 0: no limit)"),
        Entry(names: ["check_each"], help: "shell command that has to accept {{.src}} of each item"),
        Entry(
            names: ["rollout"],
            help:
                "table [template.rollout]: many hosts change one after the other, canaries first (group, canary, soak)"),
        Entry(names: ["left_delimiter", "right_delimiter"], help: "delimiters of the template ({{ and }})"),
    ]
}
