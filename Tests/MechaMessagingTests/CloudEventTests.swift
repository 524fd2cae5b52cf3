import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMessaging

@Suite struct CloudEventTests {
    private let context = CloudEventContext(
        appID: "app", pubsub: "bus", topic: "t", traceparent: "00-1-2-01", now: Timestamp(seconds: 1_800_000_000))

    @Test(arguments: [
        ("application/json", #"{"a":1.10}"#, #""data":{"a":1.10}"#), ("application/json; charset=utf-8", "[1]", #""data":[1]"#),
        ("application/json", "broken", #""data":"broken""#), ("APPLICATION/CUSTOM+JSON", "2", #""data":2"#),
        ("", "text", #""data":"text""#), ("text/xml", "<a b=\"c\"/>", #""data":"<a b=\"c\"/>""#),
        ("application/octet-stream", "ab", #""data_base64":"YWI=""#),
    ])
    func `data stands by its content type`(contentType: String, data: String, expected: String) throws {
        let text = String(buffer: CloudEvent.wrap(ByteBuffer(string: data), contentType: contentType, context))
        #expect(text.contains(expected))
        #expect(try CloudEvent(ByteBuffer(string: text)).specVersion == "1.0")
    }

    @Test func `bytes that are no text go in Base64 whatever they are called`() throws {
        let event = try CloudEvent(CloudEvent.wrap(ByteBuffer(bytes: [0xff, 0xfe]), contentType: "text/plain", context))
        #expect(event["data_base64"] == "//4=")
        #expect(event.data == ByteBuffer(bytes: [0xff, 0xfe]))
    }

    @Test func `binary mode is rebuilt from headers`() throws {
        let message = IncomingMessage(
            topic: "t", data: ByteBuffer(string: #"{"x":1}"#), contentType: "application/json",
            metadata: ["ce_id": "9", "ce_source": "s", "ce_type": "k", "ce_specversion": "1.0", "ce_mine": "m"])
        let event = try #require(CloudEvent.fromBinary(message, pubsub: "bus"))
        #expect(event.id == "9" && event.type == "k" && event.attribute("mine") == "m")
        #expect(String(buffer: event.data) == #"{"x":1}"#)
        #expect(CloudEvent.fromBinary(IncomingMessage(topic: "t", data: ByteBuffer()), pubsub: "bus") == nil)
    }

    @Test func `whatever bytes come, reading and wrapping end without harm`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]",:\u0001x1e.-"data""id":null"#.utf8) + [0x00, 0xc3, 0x28, 0xff]
        for round in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let buffer = ByteBuffer(bytes: bytes)
            for contentType in ["application/json", "text/plain", "application/octet-stream"] {
                let wrapped = CloudEvent.wrap(buffer, contentType: contentType, context)
                #expect((try? CloudEvent(wrapped)) != nil, "seed \(seed) round \(round)")
            }
            if let event = try? CloudEvent(buffer) { _ = (event.data, event.expiration, event.extensions) }
            _ = try? CloudEvent.complete(buffer, context)
        }
    }
}
