import MechaWire
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The probe's command line: `--name value` pairs; limits under their own names.
struct ProbeOptions {
    var listener: ListenerOptions
    var loops = 1
    var drainLimit = Duration.seconds(5)
    var socketPath = ""

    struct Failure: Error, CustomStringConvertible { var description: String }

    init(_ arguments: some Sequence<String>) throws {
        var values: [String: String] = [:]
        var iterator = arguments.makeIterator()
        while let name = iterator.next() {
            guard name.hasPrefix("--"), let value = iterator.next() else {
                throw Failure(description: "expected --name value, got \(name)")
            }
            values[String(name.dropFirst(2))] = value
        }
        func take(_ name: String) -> String? { values.removeValue(forKey: name) }
        func number(_ name: String) throws -> Int? {
            guard let text = take(name) else { return nil }
            guard let number = Int(text) else { throw Failure(description: "--\(name) is not a number") }
            return number
        }

        if let path = take("unix") {
            socketPath = path
            listener = ListenerOptions(.unix(path: path))
        } else {
            listener = ListenerOptions(.tcp(host: take("host") ?? "127.0.0.1", port: try number("port") ?? 0))
        }
        if let chain = take("tls-chain"), let key = take("tls-key") {
            listener.tls = ServerTLS(
                certificateChain: try Self.read(chain), privateKey: try Self.read(key),
                clientRoots: try take("tls-client-roots").map(Self.read))
        }
        if try number("http2") == 0 { listener.isHTTP2Enabled = false }
        loops = try number("loops") ?? loops
        drainLimit = .milliseconds(try number("drain-ms") ?? 5_000)
        if let value = try number("header-bytes") { listener.limits.headerBytes = value }
        if let value = try number("body-bytes") { listener.limits.bodyBytes = value }
        if let value = try number("connections") { listener.limits.connections = value }
        if let value = try number("streams") { listener.limits.streamsPerConnection = value }
        if let value = try number("resets") { listener.limits.resetsPerWindow = value }
        if let value = try number("header-read-ms") { listener.limits.headerReadTimeout = .milliseconds(Int64(value)) }
        if let value = try number("idle-ms") { listener.limits.idleTimeout = .milliseconds(Int64(value)) }
        if let unknown = values.keys.min() { throw Failure(description: "unknown option --\(unknown)") }
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Failure(description: "cannot read \(path)") }
        defer { fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { text += chunk[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
