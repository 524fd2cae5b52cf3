import Testing

@testable import MechaWire

@Suite struct ResetCounterTests {
    @Test func `resets beyond the limit count when they are most of the streams`() {
        var counter = ResetCounter(limit: 3)
        var verdicts: [Bool] = []
        for _ in 0..<5 {
            counter.streamOpened()
            verdicts.append(counter.resetReceived(window: 0))
        }
        #expect(verdicts == [false, false, false, true, true])
    }

    @Test func `a busy client may give up now and then`() {
        var counter = ResetCounter(limit: 3)
        for _ in 0..<100 {
            counter.streamOpened()
            counter.streamOpened()
            counter.streamOpened()
            #expect(!counter.resetReceived(window: 0))
        }
    }

    @Test func `every window starts afresh`() {
        var counter = ResetCounter(limit: 2)
        for window in UInt32(0)..<10 {
            for _ in 0..<2 {
                counter.streamOpened()
                #expect(!counter.resetReceived(window: window))
            }
        }
    }
}
