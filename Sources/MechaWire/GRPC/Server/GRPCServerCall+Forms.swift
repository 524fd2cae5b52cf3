import NIOCore
import SwiftProtobuf

// The four forms of a call. Each reads what the form prescribes, asks the handler and writes the answer.
extension GRPCServerCall {
    /// The benchmarked path: with the body already there, and a handler that does not suspend, everything
    /// from here to the flush happens in one go.
    func serveUnary<Request: Message, Response: Message>(
        _ handler: (Request, GRPCServerCall) async throws -> Response
    ) async {
        do {
            respond(try await handler(try await onlyRequest(), self))
        } catch {
            end(throwing: error)
        }
    }

    func serveServerStreaming<Request: Message, Response: Message>(
        _ handler: (Request, GRPCResponseStream<Response>, GRPCServerCall) async throws -> Void
    ) async {
        do {
            try await handler(try await onlyRequest(), GRPCResponseStream(self), self)
            end(.ok)
        } catch {
            end(throwing: error)
        }
    }

    func serveClientStreaming<Request: Message, Response: Message>(
        _ handler: (GRPCRequestStream<Request>, GRPCServerCall) async throws -> Response
    ) async {
        do {
            respond(try await handler(GRPCRequestStream(self), self))
        } catch {
            end(throwing: error)
        }
    }

    func serveBidirectional<Request: Message, Response: Message>(
        _ handler: (GRPCRequestStream<Request>, GRPCResponseStream<Response>, GRPCServerCall) async throws -> Void
    ) async {
        do {
            try await handler(GRPCRequestStream(self), GRPCResponseStream(self), self)
            end(.ok)
        } catch {
            end(throwing: error)
        }
    }

    /// The request of a form that has exactly one.
    private func onlyRequest<Request: Message>() async throws(GRPCStatus) -> Request {
        try GRPCMessageCoding.decode(Request.self, from: try await onlyFrame(), encoding: requestEncoding, limits: limits)
    }

    func onlyFrame() async throws(GRPCStatus) -> GRPCFrame {
        var decoder = GRPCFrameDecoder(limitBytes: limits.receivedMessageBytes)
        do {
            decoder.append(try await exchange.collectBody(upTo: limits.receivedMessageBytes + GRPCFrame.prefixBytes))
        } catch {
            throw error.code == .tooLarge
                ? GRPCStatus(.resourceExhausted, "the request message is larger than \(limits.receivedMessageBytes) bytes")
                : GRPCStatus(error)
        }
        guard let frame = try decoder.next() else {
            throw decoder.isAtBoundary
                ? GRPCStatus(.unimplemented, "the request has no message, expected one")
                : GRPCStatus(.internal, "the request ends within a message")
        }
        guard decoder.isAtBoundary else {
            throw GRPCStatus(.unimplemented, "more follows the request message, expected only one")
        }
        return frame
    }
}
