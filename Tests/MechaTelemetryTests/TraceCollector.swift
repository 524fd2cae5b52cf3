import MechaTestKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A collector that is not ours: `Support/collector.py`.
struct TraceCollector {
    enum Kind: String { case http, grpc }

    let port: Int
    private let process: ServerProcess
    private let folder: TemporaryDirectory

    /// The project's own Python, which has grpcio; made by `scripts/prepare.sh test`.
    static let python = root + "/.build/venv/bin/python"

    /// Whether the collector for gRPC can run here.
    static var hasGRPC: Bool { FileManager.default.isExecutableFile(atPath: python) }

    private static let root = String(#filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 })

    /// - Parameter statuses: with which the first requests are answered.
    init(_ kind: Kind, answering statuses: [Int] = []) async throws {
        let folder = try TemporaryDirectory(prefix: "mecha-collector")
        let process = try ServerProcess(
            kind == .grpc ? Self.python : "python3",
            [Self.root + "/Tests/MechaTelemetryTests/Support/collector.py", kind.rawValue, folder.path]
                + statuses.map(String.init))
        try await process.waitUntil("says its port") { process.output.hasSuffix("\n") }
        guard let port = Int(process.output.dropLast()) else { throw TestKitError("no port: \(process.output)") }
        self.port = port
        self.process = process
        self.folder = folder
    }

    struct Request {
        /// Path and header lines for HTTP, metadata lines for gRPC.
        var head: [String]
        var body: [UInt8]
    }

    /// Waits for the request of that number, counted from 0.
    func request(_ number: Int) async throws -> Request {
        try await process.waitUntil("gets request \(number)") { FileManager.default.fileExists(atPath: folder.file("\(number)")) }
        let head = FileManager.default.contents(atPath: folder.file("\(number).head")) ?? Data()
        return Request(
            head: String(decoding: head, as: UTF8.self).split(separator: "\n").map(String.init),
            body: Array(FileManager.default.contents(atPath: folder.file("\(number)")) ?? Data()))
    }
}
