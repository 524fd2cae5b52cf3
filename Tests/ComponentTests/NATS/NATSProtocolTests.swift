import MechaTestKit
import NIOCore
import Testing

@testable import MechaNATS

@Suite struct NATSParserTests {
    private func operations(_ text: String, piece: Int = .max, limits: NATSLimits = NATSLimits()) throws -> [NATSParser.Operation] {
        var parser = NATSParser(limits: limits)
        var found: [NATSParser.Operation] = []
        var rest = ByteBuffer(string: text)
        while rest.readableBytes > 0 {
            if let bytes = rest.readSlice(length: min(piece, rest.readableBytes)) { parser.append(bytes) }
            while let operation = try parser.next() { found.append(operation) }
        }
        return found
    }

    private static let stream =
        "INFO {\"max_payload\":1024,\"headers\":true,\"nonce\":\"n\",\"tls_required\":true,\"connect_urls\":[\"a:1\"]}\r\n"
        + "PING\r\nPONG\r\n+OK\r\n"
        + "MSG a.b 7 5\r\nhello\r\n" + "MSG a.b 7 reply.to 0\r\n\r\n" + "HMSG h 9 22 27\r\nNATS/1.0\r\nKey: v 1\r\n\r\nhello\r\n"
        + "HMSG h 9 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n" + "-ERR 'Unknown Protocol Operation'\r\n"

    private func expected() -> [NATSParser.Operation] {
        var info = NATSServerInfo()
        info.maximumPayloadBytes = 1024
        info.supportsHeaders = true
        info.nonce = "n"
        info.requiresTLS = true
        info.connectURLs = ["a:1"]
        var headers = NATSHeaders()
        headers.fields = [("Key", "v 1")]
        var status = NATSHeaders()
        status.status = 503
        return [
            .info(info), .ping, .pong, .ok, .message(NATSMessage(subject: "a.b", subscription: 7, body: ByteBuffer(string: "hello"))),
            .message(NATSMessage(subject: "a.b", subscription: 7, reply: "reply.to", body: ByteBuffer())),
            .message(NATSMessage(subject: "h", subscription: 9, headers: headers, body: ByteBuffer(string: "hello"))),
            .message(NATSMessage(subject: "h", subscription: 9, reply: "r", headers: status, body: ByteBuffer())),
            .error("Unknown Protocol Operation"),
        ]
    }

    @Test(arguments: [Int.max, 1, 2, 3, 7, 31])
    func `a stream is cut the same however it is split`(_ piece: Int) throws {
        #expect(try operations(Self.stream, piece: piece) == expected())
    }

    @Test(arguments: [
        "HELLO\r\n", "MSG\r\n", "MSG a 1\r\n", "MSG a x 1\r\n", "MSG a 1 -1\r\n", "MSG a 1 b c 1\r\n", "MSG a 1 99999999999999999999\r\n",
        "MSG a 1 5\r\nhelloXX", "HMSG a 1 5 4\r\n", "HMSG a 1 4 4\r\nabcd\r\n", "INFO nothing\r\n",
        "HMSG a 1 13 13\r\nNATS/1.0 x\r\n\r\n\r\n",
        "\r\n",
    ])
    func `bytes that make no sense are an error`(_ text: String) {
        #expect(throws: NATSProtocolError.self) { try operations(text) }
    }

    @Test func `lines and messages are bounded`() {
        var limits = NATSLimits()
        limits.lineBytes = 50
        limits.messageBytes = 10
        let long = #expect(throws: NATSProtocolError.self) { try operations(String(repeating: "x", count: 60), limits: limits) }
        #expect(long?.description.contains("lineBytes") == true)
        let large = #expect(throws: NATSProtocolError.self) { try operations("MSG a 1 11\r\n", limits: limits) }
        #expect(large?.description.contains("messageBytes") == true)
    }

    @Test(arguments: 0..<20)
    func `damaged streams never crash and never grow`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<200 {
            var bytes = Array(Self.stream.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            var parser = NATSParser()
            var position = 0
            var operations = 0
            while position < bytes.count {
                let end = min(bytes.count, position + Int.random(in: 1...40, using: &generator))
                parser.append(ByteBuffer(bytes: bytes[position..<end]))
                position = end
                do throws(NATSProtocolError) {
                    while try parser.next() != nil { operations += 1 }
                } catch {
                    break
                }
                #expect(parser.bufferedBytes <= bytes.count)
            }
            #expect(operations <= bytes.count)
        }
    }
}

@Suite struct NATSWriterTests {
    private func text(_ encode: (inout NATSWriter) -> Void) -> String {
        var writer = NATSWriter()
        encode(&writer)
        return String(buffer: writer.buffer)
    }

