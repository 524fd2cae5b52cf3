import Logging
import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest
import Synchronization

/// The functions of a process: deployed through here, hosted as apps, kept in a store that outlives the process.
///
/// Costs nothing until there is a function. All of it may block on the disk; nothing here may be called on an event loop.
public final class FunctionBase: Sendable {
    /// Of the store.
    public let folder: String
    private let loader: any FunctionLoader
    private let hosting: any FunctionHosting
    private let clock: any MechaClock
    let logger: Logger
    /// Nil where no registry can be reached.
    let images: ImageRegistry?

    /// Apps that are opened at once when the process starts.
    static let openingAtOnce = 4
    private static let usagePause = Duration.seconds(10)
    /// Between two looks at releases.
    private static let releasePause = Duration.milliseconds(500)

    private struct State {
        var store: FunctionStore?
        var functions: [String: Function] = [:]
        /// One deployment, deletion or opening of a name at a time.
        var gates: [String: SerialGate] = [:]
        /// Images that were pulled for functions of files.
        var pulled: [String: String] = [:]
        /// Modules that no revision has yet.
        var uploads: [String] = []
        var triggers = HTTPTriggerTable()
        var routeIDs: [String: String] = [:]
        /// By the path of the method.
        var grpcTriggers: [String: HTTPTriggerTable.Match] = [:]
        var keeper: Task<Void, Never>?
        /// Looks after releases, while any is under way.
        var releaser: Task<Void, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let opening = SerialGate()

    public init(
        folder: String, loader: any FunctionLoader, hosting: any FunctionHosting, images: ImageRegistry? = nil,
        clock: any MechaClock, logger: Logger
    ) {
        self.folder = folder
        self.loader = loader
        self.hosting = hosting
        self.images = images
        self.clock = clock
        self.logger = logger
    }

    // MARK: - What there is

    public var functions: [Function] { state.withLock { $0.functions.values.sorted { $0.name < $1.name } } }

    public subscript(name: String) -> Function? { state.withLock { $0.functions[name] } }

    public func function(_ name: String) throws(FunctionBaseError) -> Function {
        guard let function = self[name] else {
            let near = nearestName(to: name, among: functions.map(\.name)).map { "; did you mean \($0)?" } ?? ""
            throw FunctionBaseError(.notFound, "there is no function \(name)\(near)")
        }
        return function
    }

    /// Whether this process hosts the functions of the folder.
    public var isHosting: Bool { state.withLock { $0.store != nil } }

    /// The function that a request of the listener's `id` header means.
    func function(routeID: String) -> Function? {
        state.withLock { state in state.routeIDs[routeID].flatMap { state.functions[$0] } ?? state.functions[routeID] }
    }

    func trigger(host: @autoclosure () -> String?, path: Substring, method: String) -> (function: Function, alias: String)? {
        state.withLock { state in
            guard let match = state.triggers.match(host: host(), path: path, method: method),
                let function = state.functions[match.function]
            else { return nil }
            return (function, match.alias)
        }
    }

    /// The function that a method of gRPC calls.
    func trigger(grpc path: String) -> (function: Function, alias: String)? {
        state.withLock { state in
            guard let match = state.grpcTriggers[path], let function = state.functions[match.function] else { return nil }
            return (function, match.alias)
        }
    }

    // MARK: - Start and end

    /// Hosts what was deployed before, if anything was.
    public func start() async {
        guard !FunctionFiles.names(in: "\(folder)/functions").isEmpty else { return }
        do throws(FunctionBaseError) {
            let store = try await ready()
            let (entries, problems) = store.load()
            for problem in problems { logger.error("\(problem)") }
            // What files declare is opened with them.
            await open(entries.filter { $0.state.origin == .deployed }, in: store)
            collectModules(store)
        } catch {
            logger.error("the functions of \(folder) are not hosted: \(error)")
        }
    }

