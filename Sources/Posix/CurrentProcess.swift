import CPosix
import Glibc

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

    /// Replaces this program by the command `arguments`, whose first word is looked up in `PATH`, with no signal blocked and
    /// all at their defaults. Returns only by throwing.
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

    /// Overwrites secrets in the command line, which every user of the machine can read: the word after each of `flags`, or
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
            // Of the word itself: its text is longer if it is no UTF-8.
            let count = strlen(word)
            if hidesNext || flags.contains(String(Substring(flag))), start <= count {
                memset(word + start, Int32(UInt8(ascii: "x")), count - start)
            }
            hidesNext = !hidesNext && flags.contains(text)
        }
    }

    /// Ends the process at once, by `_exit`: `exit` runs the handlers of libraries such as OpenSSL, which free what other
    /// threads still use. None of our output is buffered.
    package static func exit(_ code: Int32) -> Never { _exit(code) }

    /// Lets this thread sleep until another one ends the process.
    package static func waitForEnd() -> Never { while true { pause() } }
}
