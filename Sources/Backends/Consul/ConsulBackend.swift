import HTTP
import KeyValue
import Posix

/// The KV store of consul, over its HTTP API.
package final class ConsulBackend: Backend {
    private let options: ConsulOptions
    private let client: ConsulClient

    /// Nothing is contacted yet.
    package init(_ options: ConsulOptions) {
        self.options = options
        client = ConsulClient(options)
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        let directories = Self.directories(of: ranges)
        if directories.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try ConsulFailure.first(of: options.nodes, until: deadline) { node throws(ConsulFailure) in
            try client.snapshot(of: ranges, in: directories, .init(node: node, deadline: deadline, cancellation: nil))
        }
    }

    /// With more, the deepest directory that contains all is read and watched: each watched directory costs a blocking query in
    /// consul, and a connection.
    private static let mostDirectories = 16

    private static func directories(of ranges: [KeyRange]) -> [[UInt8]] {
        let directories = KeySpan.directories(of: ranges)
        return directories.count > mostDirectories ? [KeySpan.commonDirectory(of: directories)] : directories
    }

    /// Reads everything, and again whenever an index has changed. Where keys change all the time, at most a sixth of the time is
    /// spent reading.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        let directories = Self.directories(of: ranges)
        if directories.isEmpty {
            deliver(Snapshot([]))
            return try cancellation.wait()
        }
        do throws(BackendError) {
            let deadline = ContinuousClock.now.advanced(by: timeout)
            let (node, watch) = try ConsulFailure.first(of: options.nodes, until: deadline) {
                node throws(ConsulFailure) in
                let watch = ConsulWatch(client, node, directories, timeout: timeout, cancellation)
                try watch.waitForChange()
                return (node, watch)
            }
            var last: Snapshot?
            while !cancellation.isCancelled {
                let begin = ContinuousClock.now
                let snapshot = try at(node) { () throws(ConsulFailure) in
                    let limits = HTTPLimits(
                        node: node, deadline: begin.advanced(by: timeout), cancellation: cancellation)
                    return try client.snapshot(of: ranges, in: directories, limits)
                }
                if last.map({ !snapshot.hasSameContents(as: $0) }) ?? true { deliver(snapshot) }
                last = snapshot
                let end = ContinuousClock.now
                try at(node) { () throws(ConsulFailure) in try watch.waitForChange() }
                let pause = max(.milliseconds(100), begin.duration(to: end) * 5)
                let rest = ContinuousClock.now.duration(to: end.advanced(by: pause))
                if rest > .zero { try cancellation.wait(rest) }
            }
        } catch {
            if !cancellation.isCancelled { throw error }
        }
    }

    private func at<Result>(
        _ node: HTTPNode, _ body: () throws(ConsulFailure) -> Result
    ) throws(BackendError) -> Result {
        try ConsulFailure.first(of: [node], until: .now) { _ throws(ConsulFailure) in try body() }
    }
}
