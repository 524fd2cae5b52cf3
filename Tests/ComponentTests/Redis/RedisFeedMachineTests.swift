import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisFeedMachineTests {
    private func reading(capacity: Int = 10) -> RedisFeedMachine {
        var machine = RedisFeedMachine(capacity: capacity)
        #expect(machine.started(room: capacity) == .createGroup)
        #expect(machine.groupCreated(room: capacity) == .read(count: capacity))
        return machine
    }

    @Test func `reads go on as long as there is room, and wait for half of it`() {
        var machine = reading()
        #expect(machine.readEnded(room: 7) == .read(count: 7))
        #expect(machine.roomChanged(10) == .none, "a read is under way")
        #expect(machine.readEnded(room: 0) == .none)
        #expect(machine.roomChanged(4) == .none)
        #expect(machine.roomChanged(5) == .read(count: 5))
    }

    @Test func `a queue of one is read one by one`() {
        var machine = reading(capacity: 1)
        #expect(machine.readEnded(room: 0) == .none)
        #expect(machine.roomChanged(1) == .read(count: 1))
    }

    @Test func `a missing group is made again at once, but not in a circle`() {
        var machine = reading()
        #expect(machine.groupMissing(room: 10) == .createGroup)
        #expect(machine.groupCreated(room: 10) == .read(count: 10))
        #expect(machine.groupMissing(room: 10) == .createGroup, "a success lies between")
        #expect(machine.groupMissing(room: 10) == .retryLater(failures: 2))
        #expect(machine.retryTimeOver(room: 10) == .createGroup)
    }

    @Test func `failures are followed by growing pauses until a success`() {
        var machine = reading()
        #expect(machine.failed() == .retryLater(failures: 1))
        #expect(machine.roomChanged(10) == .none)
        #expect(machine.retryTimeOver(room: 10) == .read(count: 10))
        #expect(machine.failed() == .retryLater(failures: 2))
        #expect(machine.retryTimeOver(room: 10) == .read(count: 10))
        #expect(machine.readEnded(room: 10) == .read(count: 10))
        #expect(machine.failed() == .retryLater(failures: 1))
    }

    @Test func `a group that cannot be made is tried again`() {
        var machine = RedisFeedMachine(capacity: 4)
        #expect(machine.started(room: 4) == .createGroup)
        #expect(machine.failed() == .retryLater(failures: 1))
        #expect(machine.retryTimeOver(room: 4) == .createGroup)
        #expect(machine.groupCreated(room: 0) == .none)
        #expect(machine.roomChanged(4) == .read(count: 4))
    }

    @Test func `after the end nothing is asked for any more`() {
        var machine = reading()
        #expect(machine.isReading)
        machine.close()
        #expect(machine.readEnded(room: 10) == .none)
        #expect(machine.failed() == .none)
        #expect(machine.groupMissing(room: 10) == .none)
        #expect(machine.roomChanged(10) == .none)
        #expect(machine.retryTimeOver(room: 10) == .none)
    }
}

@Suite struct RedisAcknowledgementsTests {
    private func id(_ number: UInt64) -> RedisStreamID { RedisStreamID(milliseconds: number, sequence: 0) }

    @Test func `one batch is under way at a time and a failed one goes again in front`() {
        var list = RedisAcknowledgements()
        #expect(list.isEmpty)
        #expect(list.add(id(1)).send == true)
        #expect(list.add(id(2)).send == false)
        #expect(list.take() == [id(1), id(2)])
        #expect(list.add(id(3)).send == false)
        let nothing = list.take()
        #expect(nothing.isEmpty)
        list.failed()
        #expect(list.take() == [id(1), id(2), id(3)])
        #expect(list.confirmed() == [id(1), id(2), id(3)])
        #expect(list.isEmpty)
        #expect(list.add(id(4)).send == true)
    }

    @Test func `the list is bounded and forgets the oldest`() {
        var list = RedisAcknowledgements()
        for number in 0..<RedisAcknowledgements.maximumUnconfirmed {
            let forgotten = list.add(id(UInt64(number))).forgotten
            #expect(forgotten == nil)
        }
        let forgotten = list.add(id(1_000_000)).forgotten
        #expect(forgotten == id(0))
    }
}

@Suite struct RedisStreamIDTests {
    @Test(arguments: [("1700000000000-0", 1_700_000_000_000, 0), ("0-1", 0, 1), ("18446744073709551615-18446744073709551615", .max, .max)])
    func `ids are read and written`(_ text: String, _ milliseconds: UInt64, _ sequence: UInt64) throws {
        let id = try #require(RedisStreamID(ByteBuffer(string: text)))
        #expect(id == RedisStreamID(milliseconds: milliseconds, sequence: sequence))
        #expect(id.text == text)
    }

    @Test(arguments: ["", "1", "-", "1-", "-1", "a-1", "1-b", "1-1-1", "18446744073709551616-0", " 1-1"])
    func `what is no id is none`(_ text: String) { #expect(RedisStreamID(ByteBuffer(string: text)) == nil) }

    @Test func `the next id is the least above`() {
        #expect(RedisStreamID(milliseconds: 5, sequence: 7).next == RedisStreamID(milliseconds: 5, sequence: 8))
        #expect(RedisStreamID(milliseconds: 5, sequence: .max).next == RedisStreamID(milliseconds: 6, sequence: 0))
        #expect(RedisStreamID(milliseconds: .max, sequence: .max).next == nil)
        #expect(RedisStreamID(milliseconds: 5, sequence: 9) < RedisStreamID(milliseconds: 6, sequence: 0))
    }
}

@Suite struct RedisStreamRepliesTests {
    private func replies(_ text: String) -> RedisReplies { RedisReplies(ByteBuffer(string: text), containsError: false) }

    @Test(arguments: [
        // RESP2 and RESP3 forms of the same answer.
        "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$4\r\ndata\r\n$1\r\nx\r\n",
        "%1\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$4\r\ndata\r\n$1\r\nx\r\n",
    ])
    func `entries are read in both protocol versions`(_ text: String) throws {
        let entries = try RedisStreamReplies.read(replies(text))
        #expect(entries.map(\.id.text) == ["1-2"])
        #expect(entries.map { String(buffer: $0.data) } == ["x"])
    }

    @Test(arguments: ["*-1\r\n", "_\r\n", "*0\r\n", "%0\r\n"])
    func `no entries in time is an empty answer`(_ text: String) throws { #expect(try RedisStreamReplies.read(replies(text)).isEmpty) }

    @Test(arguments: [
        "*1\r\n$1\r\nt\r\n", "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*1\r\n$3\r\n1-2\r\n", "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$1\r\nx\r\n*0\r\n",
        "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-2\r\n*1\r\n$4\r\ndata\r\n",
    ])
    func `an answer of another shape is an error`(_ text: String) {
        #expect(throws: RESPError.self) { try RedisStreamReplies.read(replies(text)) }
    }

    @Test func `entries that are gone are left out`() throws {
        let text = "*3\r\n*-1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$4\r\ndata\r\n$1\r\nx\r\n"
        let entries = try RedisStreamReplies.claimed(replies(text), deliveries: [RedisStreamID(milliseconds: 1, sequence: 2): 4])
        #expect(entries.map(\.id.text) == ["1-2"])
        #expect(entries.map(\.attempt) == [5])
    }
}
