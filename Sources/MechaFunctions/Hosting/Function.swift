import Logging
import MechaCore
import MechaHost
import MechaInvocation
import NIOCore
import NIOHTTP1
import Synchronization

/// One function of the process: its revisions, where calls to it go, and its app.
///
/// A call looks the revision up under a lock that is never held over a call-out. Changes (``Function+Changes.swift``)
/// come one after the other: they are prepared aside, written down, and then swapped in.
public final class Function: Sendable {
    public let name: String
    public let log: FunctionLog
    let store: FunctionStore
    let loader: any FunctionLoader
    let clock: any MechaClock
    /// One change at a time.
    let changes = SerialGate()
    private let point = Atomic<UInt64>(0)
    /// Whether calls are counted for releases.
    let isReleasing = Atomic(false)
    private let bodyBytes = Atomic<Int>(FunctionLimits().requestBytes)

    struct Table {
        var state: FunctionState
        var stored: [Int: StoredRevision]
        var running: [Int: RunningRevision] = [:]
        /// Out of the table of those that run, with calls under way still.
        var closing: [RunningRevision] = []
        /// Of revisions that no longer run.
        var usage: UsageLedger
        /// What the disk has.
        var savedUsage: UsageLedger
        /// By alias, while a release is under way.
        var meters: [String: ReleaseMeter] = [:]
        var app: (any FunctionApp)?
        var stateTriggers: StateTriggers?
        var isClosed = false
    }

    private let table: Mutex<Table>

    init(
        _ name: String, state: FunctionState, stored: [Int: StoredRevision], usage: UsageLedger, log: FunctionLog, store: FunctionStore,
        loader: any FunctionLoader, clock: any MechaClock
    ) {
        self.name = name
        self.log = log
        self.store = store
        self.loader = loader
        self.clock = clock
        table = Mutex(Table(state: state, stored: stored, usage: usage, savedUsage: usage))
        tableChanged()
    }

    // MARK: - What is so

    public var state: FunctionState { table.withLock { $0.state } }
    public var revisions: [Int: StoredRevision] { table.withLock { $0.stored } }
    public var app: (any FunctionApp)? { table.withLock { $0.app } }
    /// The largest request that any revision takes which calls go to.
    var requestBytesAtMost: Int { bodyBytes.load(ordering: .relaxed) }

    func withTable<Value>(_ body: (inout Table) -> Value) -> Value { table.withLock { body(&$0) } }

    /// After every change of revisions or state.
    func tableChanged() {
        let limit = table.withLock { table in
            table.state.routed.compactMap { table.stored[$0]?.revision.limits.requestBytes }.max()
        }
        if let limit { bodyBytes.store(limit, ordering: .relaxed) }
    }

    func alias(ofBinding name: String) -> String? {
        let triggers = state.triggers
        for (index, trigger) in triggers.enumerated() {
            switch trigger.event {
            case .cron where AppTriggers.cronName(index) == name: return trigger.alias
            case .binding(name): return trigger.alias
            default: continue
            }
        }
        return nil
    }

    func alias(ofTopic topic: String, in pubsub: String) -> String? {
        state.triggers.first { trigger in
            if case .topic(pubsub, topic, _, _) = trigger.event { true } else { false }
        }?.alias
    }

    /// What calls have used, those of revisions that run included.
    public var usage: UsageLedger {
        let (ledger, running) = table.withLock { ($0.usage, Array($0.running.values) + $0.closing) }
        var total = ledger
        for revision in running {
            if let loaded = revision.loaded { total.add(loaded.usage, of: revision.stored.revision.number) }
        }
        return total
    }

    /// Instances that live now, by revision.
    public var instances: [Int: Int] {
        let running = table.withLock { Array($0.running.values) }
        return Dictionary(running.compactMap { revision in revision.loaded.map { (revision.stored.revision.number, $0.instances) } }) { $1 }
    }

    /// Metrics that guests keep, by revision.
    public var guestMetrics: [Int: [GuestMetric]] {
        let running = table.withLock { Array($0.running.values) }
        return Dictionary(running.compactMap { revision in revision.loaded.map { (revision.stored.revision.number, $0.guestMetrics) } }) {
            $1
        }
    }

    // MARK: - Calls

    /// Makes one call and leaves the response in it. Whatever goes wrong is an answer too.
    func answer(_ call: BufferedCall, through entrance: FunctionEntrance.Name, deadline: NIODeadline?) async {
        guard let chosen = choose(entrance, call) else { return }
        do throws(FunctionError) {
            try check(call, for: chosen.running)
            let function = try await chosen.running.function()
            prepare(call)
            try await function.handle(call, deadline: deadline)
            end(call, chosen, failure: nil)
        } catch {
            end(call, chosen, failure: error)
        }
    }

    // Parts of a call that stand apart because what is in an async function stays in its frame while the guest runs.

    @inline(never)
    private func choose(_ entrance: FunctionEntrance.Name, _ call: BufferedCall) -> Choice? {
        switch choose(entrance, call.request.headers) {
        case .success(let choice): return choice
        case .failure(let error):
            call.response = AppResponse(
                .http(.notFound), contentType: "application/json", body: FunctionAnswer.error("ERR_FUNCTION_NO_REVISION", error.message))
            return nil
        }
    }

