import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// `middleware.http.ratelimit`: so many requests a second of each client to each path; beyond that 429.
public final class RateLimitMiddleware: HTTPMiddleware {
    private let perSecond: Double
    private let clock: any MechaClock
    private let buckets: Mutex<TokenBuckets>

    init(_ metadata: ComponentMetadata, clock: any MechaClock) throws {
        let text = metadata.string("maxRequestsPerSecond", default: "100")
        guard let perSecond = Double(text), perSecond > 0, perSecond.isFinite else {
            throw MetadataError(field: "maxRequestsPerSecond", problem: "is not above zero", expected: "a number such as 10 or 0.5")
        }
        self.perSecond = perSecond
        self.clock = clock
        buckets = Mutex(TokenBuckets(perSecond: perSecond))
    }

    public let status = ComponentStatus.ready
    public func start() async throws {}
    public func close() async {}

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        request.responseHeaders.add(name: "x-rate-limit-limit", value: Self.twoDigits(perSecond))
        request.responseHeaders.add(name: "x-rate-limit-duration", value: "1")
        let key = "\(Self.client(of: request)) \(request.path)"
        let wait = buckets.withLock { $0.take(key, at: clock.monotonicNanoseconds()) }
        guard let wait else { return .pass }
        let seconds = max(1, Int((wait / 1_000_000_000).rounded(.up)))
        return .answer(
            .refusal(.tooManyRequests, "You have reached maximum request limit.", headers: ["retry-after": String(seconds)]))
    }

    /// The address that the connection comes from; for requests of the runtime, whom these name as the sender.
    private static func client(of request: MiddlewareRequest) -> String {
        if let address = request.peerAddress?.ipAddress { return address }
        let forwarded = request.head.headers.first(name: "x-forwarded-for") ?? request.head.headers.first(name: "x-real-ip")
        return forwarded.map { String($0.prefix { $0 != "," }) } ?? "0.0.0.0"
    }

    private static func twoDigits(_ number: Double) -> String {
        guard number < 1e15 else { return String(number) }
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// `middleware.http.ratelimit`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.ratelimit", summary: "Limits the requests that a client may make to a path each second",
        fields: [
            MetadataField("maxRequestsPerSecond", .number, default: "100", "Requests of one client to one path each second; may be below 1")
        ],
        isShareable: false
    ) { metadata, environment in try RateLimitMiddleware(metadata, clock: environment.clock) }
}
