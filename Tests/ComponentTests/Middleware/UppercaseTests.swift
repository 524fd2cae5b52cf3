import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import Testing

@testable import MechaMiddleware

@Suite struct UppercaseTests {
    private func run(_ pieces: [[UInt8]]) -> [UInt8] {
        var transform = UppercaseTransform()
        var output: [UInt8] = []
        for piece in pieces { output += Array(transform.transform(ByteBuffer(bytes: piece)).readableBytesView) }
        return output + Array(transform.finish().readableBytesView)
    }

    private static let texts = [
        ("hello World 1!", "HELLO WORLD 1!"), ("grüße", "GRÜßE"), ("ångström ñ", "ÅNGSTRÖM Ñ"), ("приве́т", "ПРИВЕ́Т"), ("ıſÿ", "ISŸ"),
        ("日本 😀 𐐨", "日本 😀 𐐀"), ("", ""),
    ]

    @Test(arguments: texts) func `letters whose upper case is one letter`(_ text: String, _ expected: String) {
        #expect(String(decoding: run([Array(text.utf8)]), as: UTF8.self) == expected)
    }

    @Test(arguments: texts) func `wherever the pieces are cut`(_ text: String, _ expected: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(run([Array(bytes[..<cut]), Array(bytes[cut...])]) == Array(expected.utf8), "cut at \(cut)")
        }
        #expect(run(bytes.map { [$0] }) == Array(expected.utf8))
    }

    @Test func `bytes that are no text stay, however they are cut`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let bytes =
                (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    [0x61, 0x80, 0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xff, 0x00, 0x7a].randomElement(using: &generator) ?? 0
                } as [UInt8]
            let whole = run([bytes])
            #expect(run(bytes.map { [$0] }) == whole, "\(bytes)")
            if String(validating: bytes, as: UTF8.self) == nil, !bytes.contains(where: { (0x61...0x7a).contains($0) }) {
                #expect(whole.count <= bytes.count + 4)
            }
        }
        #expect(run([[0xff, 0x61, 0xc3]]) == [0xff, 0x41, 0xc3])
    }

    @Test(arguments: [(nil, 1, 0), ("request", 1, 0), ("response", 0, 1), ("BOTH", 1, 1)] as [(String?, Int, Int)])
    func `the direction says whose body`(_ direction: String?, _ requests: Int, _ responses: Int) throws {
        let step = try middleware(UppercaseMiddleware.descriptor, direction.map { ["direction": $0] } ?? [:])
        var request = getRequest("/", ["content-length": "3"])
        #expect(step.judge(&request).passes)
        #expect((request.requestTransform != nil) == (requests == 1))
        #expect((request.responseTransform != nil) == (responses == 1))
        #expect(request.head.headers.contains(name: "content-length") == (requests == 0))
    }

    @Test func `transformations stand in the order of the steps`() {
        struct Tag: BodyTransform {
            var tag: String
            mutating func transform(_ chunk: ByteBuffer) -> ByteBuffer { ByteBuffer(string: String(buffer: chunk) + tag) }
            mutating func finish() -> ByteBuffer { ByteBuffer(string: "." + tag) }
        }
        var request = getRequest()
        for tag in ["1", "2"] {
            request.transformRequestBody { Tag(tag: tag) }
            request.transformResponseBody { Tag(tag: tag) }
        }
        var (toApp, toClient) = (request.requestTransform, request.responseTransform)
        #expect(toApp.map { _ in String(buffer: toApp?.transformAll(ByteBuffer(string: "x")) ?? ByteBuffer()) } == "x12.12.2")
        #expect(toClient.map { _ in String(buffer: toClient?.transformAll(ByteBuffer(string: "x")) ?? ByteBuffer()) } == "x21.21.1")
    }
}
