import Testing

@testable import MechaCore

@Suite struct DeliveryWindowTests {
    @Test func `messages are handed over in order and no more than allowed at once`() {
        var window = DeliveryWindow<Int>(maximumInFlight: 2, capacity: 3)
        #expect(window.room == 3)
        for number in 1...3 {
            #expect(window.append(number) == true)
        }
        #expect(window.room == 0)
        #expect(window.next() == 1)
        #expect(window.next() == 2)
        #expect(window.next() == nil)
        #expect(window.room == 2)
        window.answered()
        #expect(window.next() == 3)
        #expect(!window.isIdle)
        window.answered()
        window.answered()
        #expect(window.isIdle)
        #expect(window.next() == nil)
    }

    @Test func `a paused window wants and gives nothing`() {
        var window = DeliveryWindow<Int>(maximumInFlight: 1, capacity: 2)
        window.pause()
        #expect(window.append(1) == true)
        #expect(window.next() == nil)
        #expect(window.room == 0)
        window.resume()
        #expect(window.room == 1)
        #expect(window.next() == 1)
    }

    @Test func `a closed window gives back what it holds and takes nothing`() {
        var window = DeliveryWindow<Int>(maximumInFlight: 1, capacity: 5)
        for number in 1...3 { _ = window.append(number) }
        #expect(window.next() == 1)
        #expect(window.close() == [2, 3])
        #expect(window.append(4) == false)
        #expect(window.next() == nil)
        #expect(window.room == 0)
        #expect(!window.isIdle)
        window.answered()
        #expect(window.isIdle)
    }

    @Test func `a refused message comes first again, when its time has come`() {
        var window = DeliveryWindow<Int>(maximumInFlight: 1, capacity: 5)
        for number in 1...3 { _ = window.append(number) }
        #expect(window.next() == 1)
        window.refused(1)
        #expect(window.isIdle)
        #expect(window.next() == nil)
        window.goOn()
        #expect(window.next() == 1)
        window.answered()
        #expect(window.next() == 2)
        window.refused(2)
        #expect(window.takeWaiting() == [2, 3])
        _ = window.append(4)
        #expect(window.next() == 4)
    }

    @Test func `limits are at least one`() {
        let window = DeliveryWindow<Int>(maximumInFlight: 0, capacity: -1)
        #expect(window.maximumInFlight == 1 && window.capacity == 1)
    }
}
