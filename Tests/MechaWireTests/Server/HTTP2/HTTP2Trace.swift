import NIOCore
import NIOHPACK

@testable import MechaWire

/// A machine, and a client's side that gives it frames and reads what it writes.
struct HTTP2Trace {
    var machine: HTTP2ServerMachine
    var now = NIODeadline.uptimeNanoseconds(0)
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())

    static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// A connection whose settings are exchanged, unless `isOpen` says otherwise.
    init(_ limits: WireLimits = WireLimits(), isOpen: Bool = true, settings: [(UInt16, UInt32)] = []) {
        machine = HTTP2ServerMachine(limits: limits)
        guard isOpen else { return }
        machine.receive(ByteBuffer(string: Self.preface))
        _ = send(Self.settings(settings))
        _ = sent()
    }

    // MARK: - Frames

    static func frame(_ kind: UInt8, _ flags: UInt8 = 0, _ stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        var out = ByteBuffer()
        HTTP2FrameHead(length: payload.count, kind: kind, flags: flags, stream: stream).write(into: &out)
        return Array(out.readableBytesView) + payload
    }

    static func settings(_ values: [(UInt16, UInt32)]) -> [UInt8] {
        frame(4, 0, 0, values.flatMap { word($0.1, after: [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)]) })
    }

    static func windowUpdate(_ stream: UInt32, _ bytes: UInt32) -> [UInt8] { frame(8, 0, stream, word(bytes)) }
    static func reset(_ stream: UInt32) -> [UInt8] { frame(3, 0, stream, word(8)) }
    static func data(_ stream: UInt32, _ bytes: Int, isEnd: Bool = false) -> [UInt8] {
        frame(0, isEnd ? 1 : 0, stream, [UInt8](repeating: 0x78, count: bytes))
    }

    private static func word(_ value: UInt32, after start: [UInt8] = []) -> [UInt8] {
        start + [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }

    mutating func block(_ fields: HPACKHeaders) -> [UInt8] {
        var block = ByteBuffer()
        try? encoder.encode(headers: fields, to: &block)
        return Array(block.readableBytesView)
    }

    mutating func request(_ stream: UInt32, isEnd: Bool = true, _ more: HPACKHeaders = [:]) -> [UInt8] {
        var fields: HPACKHeaders = [":method": "POST", ":scheme": "http", ":path": "/"]
        fields.add(contentsOf: more)
        return Self.frame(1, isEnd ? 5 : 4, stream, block(fields))
    }

    // MARK: - Both ends

    /// What the machine makes of `frames`.
    mutating func send(_ frames: [UInt8]...) -> [String] {
        machine.receive(ByteBuffer(bytes: frames.flatMap { $0 }))
        return events()
    }

    mutating func events() -> [String] {
        var events: [String] = []
        while let event = machine.next(at: now) { events.append(Self.text(event)) }
        return events
    }

    private static func text(_ event: HTTP2ServerMachine.Event) -> String {
        switch event {
        case .request(let id, _, _, let isEnd): "request \(id)\(isEnd ? " end" : "")"
        case .data(let id, let chunk, let isEnd): "data \(id) \(chunk.readableBytes)\(isEnd ? " end" : "")"
        case .trailers(let id, let fields): "trailers \(id) \(fields.map { "\($0.name)=\($0.value)" }.joined(separator: " "))"
        case .reset(let id, _): "reset \(id)"
        case .streamFailed(let id, _): "stream failed \(id)"
        case .drainPingAnswered: "drain ping answered"
        case .limitExceeded(let limit): "limit \(limit)"
        case .failed(let code, let limit): "failed \(code)\(limit.map { " \($0)" } ?? "")"
        }
    }

    /// The frames that the machine has written since the last call, once bodies that may leave have left.
    mutating func sent(upTo bytes: Int = .max) -> [String] {
        machine.sendPending(upTo: bytes)
        let (sealed, joint) = machine.output.take()
        var all = ByteBuffer()
        for part in sealed + [joint] { all.writeImmutableBuffer(part) }
        var frames: [String] = []
        while let head = HTTP2FrameHead(all) {
            all.moveReaderIndex(forwardBy: HTTP2FrameHead.bytes)
            guard var payload = all.readSlice(length: head.length) else { return frames + ["cut off"] }
            frames.append(text(head, &payload))
        }
        return all.readableBytes == 0 ? frames : frames + ["\(all.readableBytes) bytes more"]
    }

    private mutating func text(_ head: HTTP2FrameHead, _ payload: inout ByteBuffer) -> String {
        let end = head.flags & 1 == 1 ? " end" : ""
        switch head.kind {
        case 0: return "DATA \(head.stream) \(head.length)\(end)"
        case 1 where head.flags & 4 == 4:
            let fields = (try? decoder.decodeHeaders(from: &payload)).map { $0.map { "\($0.name)=\($0.value)" } } ?? ["unreadable"]
            return "HEADERS \(head.stream) \(fields.joined(separator: " "))\(end)"
        case 1: return "HEADERS \(head.stream) \(head.length) to be continued\(end)"
        case 3: return "RST_STREAM \(head.stream) \(Self.code(&payload))"
        case 4: return head.flags == 1 ? "SETTINGS ACK" : "SETTINGS \(head.length)"
        case 6: return head.flags == 1 ? "PING ACK" : "PING"
        case 7: return "GOAWAY \(payload.readInteger(as: UInt32.self) ?? 0) \(Self.code(&payload))"
        case 8: return "WINDOW_UPDATE \(head.stream) \(payload.readInteger(as: UInt32.self) ?? 0)"
        case 9: return "CONTINUATION \(head.stream) \(head.length)\(head.flags & 4 == 4 ? " complete" : "")"
        default: return "\(head.kind)"
        }
    }

    private static func code(_ payload: inout ByteBuffer) -> String {
        payload.readInteger(as: UInt32.self).flatMap(HTTP2Code.init).map { "\($0)" } ?? "no code"
    }
}
