/// What `driver = "http"` needs to know of an administration API.
package struct GenericHTTPTarget: Equatable, Sendable {
    /// Where the properties of a server are in an item of the list.
    package struct Pointers: Equatable, Sendable {
        /// The id or the address of the server.
        package var match: JSONPointer
        /// The name of the server in requests; nil: its index in the list.
        package var handle: JSONPointer?
        package var weight: JSONPointer?
        /// A boolean: the server takes no new requests.
        package var drain: JSONPointer?

        package init(match: JSONPointer) { self.match = match }
    }

    package enum Problem: Error, Equatable, Sendable {
        /// The list is asked for without a server.
        case fieldInList(RequestTemplate.Field)
        /// There is no running server yet.
        case handleInAdd
        /// Of a server that is removed only the properties in the list are known.
        case fieldInRemove(RequestTemplate.Field)
        /// Neither its add nor its change says whether a server is drained, so that it would never be.
        case drainIsNeverSent
    }

    package let endpoint: HTTPEndpoint
    /// What errors call the backend.
    package let name: String
    package let list: RequestTemplate
    /// The array of servers in the answer to `list`.
    package let items: JSONPointer
    package let identity: BalancerTraits.Identity
    package let pointers: Pointers
    package let add: RequestTemplate
    /// nil: a server that changes is removed and added again.
    package let change: RequestTemplate?
    package let remove: RequestTemplate

    package init(
        _ endpoint: HTTPEndpoint, name: String, list: RequestTemplate, items: JSONPointer,
        identity: BalancerTraits.Identity, pointers: Pointers, add: RequestTemplate, change: RequestTemplate?,
        remove: RequestTemplate
    ) throws(Problem) {
        if let field = list.fields.first { throw .fieldInList(field) }
        if add.fields.contains(.handle) { throw .handleInAdd }
        let known: Set<RequestTemplate.Field> =
            switch identity {
            case .id: [.id, .handle]
            case .address: [.address, .host, .port, .handle]
            }
        if let field = remove.fields.subtracting(known).min(by: { $0.rawValue < $1.rawValue }) {
            throw .fieldInRemove(field)
        }
        if pointers.drain != nil, change.map({ !$0.fields.contains(.drain) }) ?? false { throw .drainIsNeverSent }
        self.endpoint = endpoint
        self.name = name
        self.list = list
        self.items = items
        self.identity = identity
        self.pointers = pointers
        self.add = add
        self.change = change
        self.remove = remove
    }
}
