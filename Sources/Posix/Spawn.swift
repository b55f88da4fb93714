import CPosix
import Glibc

/// posix_spawn and exec.
enum Spawn {
    /// Starts a process and returns its id; the error is that of fork or exec.
    static func start(_ request: SpawnRequest, _ output: Int32?) throws(SystemError) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let group = request.ownGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Output first: its number may be 0 if we were started without standard input.
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        }
        if request.nullInput {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        var id: pid_t = 0
        try withCStrings(request.arguments) { (arguments) throws(SystemError) in
            try withCStrings(request.environment) { (environment) throws(SystemError) in
                try SystemCall.runReturningCode("posix_spawn", request.executable) {
                    posix_spawnp(&id, request.executable, &actions, &attributes, arguments, environment)
                }
            }
        }
        return id
    }

    /// Calls `body` with a null-terminated array of null-terminated copies.
    static func withCStrings<Result>(
        _ strings: [[UInt8]],
        _ body: ([UnsafeMutablePointer<CChar>?]) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let copies = strings.map { string in
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: string.count + 1)
            _ = copy.initialize(from: string.map(CChar.init(bitPattern:)) + [0])
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        return try body(copies.map { $0.baseAddress } + [nil])
    }
}

/// This process.
package enum CurrentProcess {
    package static var id: Int32 { getpid() }

    /// The words of our command line, the program's own name first; also where there is no /proc to read them from.
    package static var arguments: [String] {
        var words: [String] = []
        guard var next = confd_arguments() else { return [] }
        while let word = next.pointee {
            words.append(String(cString: word))
            next += 1
        }
        return words
    }

    /// Becomes the command `arguments`, its first word looked up in `PATH`, with no signal blocked and all at their
    /// defaults; returns only to say why it could not.
    package static func become(_ arguments: [[UInt8]]) throws(SystemError) -> Never {
        guard let name = arguments.first else { throw SystemError(call: "exec", code: ENOENT) }
        var signals = sigset_t()
        sigemptyset(&signals)
        try SystemCall.runReturningCode("pthread_sigmask") { pthread_sigmask(SIG_SETMASK, &signals, nil) }
        Glibc.signal(SIGPIPE, SIG_DFL)
        Glibc.signal(SIGIO, SIG_DFL)
        let path = String(decoding: name, as: UTF8.self)
        try Spawn.withCStrings(arguments) { (arguments) throws(SystemError) -> Void in
            try SystemCall.run("exec", path) { execvp(path, arguments) }
        }
        preconditionFailure("exec returns only with an error")
    }

    /// Overwrites secrets that stand in the command line, which every user can see: the word after each of `flags`, or
    /// behind it and an equals sign.
    package static func hideArguments(after flags: Set<String>) {
        let words = CommandLine.unsafeArgv
        var hidesNext = false
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = words[index] else { return }
            let text = String(cString: word)
            if text == "--" { return }
            let flag = text.utf8.prefix { $0 != UInt8(ascii: "=") }
            let start = hidesNext ? 0 : flag.count + 1
            if hidesNext || flags.contains(String(Substring(flag))), start <= text.utf8.count {
                memset(word + start, Int32(UInt8(ascii: "x")), text.utf8.count - start)
            }
            hidesNext = !hidesNext && flags.contains(text)
        }
    }

    /// Sets the bits that new files do not get, and returns the previous ones.
    @discardableResult
    package static func setUmask(_ mask: UInt16) -> UInt16 { UInt16(umask(mode_t(mask))) }

    /// Ends the process at once. Not by `exit`: that lets libraries such as OpenSSL take themselves apart while other
    /// threads still use them. Nothing of ours is buffered.
    package static func exit(_ code: Int32) -> Never { _exit(code) }

    /// Lets this thread sleep until another one ends the process.
    package static func waitForEnd() -> Never { while true { pause() } }

    /// The folder that relative paths start from.
    package static func workingFolder() throws(SystemError) -> String { try Files.realPath(".") }
}

/// One of the three files that a process starts with.
package enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Whether it is a terminal.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Whether it is the socket of systemd's journal that `JOURNAL_STREAM` names by device and inode (`systemd.exec(5)`).
    package var isJournal: Bool { isNamed(by: Environment.text("JOURNAL_STREAM")) }

    /// Whether `identity` is the decimal `DEVICE:INODE` of what the stream leads to.
    func isNamed(by identity: String?) -> Bool {
        guard let identity else { return false }
        var raw = stat()
        // A stream that is closed leads nowhere.
        guard fstat(rawValue, &raw) == 0 else { return false }
        return identity == "\(raw.st_dev):\(raw.st_ino)"
    }

    /// Writes all of `bytes`.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            do throws(SystemError) {
                done += try SystemCall.run("write") {
                    bytes.withUnsafeBytes { raw in
                        Glibc.write(rawValue, raw.baseAddress.map { $0 + done }, raw.count - done)
                    }
                }
            } catch let error where error.code == EAGAIN {
                // Somebody we share the stream with has set it to not wait.
                var item = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                poll(&item, 1, 1_000)
            }
        }
    }
}
