import Testing

@testable import MechaWire

/// The examples of RFC 7541 appendix C, and blocks that are none.
@Suite struct HeaderBlockDecoderTests {
    private static func decode(_ decoder: inout HeaderBlockDecoder, _ hex: String) throws -> [String] {
        var fields: [String] = []
        try bytes(hex).withUnsafeBytes { try decoder.decode($0) { fields.append("\($0.name)=\($0.value)") } }
        return fields
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap(HTTPCharacters.hexValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func decode(_ hex: String) throws -> [String] {
        var decoder = HeaderBlockDecoder(listLimitBytes: 10_000)
        return try decode(&decoder, hex)
    }

    @Test func `single fields (C.2)`() throws {
        #expect(try Self.decode("400a637573746f6d2d6b65790d637573746f6d2d686561646572") == ["custom-key=custom-header"])
        #expect(try Self.decode("040c2f73616d706c652f70617468") == [":path=/sample/path"])
        #expect(try Self.decode("100870617373776f726406736563726574") == ["password=secret"])
        #expect(try Self.decode("82") == [":method=GET"])
    }

    @Test(arguments: [
        [
            "828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ],
        ["828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"],
    ])
    func `requests on one connection, in plain and in Huffman's code (C.3, C.4)`(blocks: [String]) throws {
        var decoder = HeaderBlockDecoder(listLimitBytes: 10_000)
        let first = [":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com"]
        #expect(try Self.decode(&decoder, blocks[0]) == first)
        #expect(decoder.table.bytes == 57)
        #expect(try Self.decode(&decoder, blocks[1]) == first + ["cache-control=no-cache"])
        #expect(decoder.table.bytes == 110)
        #expect(
            try Self.decode(&decoder, blocks[2]) == [
                ":method=GET", ":scheme=https", ":path=/index.html", ":authority=www.example.com", "custom-key=custom-value",
            ])
        #expect(decoder.table.bytes == 164)
    }

    @Test(arguments: [
        [
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54"
                + "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            "4803333037c1c0bf",
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f"
                + "5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
        ],
        [
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
            "4883640effc1c0bf",
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672"
                + "c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        ],
    ])
    func `a table of 256 bytes forgets the oldest fields (C.5, C.6)`(blocks: [String]) throws {
        var decoder = HeaderBlockDecoder(listLimitBytes: 10_000)
        let rest = ["cache-control=private", "date=Mon, 21 Oct 2013 20:13:21 GMT", "location=https://www.example.com"]
        #expect(try Self.decode(&decoder, "3fe101" + blocks[0]) == [":status=302"] + rest)
        #expect(decoder.table.bytes == 222)
        #expect(try Self.decode(&decoder, blocks[1]) == [":status=307"] + rest)
        #expect(decoder.table.bytes == 222)
        #expect(
            try Self.decode(&decoder, blocks[2]) == [
                ":status=200", "cache-control=private", "date=Mon, 21 Oct 2013 20:13:22 GMT", "location=https://www.example.com",
                "content-encoding=gzip", "set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ])
        #expect(decoder.table.bytes == 215)
    }

    @Test func `a field larger than the table empties it`() throws {
        var decoder = HeaderBlockDecoder(listLimitBytes: 10_000)
        _ = try Self.decode(&decoder, "40016101624001630164")
        #expect(decoder.table.count == 2)
        _ = try Self.decode(&decoder, "3f21" + "4001651f" + String(repeating: "66", count: 31))
        #expect(decoder.table.count == 1 && decoder.table.bytes == 64)
        _ = try Self.decode(&decoder, "40016520" + String(repeating: "66", count: 32))
        #expect(decoder.table.count == 0 && decoder.table.bytes == 0)
    }

    @Test(arguments: [
        "80", "be", "ff8001", "ffffffffffffffffff", "7f", "40", "4001", "400161", "40016105", "0003616263",
        "000161821fff", "00016184ffffffff", "00016181ff", "0001618200", "000001", "3fe21f", "823fe101", "0f", "0fffffffffffff", "3f",
        "0001617fffffffff0f",
    ])
    func `blocks that are none (sections 2.3.3, 4.2, 5.1, 5.2, 6.1, 6.3)`(hex: String) {
        #expect(throws: HeaderBlockDecoder.Failure.malformed) { try Self.decode(hex) }
    }

    @Test func `a list over the limit is not read on`() {
        var decoder = HeaderBlockDecoder(listLimitBytes: 200)
        #expect(throws: HeaderBlockDecoder.Failure.tooLarge) { try Self.decode(&decoder, "8282828282") }
        #expect(throws: Never.self) { try Self.decode(&decoder, "82828282") }
    }
}
