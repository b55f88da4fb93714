import Foundation
import Testing

@testable import TextTemplate

/// Answers of Go's `time`, recorded in `Golden/time.json`.
struct TimeGolden: Sendable {
    /// A method call and its result in the form `%T %v`, or `error` and the message.
    struct Call: Sendable {
        let receiver: Value
        let method: ByteString
        let arguments: [Value]
        let result: String
    }

    struct Formatted: Sendable {
        let time: Time
        let layout: ByteString
        let result: String
    }

    let formats: [[Formatted]]
    /// By directive of `printf`.
    let printed: [Formatted]
    let calls: [[Call]]
    let durations: [Call]

    static let shared: TimeGolden = {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/time.json")
        do {
            let document = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            return TimeGolden(document as! [String: Any])
        } catch {
            fatalError("\(url.path): \(error)")
        }
    }()

    private init(_ document: [String: Any]) {
        let locations = (document["zones"] as! [String: [[Any]]]).mapValues(Self.zones)
        let byName = Dictionary(
            uniqueKeysWithValues: locations.map { name, zones in (name, Self.location(name, zones)) })
        func time(_ json: Any) -> Time { Self.time(json as! [Any], byName) }
        let grid = document["formats"] as! [String: Any]
        let layouts = (grid["layouts"] as! [String]).map { ByteString($0) }
        formats = (grid["rows"] as! [[Any]]).map { row in
            let time = time(row[0])
            return zip(layouts, row[1] as! [String]).map { Formatted(time: time, layout: $0, result: $1) }
        }
        printed = (document["printed"] as! [[Any]]).map { row in
            Formatted(time: time(row[0]), layout: ByteString(row[1] as! String), result: row[2] as! String)
        }
        calls = (document["calls"] as! [[Any]]).map { rows in
            let receiver = Value.object(time(rows[0]))
            return (rows[1] as! [[Any]]).map { row in
                let arguments = (row[1] as! [Any]).map { json -> Value in
                    if let number = json as? String { return .int(Int(number)!) }
                    return .object(time(json))
                }
                return Call(
                    receiver: receiver, method: ByteString(row[0] as! String), arguments: arguments,
                    result: row[2] as! String)
            }
        }
        durations = (document["durations"] as! [[Any]]).map { row in
            Call(
                receiver: TimeSpan.value(Int(row[0] as! String)!), method: ByteString(row[1] as! String),
                arguments: (row[2] as! [String]).map { TimeSpan.value(Int($0)!) }, result: row[3] as! String)
        }
    }

    private struct Range: Sendable {
        let start: Int
        let end: Int
        let zone: Time.Location.Zone
    }

    private static func zones(_ rows: [[Any]]) -> [Range] {
        rows.map { row in
            Range(
                start: Int(row[0] as! String)!, end: Int(row[1] as! String)!,
                zone: .init(
                    abbreviation: ByteString(row[2] as! String), offset: (row[3] as! NSNumber).intValue,
                    isDST: row[4] as! Bool))
        }
    }

    /// A location that knows the recorded ranges.
    private static func location(_ name: String, _ ranges: [Range]) -> Time.Location {
        if name == "UTC" { return .utc }
        return Time.Location(ByteString(name)) { unixSeconds in
            if let range = ranges.first(where: { $0.start <= unixSeconds && unixSeconds < $0.end }) {
                return range.zone
            }
            Issue.record("no rules of \(name) are recorded for \(unixSeconds)")
            return ranges[0].zone
        }
    }

    /// `[location, seconds, nanoseconds]`, and the monotonic reading if there is one.
    private static func time(_ json: [Any], _ locations: [String: Time.Location]) -> Time {
        let name = json[0] as! String
        return Time(
            seconds: Int(json[1] as! String)! &+ Time.unixEpoch, nanoseconds: (json[2] as! NSNumber).intValue,
            monotonic: json.count > 3 ? Int(json[3] as! String)! : nil,
            location: locations[name == "Fixed/Unnamed" ? "" : name]!, local: locations["Europe/Berlin"]!)
    }
}
