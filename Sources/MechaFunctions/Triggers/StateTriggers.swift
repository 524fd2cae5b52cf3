import Logging
import MechaCore
import MechaHost
import MechaInvocation
import NIOCore
import Synchronization

/// Calls a function for changes of state: each at least once while the process lives, in order for each key.
///
/// Nothing is kept on disk, so what waits when the process ends is not told. A change that the function does not take is
/// told again after a pause that grows, then given up; both are bounded, and each loss has a line in the log.
final class StateTriggers: Sendable {
    static let changesAtMost = 10_000
    static let deliveriesAtMost = 8
    static let attemptsAtMost = 10
    /// Before the second attempt; doubles.
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(10)

    private struct Watched: Hashable {
        var filter: StateChanges.Filter
        var route: String
        var alias: String
    }

    private struct State {
        var watching: [Watched: Int] = [:]
        var queue = ChangeQueue<(change: StateChange, watched: Watched)>(
            changesAtMost: StateTriggers.changesAtMost, deliveriesAtMost: StateTriggers.deliveriesAtMost)
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastTask = 0
        var lost = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let runtime: AppRuntime

    init(_ runtime: AppRuntime) { self.runtime = runtime }

    /// Watches for what these triggers want, and for nothing else any more.
    func replace(_ triggers: [FunctionTrigger]) {
        let wanted = Set(
            triggers.compactMap { trigger -> Watched? in
                guard case .state(let filter, let route) = trigger.event else { return nil }
                return Watched(filter: filter, route: route, alias: trigger.alias)
            })
        let (gone, new) = state.withLock { state -> ([Int], [Watched]) in
            let gone = state.watching.filter { !wanted.contains($0.key) }
            for watched in gone.keys { state.watching[watched] = nil }
            return (Array(gone.values), state.isClosed ? [] : wanted.filter { state.watching[$0] == nil })
        }
        for number in gone { runtime.host.stateChanges.end(number) }
        for watched in new {
            let number = runtime.host.stateChanges.watch(watched.filter, for: runtime.address) { [weak self] change in
                self?.take(change, watched)
            }
            state.withLock { $0.watching[watched] = number }
        }
    }

    func close() async {
        replace([])
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func take(_ change: StateChange, _ watched: Watched) {
        let lost = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            guard state.queue.append((change, watched), key: change.key) else {
                state.lost += 1
                return state.lost
            }
            begin(&state)
            return nil
        }
        // One line for the first, and for every thousandth.
        if let lost, lost % 1_000 == 1 {
            runtime.logger.error("more than \(Self.changesAtMost) changes of state wait for the function; \(lost) were not told so far")
        }
    }

    private func begin(_ state: inout State) {
        while !state.isClosed, let (key, item) = state.queue.next() {
            state.lastTask += 1
            let number = state.lastTask
            state.tasks[number] = Task.detached { [self] in
                await deliver(item.change, item.watched)
                self.state.withLock { state in
                    state.tasks[number] = nil
                    state.queue.ended(key)
                    begin(&state)
                }
            }
        }
    }

    private func deliver(_ change: StateChange, _ watched: Watched) async {
        let event = Self.event(change, id: RandomID.uuid(), at: runtime.host.clock.now())
        guard let method = try? MethodPath(watched.route) else { return }
        let request = AppRequest(
            .POST, method, headers: [FunctionChannel.entranceHeader: watched.alias], contentType: "application/cloudevents+json",
            body: event)
        var pause = Self.firstPause
        for attempt in 1...Self.attemptsAtMost {
            var reason: String
            do throws(InvocationError) {
                let answer = try await runtime.app.invoke(request)
                guard case .http(let status) = answer.outcome, !(200..<300).contains(status.code) else { return }
                reason = "it answered \(status.code)"
            } catch {
                reason = error.message
            }
            if attempt == Self.attemptsAtMost {
                return runtime.logger.error("a change of state was told \(attempt) times in vain and is given up: \(reason)")
            }
            do { try await runtime.host.clock.sleep(for: pause) } catch { return }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// A CloudEvent: `data` is the value where it is JSON, else a text, else `data_base64`.
    static func event(_ change: StateChange, id: String, at time: Timestamp) -> ByteBuffer {
        var members: [JSON.Member] = [
            .init("specversion", "1.0"), .init("id", .string(id)), .init("source", .string(change.store)),
            .init("type", .string("io.mecha.state.\(change.operation.rawValue)")), .init("subject", .string(change.key)),
            .init("time", .string(time.rfc3339)), .init("author", .string(change.author.appID)),
        ]
        if let value = change.value {
            if let json = try? JSON.parse(value) {
                members += [.init("datacontenttype", .string(change.contentType ?? "application/json")), .init("data", json)]
            } else if let text = String(validating: value.readableBytesView, as: UTF8.self) {
                members += [.init("datacontenttype", .string(change.contentType ?? "text/plain")), .init("data", .string(text))]
            } else {
                members += [
                    .init("datacontenttype", .string(change.contentType ?? "application/octet-stream")),
                    .init("data_base64", .string(Base64.encode(value.readableBytesView))),
                ]
            }
        }
        return JSON.object(members).buffer
    }
}
