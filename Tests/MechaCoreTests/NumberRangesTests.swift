import MechaCore
import Testing

@Suite struct NumberRangesTests {
    @Test func `numbers and ranges are read and written`() throws {
        let ranges = try #require(NumberRanges(parsing: "429, 500-599 ,100", within: 100...599))
        #expect(ranges.ranges == [429...429, 500...599, 100...100])
        #expect(ranges.description == "429,500-599,100")
        #expect(ranges.contains(429) && ranges.contains(500) && ranges.contains(599) && !ranges.contains(430))
        #expect(!NumberRanges([]).contains(0))
    }

    @Test(arguments: ["", ",", "5,", "a", "5-", "-5", "5-6-7", "7-5", "99", "600", "500-600", "99999999999999999999"])
    func `anything else is refused`(text: String) {
        #expect(NumberRanges(parsing: text, within: 100...599) == nil)
        #expect(NumberRanges(parsing: "500,\(text)", within: 100...599) == nil)
    }
}
