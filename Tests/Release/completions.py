#!/usr/bin/env python3
"""Completes command lines in real shells: types the start of a line and a tab, and has the shell print the line.

usage: Tests/Release/completions.py CONFD
"""
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# What is typed, and what must stand there after the tab.
ROWS = [
    ("confd -onet", "confd -onetime"),
    ("confd -client-ins", "confd -client-insecure"),
    ("confd --on", "confd --onetime"),
    ("confd --client-ins", "confd --client-insecure"),
    ("confd --backend fi", "confd --backend file"),
    ("confd --log-level=inf", "confd --log-level=info"),
    ("confd --watch --confdir some", "confd --watch --confdir some-folder/"),
    ("confd fi", "confd file"),
    ("confd rel", "confd release"),
    ("confd wait -revi", "confd wait -revision"),
    ("confd wait --time", "confd wait --timeout"),
    ("confd test -junit some-c", "confd test -junit some-certificate.pem"),
    ("confd register -on-c", "confd register -on-conflict"),
    ("confd register -on-conflict wa", "confd register -on-conflict wait"),
    ("confd explain -backend fi", "confd explain -backend file"),
    # An option of one sub-command is not completed for another one.
    ("confd render -revi", "confd render -revi"),
    ("confd -backend fi", "confd -backend file"),
    ("confd -log-level inf", "confd -log-level info"),
    ("confd -log-level=inf", "confd -log-level=info"),
    ("confd -watch -confdir some", "confd -watch -confdir some-folder/"),
    ("confd -client-cert some-c", "confd -client-cert some-certificate.pem"),
    ("confd -username some", "confd -username some"),
    ("confd -watch -- some-com", "confd -watch -- some-command"),
    ("confd -watch -- some-command some-c", "confd -watch -- some-command some-certificate.pem"),
]

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='READY> '; source completions"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='READY> '; setopt no_beep no_auto_remove_slash; zstyle ':completion:*' menu no; fpath=($PWD $fpath);"
        " autoload -U compinit; compinit -D -u",
    ),
    "fish": (["fish", "--no-config", "-i"], "function fish_prompt; echo 'READY> '; end; source completions"),
}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, words, setup, folder):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            path = folder + "/bin:" + os.environ["PATH"]
            environment = {"PATH": path, "HOME": folder, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
            os.execvpe(words[0], words, environment)
        self.type(setup + "; echo set-'up'\r")
        self.read_until("set-up\r")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, text, seconds=120):
        """What is shown up to `text`; raises if it does not come."""
        seen = ""
        end = time.monotonic() + seconds
        while text not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no {text!r} in {seen!r}")
            seen += os.read(self.terminal, 65536).decode(errors="replace")
        return seen

    def complete(self, line):
        """The line as it stands after a tab."""
        # Control-A goes to the start of the line. The quotes tell the output of `echo` from the typed text, which is shown too.
        self.type(line + "\t\x01echo mar'k:' \x05 :en'd'\r")
        shown = self.read_until(":end\r")
        return shown[shown.rindex("mark:") + len("mark:"):shown.rindex(":end")].strip()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def main():
    confd = os.path.abspath(sys.argv[1])
    failures = 0
    for name, (words, setup) in SHELLS.items():
        folder = tempfile.mkdtemp()
        try:
            os.makedirs(folder + "/some-folder")
            os.makedirs(folder + "/bin")
            os.symlink(confd, folder + "/bin/confd")
            open(folder + "/some-certificate.pem", "w").close()
            with open(folder + "/bin/some-command", "w") as file:
                file.write("#!/bin/sh\n")
            os.chmod(folder + "/bin/some-command", 0o755)
            script = folder + ("/_confd" if name == "zsh" else "/completions")
            with open(script, "wb") as file:
                subprocess.run([confd, "-help=" + name], stdout=file, check=True)
            shell = Shell(words, setup, folder)
            for typed, expected in ROWS:
                completed = shell.complete(typed)
                if completed != expected:
                    failures += 1
                    print(f"{name}: {typed!r} became {completed!r}, not {expected!r}")
            shell.close()
        finally:
            shutil.rmtree(folder)
    print(f"completions: {len(SHELLS) * len(ROWS) - failures} passed, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
