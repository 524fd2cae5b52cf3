import NIOCore
import NIOHTTP1
import NIOPosix

/// One-shot calls of a runtime's HTTP API on this machine, for commands.
struct LocalAPI: Sendable {
    enum Address: Sendable, Equatable {
        case port(Int)
        case socket(String)
    }

    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders
        var body: ByteBuffer

        var text: String { String(buffer: body) }
        var isSuccess: Bool { (200..<300).contains(status.code) }
    }

    /// Larger answers are refused.
    static let maximumAnswerBytes = 64 << 20
    static let connectPatience = TimeAmount.seconds(5)

    var address: Address
    /// Sent as `dapr-api-token`.
    var token: String?

    init(address: Address, environment: [String: String]) {
        self.address = address
        token = environment["DAPR_API_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The API of a running app: its socket folder when one is named or known, else its port.
    init(of app: RunningApp, socketDirectory: String?, environment: [String: String]) throws(CommandError) {
        if let directory = socketDirectory ?? app.app.unixDomainSocketDirectory {
            self.init(address: .socket("\(directory)/dapr-\(app.app.appID)-http.socket"), environment: environment)
        } else if let port = app.app.httpPort {
            self.init(address: .port(port), environment: environment)
        } else {
            throw CommandError("The runtime of \(app.app.appID) has no HTTP API")
        }
    }

    func call(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: ByteBuffer? = nil
    ) async throws(CommandError) -> Answer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        head.headers.replaceOrAdd(name: "host", value: "localhost")
        head.headers.replaceOrAdd(name: "connection", value: "close")
        head.headers.replaceOrAdd(name: "content-length", value: "\(body?.readableBytes ?? 0)")
        if let token { head.headers.replaceOrAdd(name: "dapr-api-token", value: token) }
        let request = (head: head, body: body)
        do {
            return try await exchange(request)
        } catch {
            throw CommandError("No answer from the runtime at \(place): \(error)")
        }
    }

    private var place: String {
        switch address {
        case .port(let port): "port \(port)"
        case .socket(let path): path
        }
    }

    private func exchange(_ request: (head: HTTPRequestHead, body: ByteBuffer?)) async throws -> Answer {
        let group = MultiThreadedEventLoopGroup.singleton
        let answer = group.any().makePromise(of: Answer.self)
        let bootstrap = ClientBootstrap(group: answer.futureResult.eventLoop)
            .connectTimeout(Self.connectPatience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AnswerCollector(answer))
                }
            }
        let channel: any Channel
        do {
            switch address {
            case .port(let port): channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
            case .socket(let path): channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            }
        } catch {
            answer.fail(error)
            return try await answer.futureResult.get()
        }
        channel.write(HTTPClientRequestPart.head(request.head), promise: nil)
        if let body = request.body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try await answer.futureResult.get()
    }
}
