import Applying
import Posix
import Synchronization

/// The threads under the engine's own.
struct Workers {
    /// Render, and apply what needs no command. More than there are processors: applying waits for the disk.
    let renderers: WorkerPool
    /// Run commands, which only wait.
    let commands: WorkerPool
    /// One for each processor: a rendering waits for nothing, and takes memory.
    private let renderings = Semaphore(Host.processorCount)

    /// How many resources are rendered and applied at a time, and how many commands run.
    private static let mostResources = 16
    private static let mostCommands = 64
    /// How many files are open for one of them, with its command, and for all of them together: standard streams, the
    /// backend's connections, what wakes threads.
    private static let filesOfEach = 8
    private static let filesOfAll = 24

    init(_ mode: Engine.Mode) {
        switch mode {
        case .once:
            // One pool for everything, and the engine's thread is one of it: for one resource no other is started.
            let count = Self.places(Self.mostResources)
            renderers = WorkerPool(
                threads: ResourceRenderer.threads(count - 1), stackSize: ResourceRenderer.stackSize, isHelped: true)
            commands = renderers
        case .follow:
            let count = Self.places(Self.mostResources + Self.mostCommands)
            let resources = min(Self.mostResources, max(1, count / 2))
            renderers = WorkerPool(
                threads: 1 + ResourceRenderer.threads(resources - 1), stackSize: ResourceRenderer.stackSize)
            commands = WorkerPool(threads: min(Self.mostCommands, max(1, count - resources)))
        }
    }

    /// How many of `wanted` jobs may run where few files may be open.
    private static func places(_ wanted: Int) -> Int {
        DescriptorLimit.jobs(wanted, each: filesOfEach, reserve: filesOfAll)
    }

    /// Waits until a rendering may begin.
    func beginRendering() -> RenderingTurn { RenderingTurn(renderings) }
}

/// One of the renderings that may run at a time.
final class RenderingTurn: Sendable {
    private let renderings: Semaphore
    private let isOver = Atomic(false)

    fileprivate init(_ renderings: Semaphore) {
        self.renderings = renderings
        renderings.wait()
    }

    /// Lets another one begin; the second call does nothing.
    func end() {
        if !isOver.exchange(true, ordering: .relaxed) { renderings.post() }
    }
}
