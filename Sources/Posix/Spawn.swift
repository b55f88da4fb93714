import Glibc

/// posix_spawn and exec.
enum Spawn {
    /// Starts a process and returns its id; the error is that of fork or exec.
    static func start(_ request: SpawnRequest, _ output: Int32?) throws(SystemError) -> Int32 {
        do throws(SystemError) {
            return try start(request, output, input: nil)
        } catch let error where error.code == ENOENT && request.nullInput && !Files.exists(nullDevice) {
            // A root without devices: a pipe that nobody writes to ends at once as well.
            var pipe = try Pipe()
            let id = try start(request, output, input: pipe.reading.number)
            pipe.closeWriting()
            return id
        }
    }

    private static let nullDevice = "/dev/null"

    /// `input` takes the place of the null device.
    private static func start(
        _ request: SpawnRequest, _ output: Int32?, input: Int32?
    ) throws(SystemError) -> Int32 {
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
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else if request.nullInput {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, nullDevice, O_RDONLY, 0)
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
