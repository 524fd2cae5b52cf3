import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct GRPCResponseStateMachineTests {
    private static let grpc: HTTPHeaders = ["content-type": "application/grpc+proto"]

    private static func head(_ fields: HTTPHeaders = grpc, status: HTTPResponseStatus = .ok) -> HTTPResponseHead {
        HTTPResponseHead(version: .http2, status: status, headers: fields)
    }

    private static func bytes(_ texts: String...) -> ByteBuffer {
        GRPCFrameDecoderTests.bytes(texts.map { GRPCFrameDecoderTests.frame($0) })
    }

    /// What the reader gets, as text.
    private static func next(_ machine: inout GRPCResponseStateMachine) -> String {
        switch machine.next() {
        case .frame(let frame): String(buffer: frame.payload)
        case .needsMore: "..."
        case .ended(let status): "\(status.code)"
        }
    }

    @Test func `messages come before the status, and the status stays`() {
        var machine = GRPCResponseStateMachine(limits: .init())
        #expect(Self.next(&machine) == "...")
        machine.headReceived(Self.head())
        #expect(Self.next(&machine) == "...")
        machine.bytesReceived(Self.bytes("a", "b"))
        machine.endReceived(trailers: ["grpc-status": "5"])
        #expect(Self.next(&machine) == "a")
        #expect(Self.next(&machine) == "b")
        #expect(Self.next(&machine) == "NOT_FOUND")
        #expect(Self.next(&machine) == "NOT_FOUND")
    }

    @Test func `headers alone can carry the status`() {
        var machine = GRPCResponseStateMachine(limits: .init())
        var fields = Self.grpc
        fields.add(name: "grpc-status", value: "7")
        machine.headReceived(Self.head(fields))
        machine.endReceived(trailers: nil)
        #expect(Self.next(&machine) == "PERMISSION_DENIED")
        #expect(machine.isOver)
    }

    @Test func `a failure on our side voids what is unread, and the first one stands`() {
        var machine = GRPCResponseStateMachine(limits: .init())
        machine.headReceived(Self.head())
        machine.bytesReceived(Self.bytes("a"))
        machine.fail(.deadlineExceeded)
        machine.fail(.cancelled)
        machine.endReceived(trailers: ["grpc-status": "0"])
        #expect(Self.next(&machine) == "DEADLINE_EXCEEDED")
    }

    @Test(arguments: [
        (head(grpc, status: .serviceUnavailable), "UNAVAILABLE"), (head([:], status: .notFound), "UNIMPLEMENTED"),
        (head(["grpc-status": "16"], status: .forbidden), "UNAUTHENTICATED"), (head(["content-type": "text/html"]), "UNKNOWN"),
        (head(["content-type": "application/grpc", "grpc-encoding": "br"]), "INTERNAL"),
    ])
    func `a head that is not gRPC's ends the call`(head: HTTPResponseHead, code: String) {
        var machine = GRPCResponseStateMachine(limits: .init())
        machine.headReceived(head)
        #expect(machine.isOver)
        #expect(Self.next(&machine) == code)
    }

    @Test func `an end without a status, or within a message, is an error`() {
        var silent = GRPCResponseStateMachine(limits: .init())
        silent.headReceived(Self.head())
        silent.endReceived(trailers: [:])
        #expect(Self.next(&silent) == "INTERNAL")

        var cut = GRPCResponseStateMachine(limits: .init())
        cut.headReceived(Self.head())
        cut.bytesReceived(ByteBuffer(bytes: [0, 0, 0]))
        cut.endReceived(trailers: ["grpc-status": "0"])
        #expect(Self.next(&cut) == "INTERNAL")
    }

    @Test func `a message beyond the limit ends the call`() {
        var machine = GRPCResponseStateMachine(limits: GRPCLimits(messageBytes: 3))
        machine.headReceived(Self.head())
        machine.bytesReceived(Self.bytes("four"))
        #expect(Self.next(&machine) == "RESOURCE_EXHAUSTED")
        #expect(machine.isOver)
    }
}
