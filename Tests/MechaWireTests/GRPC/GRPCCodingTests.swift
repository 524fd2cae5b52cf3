import NIOCore
import NIOHPACK
import NIOHTTP1
import SwiftProtobuf
import Testing

@testable import MechaProto
@testable import MechaWire

@Suite struct GRPCCodingTests {
    @Test(arguments: [
        ("plain text", "plain text"), ("100%", "100%25"), ("ä\n", "%C3%A4%0A"), ("~ }", "~ }"), ("\u{7f}", "%7F"), ("", ""),
    ])
    func `messages are percent-encoded and come back`(text: String, encoded: String) {
        #expect(GRPCPercentCoding.encode(text) == encoded)
        #expect(GRPCPercentCoding.decode(encoded) == text)
    }

    @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+1", "%+1"), ("%41%", "A%"), ("%C3", "\u{fffd}")])
    func `what is no escape stands for itself`(text: String, decoded: String) {
        #expect(GRPCPercentCoding.decode(text) == decoded)
    }

    @Test(arguments: [
        ("1H", TimeAmount.hours(1)), ("2M", .minutes(2)), ("3S", .seconds(3)), ("4m", .milliseconds(4)), ("5u", .microseconds(5)),
        ("6n", .nanoseconds(6)), ("00000001S", .seconds(1)), ("99999999H", .nanoseconds(.max)),
    ])
    func `timeouts are read in every unit`(text: String, timeout: TimeAmount) {
        #expect(GRPCTimeout.parse(text) == timeout)
    }

    @Test(arguments: ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "１S"])
    func `what is no timeout is refused`(text: String) {
        #expect(GRPCTimeout.parse(text) == nil)
    }

    @Test(arguments: [
        (TimeAmount.nanoseconds(7), "7n"), (.seconds(1), "1000000u"), (.seconds(100), "100000m"), (.nanoseconds(100_000_001), "100001u"),
        (.hours(100), "360000S"), (.nanoseconds(.max), "2562048H"), (.seconds(-1), "0n"),
    ])
    func `timeouts are written in the finest unit that fits, rounded up`(timeout: TimeAmount, text: String) {
        #expect(GRPCTimeout.format(timeout) == text)
    }

    @Test func `a status with details survives the trailers`() throws {
        var status = GRPCStatus(.failedPrecondition, "näher: 50%")
        status.attach(Google_Rpc_ErrorInfo.with { $0.reason = "WHY" })
        var fields = HPACKHeaders()
        status.add(to: &fields)
        let read = try #require(GRPCStatus(fields: HTTPHeaders(fields.map { ($0.name, $0.value) })))
        #expect(read.code == .failedPrecondition)
        #expect(read.message == "näher: 50%")
        #expect(try Google_Rpc_ErrorInfo(unpackingAny: #require(read.details.first)).reason == "WHY")
    }

    @Test func `a status is read whatever its details and number are like`() {
        #expect(GRPCStatus(fields: [:]) == nil)
        #expect(GRPCStatus(fields: ["grpc-status": "x"])?.code == .unknown)
        #expect(GRPCStatus(fields: ["grpc-status": "77"])?.code.rawValue == 77)
        let broken = GRPCStatus(fields: ["grpc-status": "5", "grpc-message": "no", "grpc-status-details-bin": "!!"])
        #expect(broken?.code == .notFound)
        #expect(broken?.details.isEmpty == true)
    }

    @Test func `messages are framed in one buffer, and refused beyond the limit`() throws {
        let message = Google_Protobuf_StringValue("hello")
        let frame = try GRPCMessageCoding.encode(message, gzip: false, limits: .init())
        #expect(Array(frame.readableBytesView) == [0, 0, 0, 0, 7, 10, 5] + Array("hello".utf8))
        let error = #expect(throws: GRPCStatus.self) {
            try GRPCMessageCoding.encode(message, gzip: false, limits: GRPCLimits(messageBytes: 6))
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func `a compressed message is readable only with the encoding that was named`() throws {
        let message = Google_Protobuf_StringValue(String(repeating: "a", count: 1_000))
        var decoder = GRPCFrameDecoder(limitBytes: 2_000)
        decoder.append(try GRPCMessageCoding.encode(message, gzip: true, limits: .init()))
        let frame = try #require(try decoder.next())
        #expect(frame.isCompressed && frame.payload.readableBytes < 100)
        let type = Google_Protobuf_StringValue.self
        #expect(try GRPCMessageCoding.decode(type, from: frame, encoding: .gzip, limits: .init()) == message)
        let error = #expect(throws: GRPCStatus.self) {
            try GRPCMessageCoding.decode(type, from: frame, encoding: .identity, limits: .init())
        }
        #expect(error?.code == .internal)
    }

    @Test func `metadata keeps what headers can carry and hides what is not metadata`() {
        var metadata = GRPCMetadata(viewing: HPACKHeaders([(":path", "/a/b"), ("te", "trailers"), ("grpc-timeout", "1S"), ("x", "1")]))
        #expect(metadata.map(\.name) == ["x"])
        let good = [metadata.add("X-Two", "2"), metadata.add("raw-bin", binary: [0, 255])]
        #expect(good == [true, true])
        let bad = [
            metadata.add("grpc-status", "0"), metadata.add("x y", "1"), metadata.add("x", "line\nbreak"), metadata.add("text", binary: [1]),
        ]
        #expect(bad == [false, false, false, false])
        #expect(metadata.map { "\($0)=\($1)" } == ["x=1", "x-two=2", "raw-bin=AP8="])
        #expect(metadata.binary("raw-bin") == [0, 255])
    }

    @Test func `binary metadata may come joined, and without padding`() {
        let metadata = GRPCMetadata(viewing: HPACKHeaders([("a-bin", "AQ,Ag=="), ("a-bin", "Aw")]))
        #expect(metadata.binaryValues(of: "a-bin") == [[1], [2], [3]])
    }

    @Test func `a list of encodings is searched word by word`() {
        #expect(GRPCEncoding.isGzipAccepted(in: "identity, gzip"))
        #expect(!GRPCEncoding.isGzipAccepted(in: "identity,gzipped"))
    }
}
