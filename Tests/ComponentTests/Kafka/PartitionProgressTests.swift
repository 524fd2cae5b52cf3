#if Kafka
import MechaTestKit
import Testing

@testable import MechaKafka

@Suite struct PartitionProgressTests {
    @Test func `only what has nothing open before it is committed`() {
        var progress = PartitionProgress()
        #expect(progress.begin(at: 10) == 10)
        for offset in [10, 11, 13] as [Int64] { #expect(progress.fetched(offset) == true) }
        #expect(progress.finish(11) == nil)
        #expect(progress.finish(10) == 13, "12 does not exist: a gap of a compacted log")
        #expect(progress.finish(13) == 14)
        #expect(progress.finish(13) == nil, "once")
        #expect(progress.fetched(12) == false, "before what is done with")
    }

    @Test func `a partition that comes back goes on where it was`() {
        var progress = PartitionProgress()
        _ = progress.begin(at: 0)
        for offset in 0..<5 as Range<Int64> { _ = progress.fetched(offset) }
        #expect(progress.finish(1) == nil)
        progress.lose(3)
        progress.lose(4)
        // 0 and 2 are with handlers, 1 is done with, 3 and 4 were thrown away; nothing is committed.
        #expect(progress.begin(at: 0) == 0)
        let isNew = (0..<6 as Range<Int64>).map { progress.fetched($0) }
        #expect(isNew == [false, false, false, true, true, true])
        #expect(progress.finish(0) == 2)
        #expect(progress.finish(2) == 3)
        #expect(progress.finish(4) == nil)
        #expect(progress.finish(3) == 5)
        #expect(progress.generation == 1)
    }

    @Test func `how far it is ahead of what may be committed is known`() {
        var progress = PartitionProgress()
        #expect(progress.spread == 0)
        _ = progress.begin(at: 100)
        #expect(progress.spread == 0)
        for offset in 100..<110 as Range<Int64> { _ = progress.fetched(offset) }
        for offset in 101..<110 as Range<Int64> { _ = progress.finish(offset) }
        #expect(progress.spread == 10)
        _ = progress.finish(100)
        #expect(progress.spread == 0)
    }

    @Test func `where somebody else went on nothing of before counts`() {
        var progress = PartitionProgress()
        _ = progress.begin(at: 0)
        _ = progress.fetched(0)
        #expect(progress.begin(at: 7) == 7)
        #expect(progress.generation == 2)
        #expect(progress.finish(0) == nil)
        #expect(progress.fetched(7) == true)
        #expect(progress.finish(7) == 8)
    }

    /// Against a plain model: random handovers, answers, losses and reassignments commit nothing that is not done with.
    @Test(arguments: 0..<200) func `no commit passes over a message`(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var progress = PartitionProgress()
        var position = progress.begin(at: 0)
        var committed: Int64 = 0
        var (held, waiting): (Set<Int64>, Set<Int64>) = ([], [])
        var done: Set<Int64> = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4:
                if progress.fetched(position) { waiting.insert(position) }
                position += 1
            case 4..<6:
                if let offset = waiting.randomElement(using: &generator) {
                    waiting.remove(offset)
                    #expect(held.insert(offset).inserted && !done.contains(offset), "handed over twice")
                }
            case 6..<9:
                if let offset = held.randomElement(using: &generator) {
                    held.remove(offset)
                    done.insert(offset)
                    if let next = progress.finish(offset) {
                        #expect(next > committed)
                        committed = next
                        #expect((0..<next).allSatisfy(done.contains), "committed \(next) beyond what is done with")
                    }
                }
            default:
                for offset in waiting { progress.lose(offset) }
                waiting = []
                position = progress.begin(at: committed)
                #expect(position >= committed)
            }
        }
        // Everything comes in the end.
        for offset in waiting { progress.lose(offset) }
        position = progress.begin(at: committed)
        for offset in position..<(position + 500) where progress.fetched(offset) { held.insert(offset) }
        for offset in held.sorted() { if let next = progress.finish(offset) { committed = next } }
        #expect(committed == position + 500 || committed > position)
    }
}
#endif
