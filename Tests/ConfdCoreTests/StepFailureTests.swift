import Appliers
import Posix
import Staging
import Testing

@testable import Applying
@testable import Configuration

/// The words of what can go wrong with a resource, and what its state is then.
@Suite struct StepFailureTests {
    private static let system = SystemError(call: "open", path: "/d/y", code: Errno.accessDenied)
    private static let command = StepFailure.FailedCommand(field: "check_cmd", text: "check")
    private static let notStarted = SystemError(call: "posix_spawn", path: "/bin/sh", code: Errno.noSuchFile)
    private static let diagnosis = StepFailure.Diagnosis(
        place: StepFailure.Place(file: "/t/a.tmpl", line: 3, column: 7), reason: "key does not exist: /a",
        hint: "look below", excerpt: "x\n^\n", key: "/a")

    @Test(
        arguments: [
            (.missingTemplate(system), .failed, "Missing template: open /d/y: permission denied", nil),
            (.template(diagnosis), .failed, "/t/a.tmpl:3:7: key does not exist: /a", "look below"),
            (.commandTemplate(reason: "no field"), .failed, "no field", nil),
            (
                .itemAttribute(field: "mode", .notPermissionBits), .failed, "mode: not octal digits of permission bits",
                nil
            ),
            (.itemAttribute(field: "owner", .noSuchAccount), .failed, "owner: this machine has no such account", nil),
            (.itemAttribute(field: "owner", .system(system)), .failed, "owner: permission denied", nil),
            (.itemAttribute(field: "group", .template(reason: "no key")), .failed, "group: no key", nil),
            (.balancer(ApplierError(.notASocket, "haproxy")), .rejected, "haproxy: not a socket", nil),
            (
                .check(.exited(code: 2), executable: "/bin/sh", command), .rejected,
                "Config check failed: exit status 2", nil
            ),
            (
                .check(.timedOut(after: .seconds(2)), executable: "/bin/sh", command), .failed,
                "Config check failed: timed out after 2s", nil
            ),
            (
                .check(.notStarted(notStarted), executable: "/bin/sh", command), .failed,
                "Config check failed: cannot start /bin/sh: no such file or directory",
                "there is no shell here: write the command as a list, for example check_cmd = [\"nginx\", \"-t\"]"
            ),
            (.refusedBefore, .refusedBefore, "the same content was refused before, not tried again yet", nil),
            (
                .stagedFileEdited(path: "/tmp/s"), .failed, "its staged file /tmp/s was edited",
                "a check can edit the staged file only where dest is a regular file"
            ),
            (
                .destinationTaken(
                    StepFailure.ClaimedDestination(resource: "b.toml", path: "/l/a", target: "/e/a"), owner: "a.toml"),
                .failed, "b.toml: dest /l/a is already written by a.toml", "both are the file /e/a"
            ),
            (
                .noFile(destination: "/dev/null", needed: .rollout), .failed,
                "a rollout needs a file, /dev/null is none", nil
            ),
            (
                .noFile(destination: "/dev/null", needed: .apply), .failed,
                "[template.apply] needs a file, /dev/null is none", nil
            ),
            (
                .nothingToPutBack(destination: "/e/a"), .failed,
                "there is no previous /e/a to put back: the new one stays", nil
            ),
            (
                .guardIsBlind, .failed, "guard: max_drop needs -state-dir, or it is blind after a restart",
                "name a directory with -state-dir in which only the user of confd may write"
            ),
            (
                .namesOfItemsNotKept(system), .failed,
                "cannot keep the names of items in -state-dir: open /d/y: permission denied", nil
            ),
            (
                .removalsNotKept(system), .failed,
                "cannot note in -state-dir what is removed: open /d/y: permission denied", nil
            ),
            (
                .reload(.child("gone"), field: "reload_signal", nil), .failed,
                "reload_signal failed: gone; it stays owed", nil
            ),
            (
                .reloadOfPrevious(.child("gone"), field: "reload_signal", nil), .failed,
                "reload_signal failed on the previous file too: gone", nil
            ),
            (
                .apply(ApplierError(.notASocket, "haproxy")), .failed,
                "[template.apply] failed: haproxy: not a socket; it stays owed", nil
            ),
        ] as [(StepFailure, Outcome.State, String, String?)])
    func words(_ failure: StepFailure, _ state: Outcome.State, _ message: String, _ hint: String?) {
        #expect(failure.message == message && failure.hint == hint && failure.state == state)
    }
}
