import KeyValue

/// Reads folders of one server, and what changes in them.
final class ZookeeperReader {
    private let session: ZookeeperSession
    private let memoryLimit: Int
    /// Everything is read again after this time.
    private let trust: Duration
    private var nextRead: ContinuousClock.Instant
    private var tree: ZookeeperTree
    /// The keys of all folders at one moment; nil before the first read.
    private(set) var snapshot: Snapshot?

    /// The most requests that are sent at once without waiting for replies, and about how many bytes.
    private static let window = 500
    private static let windowSize = 64 << 10

    init(_ session: ZookeeperSession, _ folders: [[UInt8]], _ options: ZookeeperOptions) {
        self.session = session
        memoryLimit = options.memoryLimit
        trust = options.trust
        nextRead = .now.advanced(by: trust)
        tree = ZookeeperTree(folders)
    }

    /// Reads what is unknown or has changed, until everything is known as of one moment; nil if no key has changed.
    func read(until deadline: ContinuousClock.Instant) throws(ZookeeperFailure) -> Snapshot? {
        while let questions = tree.nextRound() { try ask(questions, until: deadline) }
        let changes = tree.takeChanges()
        guard let former = snapshot else {
            snapshot = Snapshot([]).applying(changes, revision: 0)
            return snapshot
        }
        guard let changed = former.changed(by: changes) else { return nil }
        snapshot = changed
        return changed
    }

    /// Waits for the report of a change, or until everything is to be read again.
    func waitForChange() throws(ZookeeperFailure) {
        switch try session.message(.watch, until: nextRead) {
        case .event(let event): tree.take(event)
        case .reply: throw session.failure(.watch, .answer(.malformed(.unexpected)))
        case nil:
            nextRead = .now.advanced(by: trust)
            tree.doubtEverything()
        }
    }

    private func ask(
        _ questions: [ZookeeperTree.Question], until deadline: ContinuousClock.Instant
    ) throws(ZookeeperFailure) {
        var sent = 0
        var answered = 0
        while answered < questions.count {
            let call = ZookeeperFailure.Call.read(questions[answered].path)
            if sent < questions.count, sent - answered <= Self.window / 2 {
                let requests = Self.requests(questions[sent...].prefix(Self.window))
                try session.send(requests, call, until: deadline)
                sent += requests.count
            }
            switch try session.message(call, until: deadline) {
            case nil: throw session.failure(call, tree.isMoving ? .answer(.changing) : .timeIsOver)
            case .event(let event): tree.take(event)
            case .reply(let code, let body):
                try take(code, body, questions[answered])
                answered += 1
            }
        }
    }

    /// The first of `questions`, at least one.
    private static func requests(_ questions: ArraySlice<ZookeeperTree.Question>) -> [ZookeeperRequest] {
        var requests: [ZookeeperRequest] = []
        var size = 0
        for question in questions where size < windowSize {
            size += question.path.count
            switch question.kind {
            case .children: requests.append(.children(question.path))
            case .value: requests.append(.value(question.path))
            case .existence: requests.append(.exists(question.path))
            }
        }
        return requests
    }

    private func take(
        _ code: ZookeeperCode, _ body: JuteReader, _ question: ZookeeperTree.Question
    ) throws(ZookeeperFailure) {
        let call = ZookeeperFailure.Call.read(question.path)
        let tooMuch = session.failure(call, .answer(.tooMuch(limit: memoryLimit)))
        var body = body
        let answer: ZookeeperTree.Answer
        switch code {
        case .noNode: answer = .missing
        case .success:
            let read: ZookeeperTree.Answer?
            do throws(JuteReader.Malformed) {
                switch question.kind {
                case .children:
                    read = try body.buffers(limit: memoryLimit / ZookeeperTree.nodeSize).map { .children($0) }
                case .value: read = .value(try body.buffer())
                case .existence: read = .present
                }
            } catch {
                throw session.failure(call, .answer(.malformed(.incomplete)))
            }
            guard let read else { throw tooMuch }
            answer = read
        default: throw session.failure(call, .answer(.refused(code)))
        }
        do throws(ZookeeperMalformed) { try tree.take(answer, to: question) } catch {
            throw session.failure(call, .answer(.malformed(error)))
        }
        if tree.size > memoryLimit { throw tooMuch }
    }
}
