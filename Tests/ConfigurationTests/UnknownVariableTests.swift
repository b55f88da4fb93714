import Testing

@testable import Configuration

/// Misspelled environment variables.
@Suite struct UnknownVariableTests {
    /// Loads settings with `names` set, and gives the warnings with their hints.
    private func warnings(_ names: [String], _ arguments: [String] = []) throws -> [String] {
        let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "http://127.0.0.1:2379") })
        var loader = SettingsLoader(environment: environment) { _ in false }
        return try loader.load(arguments).warnings.map { "\($0.message) | \($0.hint ?? "")" }
    }

    /// Report: `CONFD_NODES` did nothing, without a word.
    @Test(arguments: [
        ("CONFD_NODES", "CONFD_NODE"), ("CONFD_INTERVALL", "CONFD_INTERVAL"), ("CONFD_LOGLEVEL", "CONFD_LOG_LEVEL"),
        ("CONFD_CONF_DIR", "CONFD_CONFDIR"), ("CONFD_BACKENDS", "CONFD_BACKEND"),
        ("CONFD_CLIENT_CA_KEY", "CONFD_CLIENT_CA_KEYS"), ("CONFD_PASSWD", "CONFD_PASSWORD"),
    ])
    func isNamedWithTheOneThatWasMeant(_ name: String, _ meant: String) throws {
        let said = "\(name) is set in the environment, and means nothing to confd | did you mean \"\(meant)\"?"
        #expect(try warnings([name]) == [said])
    }

    @Test func eachOnceAndInOrder() throws {
        #expect(try warnings(["CONFD_NODES", "CONFD_FILES"]).map { $0.prefix(11) } == ["CONFD_FILES", "CONFD_NODES"])
    }

    @Test(arguments: [
        // What Kubernetes and Docker set beside a service that is named confd.
        ["CONFD_PORT", "CONFD_SERVICE_HOST", "CONFD_SERVICE_PORT", "CONFD_SERVICE_PORT_HTTP"],
        [
            "CONFD_PORT_80_TCP", "CONFD_PORT_80_TCP_ADDR", "CONFD_PORT_80_TCP_PORT", "CONFD_PORT_80_TCP_PROTO",
            "CONFD_NAME", "CONFD_ENV_PATH",
        ],
        // The same beside services that are named confd-node and confd-file.
        ["CONFD_NODE_PORT", "CONFD_NODE_SERVICE_HOST", "CONFD_FILE_SERVICE_PORT", "CONFD_FILE_PORT_80_UDP"],
        // Flags that have no variable, and those of backends that are not built.
        ["CONFD_VERSION", "CONFD_CHECK", "CONFD_HELP", "CONFD_RESOURCE", "CONFD_TABLE", "CONFD_APP_ID", "CONFD_JSON"],
        // Variables that confd sets for its commands.
        ["CONFD_SRC", "CONFD_DEST", "CONFD_REVISION", "CONFD_CHANGES", "CONFD_PREVIOUS"],
        // Variables that authors of images choose.
        ["CONFD_URL", "CONFD_SHA256", "CONFD_ARCH", "CONFD_OPTS", "CONFD_HOME", "CONFD_BIN", "CONFD_SOMETHING_ELSE"],
        ["CONF_NODES", "MY_CONFD_NODES", "CONFD"],
    ])
    func othersAreLeftAlone(_ names: [String]) throws {
        #expect(try warnings(names) == [])
    }

    /// Every variable that confd reads is known.
    @Test func whatIsRead() {
        let names = OptionTable.all.flatMap(\.environmentNames)
        #expect(UnknownVariable.warnings(of: names) == [])
    }

    /// `confd test` reads no variables, so that it gives the same result on every machine.
    @Test func confdTestReadsNone() throws {
        #expect(try warnings(["CONFD_NODES"], ["test"]) == [])
    }

    /// Found by a newcomer who came from confd 0.16.
    @Test func aKeyringOfOpenPGP() throws {
        let said =
            "-secret-keyring: is ignored: values that OpenPGP has encrypted cannot be decrypted any more | "
            + "encrypt them anew with age, and name its identity with -age-identity"
        #expect(try warnings([], ["-secret-keyring", "/etc/keys.gpg"]) == [said])
    }

    /// Report: `-onetime -interval 10` was one pass, without a word.
    @Test func anIntervalOfOnePass() throws {
        let said = "-interval: has no effect with -onetime, which makes one pass | leave one of the two out"
        #expect(try warnings([], ["-onetime", "-interval", "10"]) == [said])
        #expect(try warnings([], ["-interval", "10"]) == [])
    }
}
