#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Who writes: what every log line carries besides its message.
public struct LogIdentity: Sendable, Equatable {
    public var appID: String
    /// The host's name.
    public var instance: String
    public var version: String

    public init(appID: String, instance: String = hostName(), version: String) {
        self.appID = appID
        self.instance = instance
        self.version = version
    }

    var fields: [LogField] {
        [LogField("app_id", appID), LogField("instance", instance), LogField("ver", version)]
    }

    /// The machine's name, `localhost` when it has none.
    public static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
    }
}
