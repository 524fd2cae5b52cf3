import MechaCore
import MechaPolicies
import MechaWire
import NIOCore
import NIOHTTP1

@testable import MechaInvocation

/// Loops, a client, apps and runtimes of one test.
final class TestRuntime: Sendable {
    let loops: EventLoops
    let client: HTTPClient
    let resolver = TableResolver()
    let observer = RecordingObserver()

    private init(loops count: Int) {
        loops = EventLoops(count: count)
        client = HTTPClient(loops: loops)
    }

    /// Runs `body` and takes everything down whatever happens.
    static func run(loops: Int = 1, _ body: (TestRuntime) async throws -> Void) async throws {
        let runtime = TestRuntime(loops: loops)
        do {
            try await body(runtime)
        } catch {
            await runtime.loops.shutdown()
            throw error
        }
        await runtime.loops.shutdown()
    }

    /// Listens on a free port.
    func listen(_ service: any HTTPService) async throws -> Int {
        try await HTTPListener.start(ListenerOptions(.tcp(host: "127.0.0.1", port: 0)), loops: loops, service: service).port ?? 0
    }

    /// An app of this process at `port`.
    func app(
        _ id: String, port: Int?, protocol appProtocol: AppProtocol = .http, maxConcurrency: Int? = nil, token: String? = nil
    ) -> LocalApp {
        let address = AppAddress(appID: id)
        let endpoint = AppEndpoint(app: address, port: port ?? 1, appProtocol: appProtocol, token: token)
        let channel: any AppChannel =
            appProtocol.isGRPC ? GRPCAppChannel(endpoint, client: client) : HTTPAppChannel(endpoint, client: client)
        return LocalApp(
            address: address, channel: port == nil ? nil : channel, maxConcurrency: maxConcurrency, observer: observer)
    }

    /// The runtime of `own`; answers `/v1.0/invoke/...` and tells failures as `<status 599>: <code>`.
    func runtime(
        of own: LocalApp, apps: LocalApps = LocalApps(), retry: InvocationRetry = .never, bodyBytesAtMost: Int? = nil,
        endpoint: @escaping @Sendable (String) -> HTTPEndpoint? = { _ in nil },
        policies: @escaping @Sendable (String) -> TargetPolicies? = { _ in nil }
    ) async throws -> (invoker: Invoker, port: Int) {
        apps.add(own)
        let invoker = Invoker(
            own: own, apps: apps, client: client, resolver: resolver, forwarder: Forwarder(address: "10.0.0.9", hostName: "me"),
            retry: retry, observer: observer, endpoint: endpoint, policies: policies)
        let port = try await listen(
            TestService { exchange in
                @Sendable func tell(_ exchange: ServerExchange, _ error: InvocationError) {
                    exchange.respond(status: .custom(code: 599, reasonPhrase: "Failed"), body: ByteBuffer(string: "\(error.code)"))
                }
                do {
                    guard let path = try InvocationPath(requestTarget: exchange.head.uri) else {
                        return exchange.respond(status: .notFound)
                    }
                    let call = StreamedCall(exchange, method: path.method, bodyBytesAtMost: bodyBytesAtMost, onFailure: tell)
                    invoker.forward(call, to: try invoker.target(path.target))
                } catch {
                    tell(exchange, error as? InvocationError ?? .init(.invalidTarget, "\(error)"))
                }
            })
        return (invoker, port)
    }

    /// The internal port of a runtime that hosts `apps`.
    func peer(_ apps: LocalApp..., authorize: PeerService.Authorization? = nil) async throws -> PeerEndpoint {
        let hosted = LocalApps()
        for app in apps { hosted.add(app) }
        return PeerEndpoint(host: "127.0.0.1", port: try await listen(PeerService(apps: hosted, authorize: authorize)))
    }

    /// A GET request to a port.
    func request(_ target: String, port: Int, headers: HTTPHeaders = [:]) async throws -> (status: Int, body: String, headers: HTTPHeaders)
    {
        try await request(.GET, target, port: port, headers: headers)
    }

    /// A request to a port; status and body as text.
    func request(
        _ method: HTTPMethod, _ target: String, port: Int, headers: HTTPHeaders = [:], body: String? = nil
    ) async throws -> (status: Int, body: String, headers: HTTPHeaders) {
        let request = ClientRequest(
            method, target, at: Origin(.tcp(host: "127.0.0.1", port: port)), headers: headers, body: body.map { ByteBuffer(string: $0) })
        let response = try await client.execute(request)
        return (Int(response.status.code), String(buffer: response.body), response.headers)
    }
}
