import MechaTestKit

/// Looks at a database with Debian's `sqlite3` program: another process, and not our code.
enum SQLiteShell {
    static func run(_ sql: String, on path: String) async throws -> String {
        let process = try ServerProcess("sqlite3", ["-cmd", ".timeout 5000", path, sql])
        guard try await process.waitForExit() == .code(0) else { throw TestKitError("sqlite3: \(process.output)") }
        return String(process.output.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
