import Testing

@testable import MechaResiliency

@Suite struct ConcurrencyLimiters {
    @Test func `calls beyond the limit wait in order, beyond the queue they are refused`() throws {
        var limiter = ConcurrencyLimiter<String>(maximumRunning: 2, maximumWaiting: 2)
        #expect(limiter.arrive("a") == .run)
        #expect(limiter.arrive("b") == .run)
        _ = try limiter.ticket("c")
        _ = try limiter.ticket("d")
        #expect(limiter.arrive("e") == .refused)
        #expect(limiter.running == 2 && limiter.waiting == 2 && limiter.refusals == 1)
        #expect(limiter.finished() == "c")
        #expect(limiter.running == 2)
        #expect(limiter.finished() == "d")
        #expect(limiter.finished() == nil)
        #expect(limiter.finished() == nil)
        #expect(limiter.running == 0)
        #expect(limiter.arrive("f") == .run)
    }

    @Test func `who gives up is passed over, who was woken already cannot`() throws {
        var limiter = ConcurrencyLimiter<String>(maximumRunning: 1)
        #expect(limiter.arrive("a") == .run)
        let b = try limiter.ticket("b")
        let c = try limiter.ticket("c")
        #expect(limiter.leave(b) == "b")
        #expect(limiter.leave(b) == nil)
        #expect(limiter.finished() == "c")
        #expect(limiter.leave(c) == nil)
        #expect(limiter.running == 1 && limiter.waiting == 0)
    }

    @Test func `a new limit wakes as many as it has room for`() {
        var limiter = ConcurrencyLimiter<Int>(maximumRunning: 1)
        for number in 0..<6 { _ = limiter.arrive(number) }
        #expect(limiter.setMaximumRunning(3) == [1, 2])
        #expect(limiter.setMaximumRunning(1) == [])
        #expect(limiter.finished() == nil && limiter.finished() == nil)
        #expect(limiter.finished() == 3)
        #expect(limiter.setMaximumRunning(nil) == [4, 5])
        #expect(limiter.running == 3)
    }

    @Test func `draining hands out everybody who waits`() {
        var limiter = ConcurrencyLimiter<Int>(maximumRunning: 1)
        for number in 0..<4 { _ = limiter.arrive(number) }
        #expect(limiter.drain() == [1, 2, 3])
        #expect(limiter.waiting == 0 && limiter.running == 1)
        #expect(limiter.finished() == nil)
    }

    @Test func `without a limit nobody waits`() {
        var limiter = ConcurrencyLimiter<Int>(maximumRunning: nil, maximumWaiting: 0)
        for number in 0..<1_000 { #expect(limiter.arrive(number) == .run) }
    }

    @Test func `any mix of events keeps the limits and loses nobody`() {
        var random = SystemRandomNumberGenerator()
        var limiter = ConcurrencyLimiter<Int>(maximumRunning: 3, maximumWaiting: 5)
        var running: Set<Int> = []
        var waiting: [Int: ConcurrencyLimiter<Int>.Ticket] = [:]
        for number in 0..<5_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                switch limiter.arrive(number) {
                case .run: running.insert(number)
                case .wait(let ticket): waiting[number] = ticket
                case .refused: #expect(waiting.count == 5)
                }
            case 2:
                guard let done = running.randomElement(using: &random) else { continue }
                running.remove(done)
                if let woken = limiter.finished() {
                    #expect(woken == waiting.keys.min())
                    waiting[woken] = nil
                    running.insert(woken)
                }
            default:
                guard let (leaving, ticket) = waiting.randomElement(using: &random) else { continue }
                waiting[leaving] = nil
                #expect(limiter.leave(ticket) == leaving)
            }
            #expect(limiter.running == running.count && limiter.waiting == waiting.count)
            #expect(running.count <= 3 && (waiting.isEmpty || running.count == 3))
        }
    }
}

extension ConcurrencyLimiter {
    /// The ticket of a call that must wait.
    fileprivate mutating func ticket(_ waiter: Waiter) throws -> Ticket {
        guard case .wait(let ticket) = arrive(waiter) else { throw NoTicket() }
        return ticket
    }
}

private struct NoTicket: Error {}
