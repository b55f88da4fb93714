import JSON

/// What the daemon at a control socket knows of the servers that it probes: for `-onetime`, which probes nothing.
enum DaemonVerdicts {
    /// What is known of one server.
    struct Verdict: Equatable, Sendable {
        let isUp: Bool
        /// Why the last probe failed, nil if it did not.
        let error: String?
    }

    /// For each resource the verdict on each of its targets, as text; nil if no daemon answers.
    static func ask(_ socket: String?) -> [String: [String: Verdict]]? {
        // A daemon is optional: it is no error if none answers.
        guard let socket, let answer = try? StatusCommand(socket: socket, wantsJSON: true).run() else { return nil }
        return parse(answer)
    }

    /// Reads `checks` of status.json: `[{"resource": "a.toml", "target": "10.0.0.1:80", "status": "up"}]`.
    static func parse(_ bytes: [UInt8]) -> [String: [String: Verdict]]? {
        bytes.withUnsafeBufferPointer { input in
            guard let document = try? JSONDocument(parsing: input), document.tokens[0].kind == .object else {
                return nil
            }
            func text(_ index: Int) -> String {
                document.withString(at: index, in: input) { String(decoding: $0, as: UTF8.self) }
            }
            func texts(_ object: Int) -> [String: String] {
                guard document.tokens[object].kind == .object else { return [:] }
                return document.keys(of: object).reduce(into: [:]) { texts, key in
                    if document.tokens[key + 1].kind == .string { texts[text(key)] = text(key + 1) }
                }
            }
            guard let key = document.keys(of: 0).first(where: { text($0) == "checks" }),
                document.tokens[key + 1].kind == .array
            else { return nil }
            var verdicts: [String: [String: Verdict]] = [:]
            for check in document.elements(of: key + 1).map(texts) {
                guard let resource = check["resource"], let target = check["target"], let status = check["status"],
                    status != "unknown"
                else { continue }
                verdicts[resource, default: [:]][target] = Verdict(isUp: status == "up", error: check["error"])
            }
            return verdicts
        }
    }
}
