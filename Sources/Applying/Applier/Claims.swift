import Configuration
import Posix
import Staging
import Synchronization

/// Which resource writes which file: two that write one would undo each other for ever.
///
/// Links may be changed at any time, so a claim is made whenever a resource is applied.
struct Claims {
    /// Who writes a file.
    private struct Claim {
        let resource: String
        let destination: String
    }

    private var claims: [Place: Claim] = [:]
    private var places: [String: Place] = [:]

    /// Notes that `resource` writes `destination`; returns the resource that writes the same file, if there is one.
    mutating func claim(_ destination: Destination, for resource: String) -> String? {
        let place = destination.place
        if let old = places[resource] {
            if old == place { return nil }
            claims[old] = nil
            places[resource] = nil
        }
        if let owner = claims[place] {
            // A link of the other one may have been changed since.
            if (try? Destination(resolving: owner.destination))?.place == place { return owner.resource }
            places[owner.resource] = nil
        }
        claims[place] = Claim(resource: resource, destination: destination.path)
        places[resource] = place
        return nil
    }

    /// Forgets what `resource` has claimed.
    mutating func release(_ resource: String) {
        guard let place = places.removeValue(forKey: resource) else { return }
        claims[place] = nil
    }

    /// Forgets what was claimed by others than `resources`, the destinations by name.
    mutating func keep(_ resources: [String: String]) {
        for (resource, place) in places where claims[place]?.destination != resources[resource] {
            claims[place] = nil
            places[resource] = nil
        }
    }
}

/// The claims of all resources, for the threads that apply them.
package final class DestinationClaims: Sendable {
    private let claims = Mutex(Claims())

    /// As `Claims.claim`.
    func claim(_ destination: Destination, for resource: String) -> String? {
        claims.withLock { $0.claim(destination, for: resource) }
    }

    /// Forgets which file `resource` has claimed.
    package func release(_ resource: Resource) { claims.withLock { $0.release(resource.name) } }

    /// Forgets which files were written by resources that are not there any more, or write another one now.
    package func keep(of resources: [Resource]) {
        let destinations = Dictionary(resources.map { ($0.name, $0.destination) }) { first, _ in first }
        claims.withLock { $0.keep(destinations) }
    }
}
