import Age
import Posix
import Rendering
import Synchronization
import TextTemplate

/// The file of `-age-identity`. It is read when a value is to be decrypted, and again when it has changed.
final class IdentityFile: Sendable {
    let path: String
    private let known = Mutex<(status: FileStatus, identities: [AgeIdentity])?>(nil)

    private static let largest = 64 << 10

    init(_ path: String) { self.path = path }

    /// The plain text of `value`, an age file.
    func decrypted(_ value: ByteString) throws(EnvironmentError) -> ByteString {
        let identities = try identities()
        do throws(AgeError) {
            return ByteString(try AgeFile.decrypted(value.array, for: identities))
        } catch {
            throw .notDecrypted(reason: error.message, hint: error.hint)
        }
    }

    private func identities() throws(EnvironmentError) -> [AgeIdentity] {
        let bytes: [UInt8]
        let status: FileStatus
        do throws(SystemError) {
            // Taken before the read, so that a change in between is noticed at the next call.
            status = try Files.status(path)
            if let known = known.withLock({ $0 }), known.status == status { return known.identities }
            bytes = try Files.read(path, limit: Self.largest)
        } catch {
            throw .identityNotReadable(reason: error.message)
        }
        do throws(AgeError) {
            let identities = try AgeIdentity.all(in: bytes)
            known.withLock { $0 = (status, identities) }
            return identities
        } catch {
            throw .badIdentity(path: path, reason: error.message, hint: error.hint)
        }
    }
}