    private func open(_ entries: [FunctionStore.Entry], in store: FunctionStore) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, entry) in entries.enumerated() {
                if index >= Self.openingAtOnce { await group.next() }
                group.addTask { [self] in
                    do throws(FunctionBaseError) {
                        _ = try await open(entry, in: store)
                    } catch {
                        logger.error("the function \(entry.name) is not hosted: \(error)")
                    }
                }
            }
        }
    }

    private func open(_ entry: FunctionStore.Entry, in store: FunctionStore) async throws(FunctionBaseError) -> Function {
        let gate = gate(of: entry.name)
        await gate.enter()
        defer { gate.leave() }
        let function = try await make(entry, in: store)
        try await show(function)
        await function.warm()
        return function
    }

    /// The function with its app, which nobody can call yet.
    private func make(_ entry: FunctionStore.Entry, in store: FunctionStore) async throws(FunctionBaseError) -> Function {
        let log = FunctionLog()
        let function = Function(
            entry.name, state: entry.state, stored: entry.revisions, usage: store.usage(of: entry.name), log: log, store: store,
            loader: loader, clock: clock)
        do {
            try await hosting.prepare(self)
            function.attach(
                try await hosting.open(
                    entry.name, channel: FunctionChannel(function), triggers: AppTriggers(entry.state.triggers, of: entry.name), log: log))
        } catch {
            throw error as? FunctionBaseError ?? FunctionBaseError(.unavailable, "\(error)")
        }
        return function
    }

    private func show(_ function: Function) async throws(FunctionBaseError) {
        let isOpen = state.withLock { state in
            if state.isClosed { return false }
            state.functions[function.name] = function
            return true
        }
        guard isOpen else {
            await function.close()
            throw FunctionBaseError(.unavailable, "the process is shutting down")
        }
        functionsChanged()
        if function.state.releases.values.contains(where: \.isRunning) { lookAfterReleases() }
        do {
            try await function.app?.join()
        } catch {
            logger.error("the function \(function.name) cannot be found by others: \(error)")
        }
    }

    /// Takes the store, and begins to keep accounts.
    private func ready() async throws(FunctionBaseError) -> FunctionStore {
        await opening.enter()
        defer { opening.leave() }
        if let store = state.withLock({ $0.store }) { return store }
        let store = try FunctionStore(folder: folder)
        let keeper = Task.detached { [weak self, clock] in
            while (try? await clock.sleep(for: Self.usagePause)) != nil { self?.saveUsage() }
        }
        state.withLock { state in
            state.store = store
            state.keeper = keeper
        }
        return store
    }

    private func gate(of name: String) -> SerialGate {
        state.withLock { state in
            if let gate = state.gates[name] { return gate }
            let gate = SerialGate()
            state.gates[name] = gate
            return gate
        }
    }

    /// Closes all functions; what they have used is written down. Calls and `destroy`s that are not over within `limit`
    /// are left behind, for the process ends.
    public func close(within limit: Duration? = nil) async {
        let (functions, tasks) = state.withLock { state in
            state.isClosed = true
            return (Array(state.functions.values), [state.keeper, state.releaser])
        }
        for task in tasks { task?.cancel() }
        let closing = Task.detached {
            await withTaskGroup(of: Void.self) { group in
                for function in functions { group.addTask { await function.close() } }
            }
        }
        if let limit, !(await closing.isOver(within: limit, clock)) {
            logger.warning("functions did not end within \(limit); what they still do is given up")
        }
        if limit == nil { await closing.value }
        saveUsage()
    }

    private func saveUsage() {
        for function in functions {
            do throws(FunctionBaseError) {
                if function.withTable({ $0.savedUsage }) != function.usage { try function.saveUsage() }
            } catch {
                logger.error("the usage of the function \(function.name) cannot be written down: \(error)")
            }
        }
    }

    // MARK: - Changes

    /// Keeps a module for a deployment; its digest.
    public func upload(_ module: [UInt8]) async throws(FunctionBaseError) -> String {
        let digest = try await ready().keep(module: module)
        state.withLock { state in
            state.uploads.removeAll { $0 == digest }
            state.uploads.append(digest)
            if state.uploads.count > Self.uploadsAtMost { state.uploads.removeFirst() }
        }
        return digest
    }

    private static let deploymentsBetweenCollections = 20

    /// Uploads that are kept while no revision has them.
    private static let uploadsAtMost = 100

    /// Makes a new revision of the function, which may be new itself, and lets it take its traffic when it runs.
    public func deploy(_ name: String, digest: String, _ deployment: FunctionDeployment) async throws(FunctionBaseError) -> StoredRevision {
        try Self.check(name: name)
        return try await deploy(name, digest: digest, deployment, origin: .deployed) { _ in [:] }
    }

    func deploy(
        _ name: String, digest: String, _ deployment: FunctionDeployment, origin: FunctionState.Origin,
        splits: (Int) throws(FunctionBaseError) -> [String: TrafficSplit]
    ) async throws(FunctionBaseError) -> StoredRevision {
        let store = try await ready()
        let module = try store.module(digest)
        let gate = gate(of: name)
        await gate.enter()
        defer { gate.leave() }
        let known = self[name]
        if let known, known.state.origin != origin {
            throw FunctionBaseError(
                .conflict,
                known.state.origin == .declared
                    ? "the function \(name) is declared in a resource file; change the file"
                    : "the function \(name) was deployed by command; delete it first (mecha fn delete \(name))")
        }
        let function: Function
        if let known {
            function = known
        } else {
            function = try await make(.init(name: name, state: FunctionState(origin: origin), revisions: [:]), in: store)
        }
        do throws(FunctionBaseError) {
            let stored = try await function.deploy(deployment, digest: digest, module: module, splits: splits)
            if known == nil { try await show(function) } else { functionsChanged() }
            // Looks at every function, so not each time.
            if stored.revision.number % Self.deploymentsBetweenCollections == 0 { collectModules(store) }
            return stored
        } catch {
            if known == nil { await function.close() }
            throw error
        }
    }

    /// Sends the calls of an alias to revisions by weight.
    public func set(
        _ alias: String, of name: String, weights: [Int: Int], stickiness: Stickiness?, keepsStickiness: Bool
    ) async throws(FunctionBaseError) {
        guard FunctionSpec.isAliasName(alias) else { throw .aliasName(alias) }
        let function = try function(name)
        try await function.change { state throws(FunctionBaseError) in
            let sticky = keepsStickiness ? state.aliases[alias]?.split.stickiness : stickiness
            guard let split = TrafficSplit(weights, stickiness: sticky) else {
                throw FunctionBaseError(
                    .invalid,
                    "the weights give nobody a part; expected whole numbers up to \(TrafficSplit.weightAtMost), one of them above 0")
            }
            try state.set(alias, split)
        }
        functionsChanged()
    }

    public func remove(_ alias: String, of name: String) async throws(FunctionBaseError) {
        try await function(name).change { state throws(FunctionBaseError) in try state.remove(alias) }
        functionsChanged()
    }

    /// Triggers were replaced.
    func triggersChanged() { functionsChanged() }

    /// Looks at releases until none is under way.
    func lookAfterReleases() {
        state.withLock { state in
            guard state.releaser == nil, !state.isClosed else { return }
            state.releaser = Task.detached { [weak self, clock] in
                while !Task.isCancelled {
                    guard let self else { return }
                    var isNeeded = false
                    for function in functions { isNeeded = await function.advanceReleases() || isNeeded }
                    if !isNeeded, releasesEnded() { return }
                    try? await clock.sleep(for: Self.releasePause)
                }
            }
        }
    }

    /// False when one began meanwhile.
    private func releasesEnded() -> Bool {
        state.withLock { state in
            guard !state.functions.values.contains(where: { $0.state.releases.values.contains(where: \.isRunning) }) else { return false }
            state.releaser = nil
            return true
        }
    }

    /// Sends the calls of an alias where they went before, or to one revision.
    public func rollback(_ alias: String, of name: String, to revision: Int?) async throws(FunctionBaseError) {
        let function = try function(name)
        let usable = Set(function.revisions.keys)
        try await function.change { state throws(FunctionBaseError) in
            if let revision {
                guard let current = state.aliases[alias] else { throw FunctionBaseError(.notFound, "there is no alias \(alias)") }
                try state.set(alias, TrafficSplit(revision, stickiness: current.split.stickiness))
            } else {
                try state.rollback(alias, usable: usable)
            }
        }
    }

    /// Ends the function and forgets it with its revisions and accounts.
    public func delete(_ name: String) async throws(FunctionBaseError) {
        guard try function(name).state.origin == .deployed else {
            throw FunctionBaseError(.conflict, "the function \(name) is declared in a resource file; remove it there")
        }
        try await remove(name, forgets: true)
    }

    func remove(_ name: String, forgets: Bool) async throws(FunctionBaseError) {
        let gate = gate(of: name)
        await gate.enter()
        defer { gate.leave() }
        let function = try function(name)
        state.withLock { _ = $0.functions.removeValue(forKey: name) }
        functionsChanged()
        await function.close()
        if forgets {
            function.store.remove(name)
            collectModules(function.store)
        } else {
            try? function.saveUsage()
        }
    }

    /// The image that this process pulled last for a function of a file.
    func pulledImage(of name: String) -> String? { state.withLock { $0.pulled[name] } }
    func notePulled(_ image: String, of name: String) { state.withLock { $0.pulled[name] = image } }

    /// The bytes of a module that is kept.
    func module(_ digest: String) async throws(FunctionBaseError) -> [UInt8] { try await ready().module(digest) }

    /// What the store has of a function that is not hosted now.
    func stored(_ name: String) async throws(FunctionBaseError) -> FunctionStore.Entry? {
        try await ready().load(name)
    }

    /// Hosts a function as the store has it.
    func host(_ entry: FunctionStore.Entry) async throws(FunctionBaseError) { _ = try await open(entry, in: try await ready()) }

    private func functionsChanged() {
        let functions = functions
        let triggers = HTTPTriggerTable(functions.map { ($0.name, $0.state.triggers) })
        let routeIDs = Dictionary(functions.compactMap { function in function.state.routeID.map { ($0, function.name) } }) { first, _ in
            first
        }
        functions.first?.app?.runtime.host.aliases.replace(routeIDs)
        var methods: [String: HTTPTriggerTable.Match] = [:]
        for function in functions {
            for trigger in function.state.triggers {
                guard case .grpc(let service, let method) = trigger.event, methods["/\(service)/\(method)"] == nil else { continue }
                methods["/\(service)/\(method)"] = .init(function: function.name, alias: trigger.alias)
            }
        }
        state.withLock { [methods] state in
            state.grpcTriggers = methods
            state.triggers = triggers
            state.routeIDs = routeIDs
        }
    }

    private func collectModules(_ store: FunctionStore) {
        // Those of functions that files declare stay even while they are not hosted.
        var digests = Set(store.load().entries.flatMap { $0.revisions.values.map(\.revision.digest) })
        digests.formUnion(functions.flatMap { $0.revisions.values.map(\.revision.digest) })
        digests.formUnion(state.withLock { $0.uploads })
        store.collectModules(keeping: digests)
    }

    /// A function's name is an app id, part of paths and of file names, and should do as a label of DNS.
    public static func check(name: String) throws(FunctionBaseError) {
        let isGood =
            !name.isEmpty && name.utf8.count <= 63 && name.utf8.first != 0x2d && name.utf8.last != 0x2d
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d }
        guard isGood else {
            throw FunctionBaseError(
                .invalid, "\"\(name.prefix(80))\" cannot be the name of a function; expected up to 63 lower-case letters, digits and -")
        }
    }
}
