/// Weighs the processor time of a client's thread against what it receives.
///
/// libcurl skips HTTP/2 frames that carry nothing (empty DATA, PING, SETTINGS, WINDOW_UPDATE), and a server that sends
/// nothing else would keep a processor busy for ever. Pure: times in, verdict out.
struct Effort {
    /// The processor time that may be spent at once without receiving anything.
    private static let limit = Duration.milliseconds(100)
    /// The same while a TLS handshake is under way: the system's authorities are read, and a small machine signs slowly.
    private static let handshakeLimit = Duration.milliseconds(500)
    /// 1/`share` of the elapsed time may be spent without receiving anything: pings, flow control, waking up.
    private static let share = 10

    /// The most that one sample counts: a virtual machine's clock runs on while the host runs another machine.
    private static let largestSample = Duration.milliseconds(25)

    private var wasted = Duration.zero
    private var processor: Duration
    private var now: ContinuousClock.Instant

    /// `processor` is the processor time that the thread has used so far.
    init(processor: Duration, now: ContinuousClock.Instant) {
        self.processor = processor
        self.now = now
    }

    /// Whether too much time was spent without receiving anything; the measure is reset then. `allowed` is the
    /// processor time that was well spent since the last call.
    mutating func isWasted(
        processor: Duration, now: ContinuousClock.Instant, allowed: Duration, isHandshaking: Bool
    ) -> Bool {
        let used = min(processor - self.processor, Self.largestSample)
        wasted += used - self.now.duration(to: now) / Self.share - allowed
        self.processor = processor
        self.now = now
        if wasted < .zero { wasted = .zero }
        guard wasted > (isHandshaking ? Self.handshakeLimit : Self.limit) else { return false }
        wasted = .zero
        return true
    }
}
