import NIOCore
import Testing

@testable import MechaCore

/// Events as text, which are searched and not taken apart.
@Suite struct EventTextTests {
    private static let names = ["id", "type", "data", "a b", "naïve", "te\"st", "", "traceparent", "ID"]

    private static func random(_ generator: inout some RandomNumberGenerator, depth: Int = 0) -> JSON {
        switch Int.random(in: 0..<(depth < 3 ? 7 : 5), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .number(["0", "-1.5e3", "12345678901234567890"].randomElement(using: &generator) ?? "1")
        case 3: .string(["", "x", "\u{1}\u{1f}\"\\\n/é😀"].randomElement(using: &generator) ?? "")
        case 4: .string("plain text of some length, longer than a small string")
        case 5: .array((0..<Int.random(in: 0..<4, using: &generator)).map { _ in random(&generator, depth: depth + 1) })
        default:
            .object(
                (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                    JSON.Member(names.randomElement(using: &generator) ?? "", random(&generator, depth: depth + 1))
                })
        }
    }

    @Test func `an event's members are those of the document, the last of each name`() throws {
        var generator = SystemRandomNumberGenerator()
        var objects = 0
        for _ in 0..<3_000 {
            let document = Self.random(&generator)
            let text = document.buffer
            guard case .object(let members) = document else {
                #expect(throws: CapabilityError.self) { try CloudEvent(text) }
                continue
            }
            objects += 1
            let event = try CloudEvent(text)
            for name in Self.names { #expect(event[name] == document[name], "\(name) of \(document.text)") }
            #expect(event.json == document && event.text == text)
            #expect(CloudEvent(members)["id"] == event["id"])
        }
        #expect(objects > 100)
    }

    @Test func `escaped names are found, and white space is no matter`() throws {
        let event = try CloudEvent(ByteBuffer(string: " {\n\t\"\\u0069d\" : \"one\" , \"x\" : [ 1 , { } ] ,\"\\u0069d\":\"t\\u0077o\" } "))
        #expect(event.id == "two" && event["x"] == .array([.number("1"), .object([])]))
        #expect(event["xx"] == nil && event.attribute("x") == "")
    }

    @Test func `text that is cut off or damaged anywhere is refused as the document is`() {
        let text = Array(#"{"id":"é\u00e9","n":[1,-2.5e+3,true,null,{"a":"b"}],"s":"x\"y"}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for length in 0...text.count {
            for _ in 0..<8 {
                var bytes = Array(text[..<length])
                if !bytes.isEmpty, Bool.random(using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                }
                let buffer = ByteBuffer(bytes: bytes)
                let document = try? JSON.parse(buffer)
                if case .object? = document {
                    #expect((try? CloudEvent(buffer))?.json == document, "\(bytes)")
                } else {
                    #expect((try? CloudEvent(buffer)) == nil, "\(bytes)")
                }
            }
        }
    }

    @Test func `every character goes through a JSON string`() throws {
        for scalar in (0..<0x300).compactMap({ Unicode.Scalar(UInt32($0)) }) {
            for text in ["\(scalar)", "a\(scalar)", "\(scalar)\(scalar)z"] {
                var buffer = ByteBuffer()
                buffer.writeJSONString(text)
                #expect(try JSON.parse(buffer) == .string(text))
            }
        }
        var buffer = ByteBuffer()
        buffer.writeJSONString("\u{0}\u{1f}\n\r\t\"\\/\u{7f}é")
        #expect(String(buffer: buffer) == #""\u0000\u001f\n\r\t\"\\/"# + "\u{7f}é\"")
    }

    @Test func `moments of all lengths go through RFC 3339`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let nanoseconds = [0, 1, 100, 250_000_000, 999_999_999, Int32.random(in: 0..<1_000_000_000, using: &generator)]
            let moment = Timestamp(
                seconds: Int64.random(in: -62_000_000_000..<253_402_300_800, using: &generator),
                nanoseconds: nanoseconds.randomElement(using: &generator) ?? 0)
            #expect(Timestamp(rfc3339: moment.rfc3339) == moment, "\(moment.rfc3339)")
        }
        #expect(Timestamp(seconds: 253_402_300_800, nanoseconds: 0).rfc3339 == "10000-01-01T00:00:00Z")
        #expect(Timestamp(seconds: 0, nanoseconds: 120_000_000).rfc3339 == "1970-01-01T00:00:00.12Z")
    }

    @Test func `an event that is wrapped is the document that was meant`() throws {
        let context = CloudEventContext(
            appID: "app \"one\"", pubsub: "bus", topic: "t/ü", traceparent: "00-1-2-00", tracestate: nil,
            now: Timestamp(seconds: 1, nanoseconds: 0))
        let event = try CloudEvent(CloudEvent.wrap(ByteBuffer(string: #"{"a":[1]}"#), contentType: "application/json", context))
        #expect(event.id.count == 36 && event.source == "app \"one\"" && event.attribute("topic") == "t/ü")
        #expect(event.attribute("time") == "1970-01-01T00:00:01Z" && event.attribute("traceid") == "00-1-2-00")
        #expect(event["data"] == .object([.init("a", .array([.number("1")]))]) && event.specVersion == "1.0")
        #expect(
            event.json.objectValue?.map(\.name) == [
                "id", "source", "type", "specversion", "datacontenttype", "pubsubname", "topic", "time", "traceid", "traceparent", "data",
            ])
    }
}
