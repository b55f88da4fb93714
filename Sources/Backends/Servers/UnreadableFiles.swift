import Posix

extension BackendKind {
    /// The options of `options` that name a file of a secret or certificate which cannot be read, each with the reason.
    package func unreadableFiles(of options: BackendOptions) -> [(option: BackendOption, error: SystemError)] {
        self.options.compactMap { option in
            // Without a certificate a key is no file: redis takes it as the password.
            if option.name == ServerOption.key.name, !options.has(ServerOption.certificate) { return nil }
            guard option.placeholder == "FILE", case .text(let path)? = options[option.name] else { return nil }
            do throws(SystemError) {
                _ = try Files.status(path)
                if Files.isAccessible(path, read: true) { return nil }
                return (option, SystemError(call: "open", path: path, code: Errno.accessDenied))
            } catch { return (option, error) }
        }
    }
}
