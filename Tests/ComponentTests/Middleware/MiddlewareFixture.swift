import Logging
import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import MechaMiddleware

/// Makes a middleware of metadata and asks it about requests.
func middleware(
    _ descriptor: ComponentDescriptor, _ metadata: [String: String] = [:], clock: any MechaClock = ManualClock()
) throws -> any HTTPMiddleware {
    let environment = ComponentEnvironment(
        name: "step", eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), clock: clock, dataDirectory: ".", appID: "app")
    let metadata = ComponentMetadata(metadata)
    _ = try metadata.validate(against: descriptor.fields)
    return try #require(try descriptor.make(metadata, environment) as? any HTTPMiddleware)
}

func getRequest(_ target: String = "/", _ headers: HTTPHeaders = [:], from address: String? = "10.0.0.1") -> MiddlewareRequest {
    MiddlewareRequest(
        HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers),
        peerAddress: address.flatMap { try? SocketAddress(ipAddress: $0, port: 999) })
}

extension MiddlewareVerdict {
    /// Nil when the request goes on or waits.
    var status: Int? {
        if case .answer(let answer) = self { Int(answer.status.code) } else { nil }
    }

    var passes: Bool {
        if case .pass = self { true } else { false }
    }
}