    @inline(never)
    private func check(_ call: BufferedCall, for revision: RunningRevision) throws(FunctionError) {
        let limit = revision.stored.revision.limits.requestBytes
        guard call.request.body.readableBytes <= limit else {
            throw FunctionError(.requestTooLarge, "the request is larger than \(limit) bytes")
        }
    }

    @inline(never)
    private func prepare(_ call: BufferedCall) {
        FunctionHeaders.prepare(&call.request, for: app?.runtime.address ?? AppAddress(appID: name, namespace: ""))
    }

    /// Gives the response the form that the caller gets, and lets go of the revision.
    @inline(never)
    private func end(_ call: BufferedCall, _ choice: Choice, failure: FunctionError?) {
        let revision = choice.running.stored.revision.number
        if let failure {
            tell(failure, of: revision)
            call.response = failure.response(of: name, isGRPC: call.isOfGRPC)
        } else {
            choice.shape(&call.response)
        }
        if choice.began > 0 {
            // A release is under way, so the call is counted.
            let hasFailed =
                switch call.response.outcome {
                case .http(let status): status.code >= 500
                case .grpc(let status): status.code != .ok
                }
            measure(revision, since: choice.began, failed: hasFailed)
        }
        choice.running.leave()
    }

    /// What a guest does wrong in a call, the engine logs with the guest's stack. That it cannot be run is told here; who
    /// calls meanwhile hears of it without a further line.
    private func tell(_ error: FunctionError, of revision: Int) {
        switch error.code {
        case .invalidModule, .missingImport, .engineUnavailable:
            app?.runtime.logger.error("revision \(revision) cannot be run: \(error.message)")
        default: break
        }
    }

    private struct Choice {
        var running: RunningRevision
        /// For a caller that is to stay with the revision.
        var newCookie: String?
        /// Nanoseconds of the clock; 0 where nobody counts.
        var began: UInt64 = 0

        /// The guest's response as the caller gets it.
        func shape(_ response: inout AppResponse) {
            FunctionHeaders.filter(&response.headers)
            if let newCookie { response.headers.add(name: "set-cookie", value: newCookie) }
        }
    }

    /// The revision that a call gets, entered.
    private func choose(_ entrance: FunctionEntrance.Name, _ headers: HTTPHeaders) -> Result<Choice, FunctionBaseError> {
        // A revision that is being closed was replaced in the table just now, so the next look finds another.
        while true {
            var newCookie: String?
            let number: Int
            switch entrance {
            case .revision(let asked): number = asked
            case .alias(let alias):
                guard let split = table.withLock({ $0.state.aliases[alias]?.split }) else {
                    return .failure(FunctionBaseError(.notFound, "the function \(name) has no alias \(alias.prefix(64))"))
                }
                number = split.revision(at: self.point(of: split, headers, &newCookie))
            }
            guard let running = running(number) else {
                return .failure(FunctionBaseError(.notFound, "the function \(name) has no revision \(number)"))
            }
            if running.enter() {
                let began = isReleasing.load(ordering: .relaxed) ? clock.monotonicNanoseconds() : 0
                return .success(Choice(running: running, newCookie: newCookie, began: began))
            }
        }
    }

    private func point(of split: TrafficSplit, _ headers: HTTPHeaders, _ newCookie: inout String?) -> UInt64 {
        switch split.stickiness {
        case _ where split.parts.count == 1: return 0
        case .header(let name):
            if let value = headers.first(name: name) { return TrafficPoint.of(value) }
        case .cookie(let name):
            if let value = FunctionHeaders.cookie(name, in: headers) { return TrafficPoint.of(value) }
            let value = RandomID.uuid()
            newCookie = "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax"
            return TrafficPoint.of(value)
        case nil: break
        }
        return TrafficPoint.next(point)
    }

    /// The revision in this process; one that no call went to yet begins to be.
    private func running(_ number: Int) -> RunningRevision? {
        table.withLock { table in
            if let running = table.running[number] { return running }
            guard let stored = table.stored[number], !table.isClosed else { return nil }
            let running = makeRunning(stored)
            table.running[number] = running
            return running
        }
    }

    func makeRunning(_ stored: StoredRevision, loaded: (any LoadedFunction)? = nil) -> RunningRevision {
        RunningRevision(stored, loaded: loaded, clock: clock) { [weak self] in
            guard let self else { return .failure(FunctionError(.closed, "the function is gone")) }
            do throws(FunctionError) {
                return .success(try await load(stored.revision))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Reads the module and makes it ready. Not on an event loop.
    private func load(_ revision: FunctionRevision) async throws(FunctionError) -> any LoadedFunction {
        guard let runtime = app?.runtime else { throw FunctionError(.closed, "the function is not running") }
        let module: [UInt8]
        do throws(FunctionBaseError) {
            module = try store.module(revision.digest)
        } catch {
            throw FunctionError(.invalidModule, error.message)
        }
        return try await loader.load(revision, module: module, runtime: runtime)
    }
}
