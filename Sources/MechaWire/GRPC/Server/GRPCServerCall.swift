import NIOCore
import NIOHPACK
import SwiftProtobuf

/// A gRPC call that came in: what its handler knows of it besides the messages, and the one place where
/// its answer is written.
///
/// Lives on the exchange's event loop, where every member must be used (a handler always runs there);
/// hence the unchecked Sendable.
public final class GRPCServerCall: @unchecked Sendable {
    public let exchange: ServerExchange
    /// `/package.Service/Method`.
    public let path: String
    /// The metadata of the request.
    public let metadata: GRPCMetadata
    /// When the client stops waiting; the handler is cancelled then. Nil when it waits for ever.
    public private(set) var deadline: NIODeadline?
    /// Sent before the first response; setting it later has no effect.
    public var responseMetadata: GRPCMetadata?
    /// Sent with the status.
    public var trailingMetadata: GRPCMetadata?
    /// For whoever watches the call, such as its span (``GRPCServerHooks``).
    public var attachment: (any Sendable)?

    let limits: GRPCLimits
    /// How compressed request messages are encoded.
    private(set) var requestEncoding = GRPCEncoding.identity
    private let head: GRPCRequestHead
    private let hooks: any GRPCServerHooks
    private var phase = Phase.pending
    private var deadlineTimer: LoopTimer?

    private enum Phase { case pending, streaming, over }

    init(
        _ exchange: ServerExchange, _ head: GRPCRequestHead, metadata: GRPCMetadata, limits: GRPCLimits,
        hooks: any GRPCServerHooks
    ) {
        self.exchange = exchange
        self.head = head
        path = head.path
        self.metadata = metadata
        self.limits = limits
        self.hooks = hooks
    }

    /// Runs `route`, unless the call is refused before it begins.
    func start(_ route: @escaping GRPCRouter.Route) {
        do {
            try hooks.began(self)
            try readEncoding()
            try readDeadline()
        } catch {
            return end(error)
        }
        exchange.run { _ in await route(self) }
    }

    private func readEncoding() throws(GRPCStatus) {
        guard let encoding = head.encoding else { return }
        guard let known = GRPCEncoding(rawValue: encoding) else {
            throw GRPCStatus(
                .unimplemented, "messages compressed with \(encoding) cannot be read, only \(GRPCEncoding.accepted)")
        }
        requestEncoding = known
    }

    private func readDeadline() throws(GRPCStatus) {
        guard let text = head.timeout else { return }
        guard let timeout = GRPCTimeout.parse(text) else {
            throw GRPCStatus(.internal, "grpc-timeout is \(text), expected up to eight digits and a unit")
        }
        let deadline = exchange.context.loop.now + timeout
        self.deadline = deadline
        deadlineTimer = exchange.context.timers.start(at: deadline) {
            self.exchange.cancelHandler()
            self.end(.deadlineExceeded)
        }
    }

    // MARK: - The answer

    /// Sends the response headers now rather than with the first message.
    public func sendHeaders() {
        guard phase == .pending else { return }
        phase = .streaming
        exchange.startHTTP2(responseHeaders)
        exchange.flush()
    }

    /// The only response of a call, with its headers and status in one flush.
    func respond(_ message: some Message) {
        guard phase == .pending else { return }
        let frame: ByteBuffer
        do {
            frame = try GRPCMessageCoding.encode(message, gzip: compressesResponses, limits: limits)
        } catch {
            return end(error)
        }
        exchange.respondHTTP2(responseHeaders, body: frame, trailers: trailers(.ok))
        over(.ok)
    }

    /// The same for a message that is bytes already.
    func respond(bytes: ByteBuffer) {
        guard phase == .pending else { return }
        let frame: ByteBuffer
        do {
            frame = try GRPCMessageCoding.encode(bytes: bytes, gzip: compressesResponses, limits: limits)
        } catch {
            return end(error)
        }
        exchange.respondHTTP2(responseHeaders, body: frame, trailers: trailers(.ok))
        over(.ok)
    }

    /// One of several responses; waits until the client can take more.
    func send(_ message: some Message) async throws(GRPCStatus) {
        guard phase != .over else { throw .cancelled }
        let frame = try GRPCMessageCoding.encode(message, gzip: compressesResponses, limits: limits)
        if phase == .pending {
            phase = .streaming
            exchange.startHTTP2(responseHeaders)
        }
        do {
            try await exchange.writeAndWait(frame)
        } catch {
            throw GRPCStatus(error)
        }
        // The deadline may have passed meanwhile.
        if phase == .over { throw .cancelled }
    }

    /// Ends the call with a status; a call that is over stays as it is.
    func end(_ status: GRPCStatus) {
        switch phase {
        case .over: return
        case .pending: exchange.respondHTTP2(headersOnly(status), body: nil, trailers: nil)
        case .streaming: exchange.endHTTP2(trailers: trailers(status))
        }
        over(status.code)
    }

    /// Ends the call with the status of an error that a handler threw.
    func end(throwing error: any Error) {
        switch error {
        case let status as GRPCStatus: end(status)
        case let error as WireError: end(GRPCStatus(error))
        case is CancellationError: end(.cancelled)
        default: end(hooks.status(for: error))
        }
    }

    private func over(_ code: GRPCStatus.Code) {
        phase = .over
        deadlineTimer?.cancel()
        deadlineTimer = nil
        hooks.ended(self, code: exchange.failure == nil ? code : .cancelled)
    }

    // MARK: - Fields

    private static let headers: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]

    /// A client that compresses, and can read gzip, gets compressed messages back.
    private var compressesResponses: Bool {
        requestEncoding == .gzip && head.acceptEncoding.map(GRPCEncoding.isGzipAccepted) == true
    }

    private var responseHeaders: HPACKHeaders {
        var headers = Self.headers
        if head.encoding != nil {
            headers.add(name: "grpc-accept-encoding", value: GRPCEncoding.accepted)
            if compressesResponses { headers.add(name: "grpc-encoding", value: GRPCEncoding.gzip.rawValue) }
        }
        if let responseMetadata { headers.add(contentsOf: responseMetadata.fields) }
        return headers
    }

    private func trailers(_ status: GRPCStatus) -> HPACKHeaders {
        guard status.code != .ok || trailingMetadata != nil else { return GRPCStatus.okTrailers }
        var trailers = HPACKHeaders()
        status.add(to: &trailers)
        if let trailingMetadata { trailers.add(contentsOf: trailingMetadata.fields) }
        return trailers
    }

    /// Headers that say everything, of a response without messages.
    private func headersOnly(_ status: GRPCStatus) -> HPACKHeaders {
        var headers = responseHeaders
        headers.add(contentsOf: trailers(status))
        return headers
    }

    static func headersOnly(_ status: GRPCStatus) -> HPACKHeaders {
        var headers = Self.headers
        status.add(to: &headers)
        return headers
    }
}

extension ServerExchange {
    /// Ends an exchange that asked for gRPC with a status alone, without a call having been made of it.
    public func respondGRPC(_ status: GRPCStatus) {
        respondHTTP2(GRPCServerCall.headersOnly(status), body: nil, trailers: nil)
    }
}
