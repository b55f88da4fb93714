import Backends

/// How far the newest change of a group's resource is, over all hosts.
package struct GroupReport: Equatable, Sendable {
    package enum State: String, Sendable {
        /// Nothing was ever rolled out.
        case none
        /// Nobody waits.
        case done
        /// The canaries have their turn, or are waited for.
        case canary
        case rolling
        case halted
    }

    package let change: ChangeName?
    package let state: State
    /// How many hosts take part.
    package let members: Int
    package let done: Int
    /// Hosts that have their turn now, by name.
    package let holders: [String]
    /// How many wait for theirs.
    package let waiting: Int
    /// Why it is halted, nil if it is not.
    package let halt: String?

    package init(_ view: GroupView) {
        let current = view.currentChange ?? ChangeView()
        change = view.current?.name
        members = view.members.count
        done = current.done.count
        holders = current.started.keys.sorted()
        waiting = current.order.count { current.started[$0.host] == nil }
        halt = current.halt?.text ?? current.deadHolder.map { "\($0): its lease ended before it was done" }
        state =
            if change == nil { .none } else if halt != nil { .halted } else if waiting + holders.count == 0 {
                .done
            } else if current.ok == nil { .canary } else { .rolling }
    }
}

// `confd rollout halt` and `confd rollout resume`.
extension GroupView {
    /// Halts the newest change, if it is under way; nil otherwise.
    package func halting(because reason: String) -> Transaction? {
        guard let current, let change = currentChange, change.halt == nil, !change.order.isEmpty else { return nil }
        var transaction = Transaction()
        let key = keys.bytes(.of(current.name, .halt))
        transaction.require(keys.bytes(.current), current.version)
        transaction.require(key, 0)
        transaction.change(.put(key, value: Array(reason.utf8.prefix(300))))
        return transaction
    }

    /// Resumes the newest change: removes its halt, and the turns of hosts whose lease has ended. nil if it is not halted.
    package func resuming() -> Transaction? {
        guard let current, let change = currentChange else { return nil }
        let dead = change.started.filter { change.queue[$0.key] == nil }
        if change.halt == nil, dead.isEmpty { return nil }
        var transaction = Transaction()
        transaction.require(keys.bytes(.current), current.version)
        if let halt = change.halt {
            let key = keys.bytes(.of(current.name, .halt))
            transaction.require(key, halt.version)
            transaction.change(.delete(key))
        }
        for (host, version) in dead.sorted(by: { $0.key < $1.key }).prefix(50) {
            let key = keys.bytes(.of(current.name, .started(host)))
            transaction.require(key, version)
            transaction.change(.delete(key))
        }
        return transaction
    }
}
