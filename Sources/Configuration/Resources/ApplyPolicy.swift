/// When a resource is rendered and reloaded: the times that an operator chose.
package struct ApplyPolicy: Equatable, Sendable {
    /// A change waits until nothing more changed for this long…
    package var debounce = Duration.zero
    /// … but no longer than this after the first change.
    package var maxWait = Duration.zero
    /// The shortest time between the starts of two reloads.
    package var minReloadInterval = Duration.zero
    /// A reload waits a random part of this.
    package var splay = Duration.zero

    /// Without any waiting.
    package init() {}
}
