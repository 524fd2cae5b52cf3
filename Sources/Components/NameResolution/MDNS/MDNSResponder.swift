import MechaCore

/// Decides what to say on one interface about the own apps: a state machine without sockets or clock.
struct MDNSResponder: Sendable {
    /// Answers about one app in a second at most. RFC 6762 section 6 asks for one; a resolver that has
    /// just started and waits one second would then miss its answer whenever another asked before it.
    static let answersPerSecond = 10
    /// Our record is not repeated to askers who know it for at least half of its life (section 7.1).
    static let knownAnswerSeconds = MDNSService.secondsToLive / 2

    let interface: MDNSInterface
    private var services: Set<MDNSService> = []
    private var answered: [DNSName: (second: UInt64, count: Int)] = [:]

    init(interface: MDNSInterface) { self.interface = interface }

    /// What to send for a new app, at once and again a second later (section 8.3).
    mutating func add(_ service: MDNSService) -> DNSMessage? {
        services.insert(service)
        return service.answer(on: interface)
    }

    /// The farewell of an app (section 10.1).
    mutating func remove(_ service: MDNSService) -> DNSMessage? {
        guard services.remove(service) != nil else { return nil }
        if !services.contains(where: { $0.name == service.name }) { answered[service.name] = nil }
        return service.answer(on: interface, secondsToLive: 0)
    }

    /// Answers to a question of somebody, sent to everybody.
    mutating func answers(to query: DNSMessage, at nanoseconds: UInt64) -> [DNSMessage] {
        guard !query.isResponse, query.operation == 0 else { return [] }
        var answers: [DNSMessage] = []
        for service in services {
            guard query.questions.contains(where: { $0.name == service.name && ($0.type == .ptr || $0.type == .any) }),
                let answer = service.answer(on: interface), !isKnown(answer, to: query), admits(service.name, at: nanoseconds)
            else { continue }
            answers.append(answer)
        }
        return answers
    }

    private func isKnown(_ answer: DNSMessage, to query: DNSMessage) -> Bool {
        query.answers.contains { known in
            known.secondsToLive >= Self.knownAnswerSeconds && answer.answers.contains { $0.name == known.name && $0.data == known.data }
        }
    }

    private mutating func admits(_ name: DNSName, at nanoseconds: UInt64) -> Bool {
        let second = nanoseconds / 1_000_000_000
        var count = answered[name].flatMap { $0.second == second ? $0.count : nil } ?? 0
        count += 1
        answered[name] = (second, count)
        return count <= Self.answersPerSecond
    }
}
