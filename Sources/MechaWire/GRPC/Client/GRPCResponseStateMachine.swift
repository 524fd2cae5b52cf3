import NIOCore
import NIOHTTP1

/// The response of a call as the client follows it: head, messages, status.
///
/// Knows no channel and no task. What arrives goes in, ``next()`` says what the reader gets. The status
/// of the server comes after the messages before it; a failure on our side comes at once.
struct GRPCResponseStateMachine {
    enum Next {
        case frame(GRPCFrame)
        case needsMore
        case ended(GRPCStatus)
    }

    private enum Phase {
        case head
        case messages
        /// All has arrived, messages may still be unread.
        case ended(GRPCStatus)
        /// Over; unread messages are void.
        case failed(GRPCStatus)
    }

    private var phase = Phase.head
    private var decoder: GRPCFrameDecoder
    /// How compressed messages are encoded.
    private(set) var encoding = GRPCEncoding.identity
    private(set) var headers = HTTPHeaders()
    private(set) var trailers = HTTPHeaders()

    init(limits: GRPCLimits) { decoder = GRPCFrameDecoder(limitBytes: limits.receivedMessageBytes) }

    /// Bytes that arrived and were not read.
    var unreadBytes: Int { decoder.unreadBytes }

    /// Whether nothing that arrives can matter any more.
    var isOver: Bool {
        switch phase {
        case .head, .messages: false
        case .ended, .failed: true
        }
    }

    mutating func headReceived(_ head: HTTPResponseHead) {
        guard case .head = phase else { return }
        headers = head.headers
        phase = .messages
        if head.status != .ok {
            fail(GRPCStatus(fields: headers) ?? GRPCStatus(httpStatus: head.status))
        } else if headers.first(name: "content-type")?.hasPrefix("application/grpc") != true {
            fail(GRPCStatus(.unknown, "the server answered with another content-type than application/grpc"))
        } else if let name = headers.first(name: "grpc-encoding") {
            if let known = GRPCEncoding(rawValue: name) {
                encoding = known
            } else {
                fail(GRPCStatus(.internal, "the server compresses with \(name), which was not offered"))
            }
        }
    }

    mutating func bytesReceived(_ bytes: ByteBuffer) {
        if case .messages = phase { decoder.append(bytes) }
    }

    mutating func endReceived(trailers: HTTPHeaders?) {
        guard !isOver else { return }
        // Without trailers the head says everything ("Trailers-Only").
        self.trailers = trailers ?? headers
        phase = .ended(
            GRPCStatus(fields: self.trailers) ?? GRPCStatus(.internal, "the server ended the response without a grpc-status"))
    }

    /// The call is over for a reason other than the server's status; the first reason stands.
    mutating func fail(_ status: GRPCStatus) {
        if case .failed = phase { return }
        phase = .failed(status)
    }

    mutating func next() -> Next {
        switch phase {
        case .head: return .needsMore
        case .failed(let status): return .ended(status)
        case .messages, .ended: break
        }
        do {
            if let frame = try decoder.next() { return .frame(frame) }
        } catch {
            fail(error)
            return .ended(error)
        }
        guard case .ended(let status) = phase else { return .needsMore }
        guard status.code != .ok || decoder.isAtBoundary else {
            return .ended(GRPCStatus(.internal, "the response ends within a message"))
        }
        return .ended(status)
    }
}
