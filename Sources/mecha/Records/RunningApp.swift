import MechaCore

/// An app with the runtime process that serves it.
struct RunningApp: Sendable, Equatable {
    var record: RunRecord
    var app: RunRecord.App

    static func all(in store: RunRecordStore) -> [RunningApp] {
        store.running().flatMap { record in record.apps.map { RunningApp(record: record, app: $0) } }
    }

    /// Throws a ``CommandError`` when no app of that id runs; it names one that is spelled almost alike.
    static func find(_ appID: String, in store: RunRecordStore) throws(CommandError) -> RunningApp {
        let apps = all(in: store)
        if let found = apps.first(where: { $0.app.appID == appID }) { return found }
        throw CommandError("couldn't find app id \(appID)", hint: hint(appID, among: apps.map(\.app.appID)))
    }

    private static func hint(_ appID: String, among known: [String]) -> String {
        if let near = nearestName(to: appID, among: known) { return "did you mean \(near)?" }
        return known.isEmpty ? "no app runs here" : "running: \(known.sorted().joined(separator: ", "))"
    }
}
