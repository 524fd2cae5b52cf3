import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaMessaging

/// Events of senders who know no better: reading one ends, with an event whose text is JSON or with an error in words.
@Suite struct CloudEventFuzzTests {
    private let context = CloudEventContext(
        appID: "app", pubsub: "bus", topic: "t", traceparent: "00-1-2-01", now: Timestamp(seconds: 1_800_000_000),
        metadata: ["cloudevent.id": "over\"ridden", "CloudEvent.Subject": "\u{0}\u{1F600}", "cloudevent.": "x", "cloudevent.data": "no"])

    private let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\"id\":", "\"data\":", "\"data_base64\":", "\"specversion\":\"1.0\"", "\"datacontenttype\":",
        "\"application/json\"", "\"text/plain\"", "\"expiration\":", "\"2026-01-01T00:00:00Z\"", "\"9999999-99-99T\"", "\"type\":\"t\"",
        "null",
        "true", "1e999", "-0", "12345678901234567890", "\"\\ud800\"", "\"\\u0000\"", "\"é\"", "\"//4=\"", "\"%%\"", "\\", " ", "\n",
        "\u{1F600}",
    ]

    private func check(_ bytes: [UInt8]) {
        let text = ByteBuffer(bytes: bytes)
        do {
            let event = try CloudEvent(text)
            _ = (event.data, event.expiration, event.extensions, event.id, event.type, event.source, event.specVersion)
            #expect(JSON.isValid(CloudEvent(event.extensions).text))
            let completed = try CloudEvent(try CloudEvent.complete(text, context))
            #expect(JSON.isValid(completed.text) && completed.id == "over\"ridden" && completed["specversion"] != nil)
        } catch let error as CapabilityError {
            #expect(!error.message.isEmpty)
        } catch {
            #expect(!"\(error)".isEmpty)
        }
        for type in ["application/json", "text/plain", "application/octet-stream", "", "x; charset=\"", "application/vnd.x+json"] {
            let wrapped = CloudEvent.wrap(text, contentType: type, context)
            guard let event = try? CloudEvent(wrapped) else {
                Issue.record("the envelope around \(bytes) as \(type) is no event")
                continue
            }
            #expect(event.specVersion == "1.0" && event.source == "app")
            // What is not JSON comes out as it went in.
            if !MediaType.isJSON(type) { #expect(event.data == text, "\(bytes) as \(type)") }
        }
        let message = IncomingMessage(
            topic: "t", data: text,
            metadata: ["ce_id": "1", "ce-type": String(decoding: bytes, as: UTF8.self), "content-type": "application/json"])
        #expect(CloudEvent.fromBinary(message, pubsub: "bus").map { JSON.isValid($0.text) } == true)
        #expect(CloudEvent.fromRaw(text, pubsub: "bus", topic: "t").data == text)
    }

    @Test(arguments: 0..<4) func `pieces of events in any order`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            check(Array((0..<Int.random(in: 0...20, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined().utf8))
        }
    }

    @Test(arguments: 0..<4) func `good events with a few bytes changed`(_ seed: UInt64) {
        let good =
            Array(
                #"{"specversion":"1.0","id":"a-1","source":"/me","type":"t","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","#
                    .utf8) + Array(#""expiration":"2027-01-01T00:00:00+02:00","data":{"n":1.50,"l":[null,"é\u00e9"]},"x":7}"#.utf8)
        var random = SeededGenerator(seed: 50 + seed)
        for _ in 0..<400 {
            var bytes = good
            for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            check(bytes)
        }
    }
}
