import Posix
import Synchronization

/// Keeps the servers of one backend as they are desired, on a thread of its own, until it is stopped; it must be.
package final class ApplierSession: Sendable {
    package struct Options: Sendable {
        package var reconciler = Reconciler.Options()
        /// How long one exchange with the balancer may take.
        package var exchange = Duration.seconds(2)

        package init() {}
    }

    private struct Orders {
        var generation = 0
        /// Not taken up yet.
        var desired: [DesiredServer]?
        var compares = false
        var status = ApplierStatus(generation: 0, state: .unknown)
    }

    private let orders = Mutex(Orders())
    private let wakeUp: WakeUp
    private let cancellation: Cancellation
    private let report: @Sendable (ApplierStatus) -> Void
    private let thread = Mutex<Thread?>(nil)

    /// Starts with nothing desired. `makeDriver` is called once, on the session's thread; so is `report`, after each change
    /// of the status. Throws if there is no descriptor or thread to be had.
    package init(
        _ options: Options = Options(), _ makeDriver: @escaping @Sendable () -> any BalancerDriver,
        report: @escaping @Sendable (ApplierStatus) -> Void = { _ in }
    ) throws(SystemError) {
        wakeUp = try WakeUp()
        cancellation = try Cancellation()
        self.report = report
        let started = try Thread.start(blocksSignals: true) { self.run(options, makeDriver()) }
        thread.withLock { $0 = started }
    }

    /// Makes `servers` the desired ones; the number of the set, which the status will name. Never waits.
    @discardableResult
    package func desire(_ servers: [DesiredServer]) -> Int {
        let generation = orders.withLock { orders in
            orders.generation += 1
            orders.desired = servers
            return orders.generation
        }
        wakeUp.wake()
        return generation
    }

    /// Compares now, not only when it is due.
    package func compare() {
        orders.withLock { $0.compares = true }
        wakeUp.wake()
    }

    /// The status of now.
    package var status: ApplierStatus { orders.withLock { $0.status } }

    /// Ends what runs at once, and the thread soon; does not wait for it. May be called from any thread.
    package func cancel() { cancellation.cancel() }

    package var isCancelled: Bool { cancellation.isCancelled }

    /// Ends what runs at once, and the thread; the servers stay as they are. Waits for the thread, so it may not be called
    /// from that. May be called again.
    package func stop() {
        cancellation.cancel()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }
}

// MARK: - The thread

extension ApplierSession {
    private func run(_ options: Options, _ driver: any BalancerDriver) {
        var driver = driver
        var reconciler = Reconciler(driver.traits, subject: driver.subject, options.reconciler)
        let patience = Patience(limit: options.exchange, cancellation: cancellation)
        while !cancellation.isCancelled {
            takeOrders(&reconciler, driver)
            publish(reconciler.status)
            switch reconciler.action(at: Clock.monotonic()) {
            case .read: reconciler.didRead(read(&driver, patience), at: Clock.monotonic())
            case .perform(let steps):
                reconciler.didPerform(perform(steps, &driver, patience), at: Clock.monotonic())
            case .wait(let time): wait(until: time, &driver, &reconciler, patience)
            }
            publish(reconciler.status)
        }
    }

    private func takeOrders(_ reconciler: inout Reconciler, _ driver: any BalancerDriver) {
        let (desired, compares, generation) = orders.withLock { orders in
            defer {
                orders.desired = nil
                orders.compares = false
            }
            return (orders.desired, orders.compares, orders.generation)
        }
        let now = Clock.monotonic()
        if let desired {
            do throws(ApplierError) {
                try driver.check(desired)
                reconciler.desire(desired, generation: generation, at: now)
            } catch {
                reconciler.refuse(error, generation: generation)
            }
        } else if compares {
            reconciler.compare(at: now)
        }
    }

    private func read(
        _ driver: inout any BalancerDriver, _ patience: Patience
    ) -> Result<[RunningServer], ApplierError> {
        do throws(ApplierError) {
            return .success(try driver.read(patience))
        } catch {
            return .failure(error)
        }
    }

    private func perform(
        _ steps: [Step], _ driver: inout any BalancerDriver, _ patience: Patience
    ) -> Result<StepReport, ApplierError> {
        do throws(ApplierError) {
            return .success(try driver.perform(steps, patience))
        } catch {
            return .failure(error)
        }
    }

    /// Waits for the time, an order, the end of the balancer's connection, or the next pulse.
    private func wait(
        until time: Duration?, _ driver: inout any BalancerDriver, _ reconciler: inout Reconciler,
        _ patience: Patience
    ) {
        let now = Clock.monotonic()
        let connection = driver.connection
        let pulse = connection == nil ? nil : driver.pulse
        let left = time.map { $0 - now }
        let pause = [left, pulse].compactMap { $0 }.min()
        let waited = [wakeUp.descriptor, cancellation.descriptor, connection ?? -1]
        guard let ready = try? Poll.wait(waited, timeout: pause) else {
            // poll(2) fails only for lack of memory, which Poll waits for itself.
            return Clock.sleep(.milliseconds(100))
        }
        if ready[0] { wakeUp.clear() }
        if ready[1] || ready[0] { return }
        let hasEnded = ready[2] || connection != nil && pulse != nil && !driver.isCurrent(patience)
        guard hasEnded, !cancellation.isCancelled else { return }
        driver.disconnect()
        reconciler.connectionEnded(at: Clock.monotonic())
    }

    private func publish(_ status: ApplierStatus) {
        let isNew = orders.withLock { orders in
            guard orders.status != status else { return false }
            orders.status = status
            return true
        }
        if isNew { report(status) }
    }
}