    @Test func `operations are written as the protocol has them`() {
        #expect(text { $0.ping() } == "PING\r\n")
        #expect(text { $0.pong() } == "PONG\r\n")
        #expect(text { $0.subscribe("a.*", queue: nil, id: 2) } == "SUB a.* 2\r\n")
        #expect(text { $0.subscribe("a.>", queue: "q", id: 3) } == "SUB a.> q 3\r\n")
        #expect(text { $0.unsubscribe(3) } == "UNSUB 3\r\n")
        #expect(text { $0.connect(ByteBuffer(string: "{}")) } == "CONNECT {}\r\n")
        #expect(text { $0.publish("a", body: ByteBuffer(string: "hi")) } == "PUB a 2\r\nhi\r\n")
        #expect(text { $0.publish("a", reply: "r", body: ByteBuffer()) } == "PUB a r 0\r\n\r\n")
        #expect(
            text { $0.publish("a", reply: "r", headers: [("K", "v")], body: ByteBuffer(string: "hi")) }
                == "HPUB a r 18 20\r\nNATS/1.0\r\nK: v\r\n\r\nhi\r\n")
    }

    @Test func `what is written with headers is read back`() throws {
        var parser = NATSParser()
        let fields = [("x-unicode", "smörgås 🐟"), ("x-empty", ""), ("a:b".replacing(":", with: "-"), "1: 2")]
        let written = text { $0.publish("s", headers: fields, body: ByteBuffer(string: "body")) }
        let line = written.prefix { $0 != "\r\n" }
        let sizes = line.split(separator: " ").suffix(2).joined(separator: " ")
        parser.append(ByteBuffer(string: "HMSG s 1 \(sizes)\(written.dropFirst(line.count))"))
        guard case .message(let message)? = try parser.next() else { throw TestKitError("no message") }
        #expect(message.headers.fields.elementsEqual(fields) { $0 == $1 })
        #expect(message.headers["X-Unicode"] == "smörgås 🐟")
        #expect(String(buffer: message.body) == "body")
    }

    @Test(arguments: [("a", "b", true), ("", "b", false), ("a b", "", false), ("a:", "", false), ("a", "x\r\ny", false), ("é", "x", false)])
    func `headers that would break a line are not legal`(_ name: String, _ value: String, _ isLegal: Bool) {
        #expect(NATSHeaders.isLegal(name: name, value: value) == isLegal)
    }
}

@Suite struct NATSKeyTests {
    /// The pair of the server's documentation.
    private let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"

    @Test func `a seed gives its public key`() throws {
        #expect(try NATSKey(seed: seed).publicKey == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")
    }

    @Test(arguments: [
        "", "SU", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU4VY", "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
        "suacssl3", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3V1",
    ])
    func `what is no seed is refused`(_ text: String) { #expect(throws: (any Error).self) { try NATSKey(seed: text) } }

    @Test(arguments: [[], [0], [255, 0, 1], Array(0...35)] as [[UInt8]])
    func `base 32 goes both ways`(_ bytes: [UInt8]) { #expect(Base32.decode(Base32.encode(bytes)) == bytes) }

    @Test func `signatures are in base 64 for URLs`() throws {
        let signature = try NATSKey(seed: seed).sign("nonce")
        #expect(signature.utf8.count == 86)
        #expect(!signature.contains { "+/=".contains($0) })
    }
}

@Suite struct NATSSubjectTests {
    @Test(arguments: [
        ("a", true, true), ("a.b", true, true), ("a.*", false, true), ("a.>", false, true), (">", false, true), ("*.a", false, true),
        ("", false, false),
        (".a", false, false), ("a.", false, false), ("a..b", false, false), ("a b", false, false), (">.a", false, false),
        ("a\r\nPUB b", false, false),
        ("a*b", true, true), ("schlüssel", true, true),
    ])
    func `subjects and patterns are told apart`(_ text: String, _ isLiteral: Bool, _ isPattern: Bool) {
        #expect(NATSSubject.isLiteral(text) == isLiteral)
        #expect(NATSSubject.isPattern(text) == isPattern)
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a.*", "a.b", true), ("a.*", "a.*", true), ("a.*", "a.>", false), ("a.*", "a.b.c", false),
        ("a.>", "a.b.c", true),
        ("a.>", "a.*", true), ("a.>", "a", false), (">", "a", true), ("a.b", "a.*", false), ("*.b", "a.b", true), ("*.b", "a", false),
    ])
    func `patterns cover what they stand for`(_ pattern: String, _ other: String, _ expected: Bool) {
        #expect(NATSSubject.covers(pattern, other) == expected)
    }

    @Test func `names of streams and consumers hold nothing that a subject would`() {
        #expect(NATSSubject.name(from: "a.b.*.> c/d\\e") == "a_b_any_all_c_d_e")
    }
}

@Suite struct NATSAddressTests {
    @Test(arguments: [
        ("host", "host:4222"), ("nats://host:1", "host:1"), ("tls://[::1]:2", "[::1]:2"), ("nats://u:p@h", "h:4222"),
        ("nats://tok@h:3/", "h:3"),
    ])
    func `urls are read`(_ text: String, _ expected: String) { #expect(NATSAddress(text)?.description == expected) }

    @Test func `urls may say how to log in`() {
        #expect(NATSAddress("nats://u:p:q@h")?.password == "p:q")
        #expect(NATSAddress("nats://tok@h")?.token == "tok")
        #expect(NATSAddress("tls://h")?.wantsTLS == true)
    }

    @Test(arguments: ["", "http://h", "nats://", "h:0", "h:x", "h:70000", "a b", "nats://@h", "h/path"])
    func `what is no url is refused`(_ text: String) { #expect(NATSAddress(text) == nil) }
}
