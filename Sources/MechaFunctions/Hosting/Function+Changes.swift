import MechaCore
import MechaHost

// Changes of a function. Each is prepared aside (what calls will go to is loaded and verified), written down, and then
// swapped in; calls under way end on what they began with. What fails changes nothing.
extension Function {
    /// Makes a revision and sends it its traffic.
    ///
    /// - Parameters:
    ///   - digest: of `module`, which the store has.
    ///   - splits: where further aliases go; `latest` there is the new revision.
    func deploy(
        _ deployment: FunctionDeployment, digest: String, module: [UInt8], splits: (Int) throws(FunctionBaseError) -> [String: TrafficSplit]
    ) async throws(FunctionBaseError) -> StoredRevision {
        await changes.enter()
        defer { changes.leave() }
        guard let runtime = app?.runtime else { throw .noFunction(name) }
        var next = state
        let number = try next.deploy(alias: deployment.alias, percent: deployment.percent)
        for (alias, split) in try splits(number).sorted(by: { $0.key < $1.key }) { try next.set(alias, split) }
        if let triggers = deployment.triggers { next.triggers = triggers }
        let loaded: any LoadedFunction
        let stored: StoredRevision
        do throws(FunctionError) {
            let abi = if let named = deployment.abi { named } else { try loader.detect(module) }
            var revision = FunctionRevision(function: name, number: number, digest: digest, abi: abi)
            revision.configuration = deployment.configuration
            revision.environment = deployment.environment
            revision.grants = deployment.grants
            revision.limits = deployment.limits
            revision.scaling = deployment.scaling
            stored = StoredRevision(revision, created: clock.now(), moduleBytes: module.count, source: deployment.source)
            loaded = try await loader.load(revision, module: module, runtime: runtime)
        } catch {
            throw FunctionBaseError(error)
        }
        next.routeID = loaded.routeID
        do throws(FunctionBaseError) {
            try store.add(stored)
            try await commit(next, adding: (stored, loaded))
        } catch {
            await loaded.close()
            throw error
        }
        return stored
    }

    /// Sends the calls of aliases elsewhere, and replaces triggers.
    func change(_ body: (inout FunctionState) throws(FunctionBaseError) -> Void) async throws(FunctionBaseError) {
        await changes.enter()
        defer { changes.leave() }
        guard app != nil else { throw .noFunction(name) }
        var next = state
        try body(&next)
        guard next != state else { return }
        try await commit(next, adding: nil)
    }

    /// In ``changes``.
    private func commit(
        _ next: FunctionState, adding new: (stored: StoredRevision, loaded: any LoadedFunction)?
    ) async throws(FunctionBaseError) {
        let (known, running) = withTable { ($0.stored, $0.running) }
        for trigger in next.triggers where next.aliases[trigger.alias] == nil {
            throw FunctionBaseError(
                .invalid, "the trigger \(trigger.description) calls through the alias \(trigger.alias), which the function does not have")
        }
        // Whatever calls will go to runs before the first one does.
        var prepared: [Int: RunningRevision] = [:]
        for number in next.routed.sorted() where number != new?.stored.revision.number {
            guard let stored = known[number] else {
                throw FunctionBaseError(.notFound, "the function \(name) has no revision \(number)")
            }
            let revision = running[number] ?? makeRunning(stored)
            guard revision.enter() else { throw FunctionBaseError(.conflict, "revision \(number) is being closed") }
            defer { revision.leave() }
            do throws(FunctionError) {
                _ = try await revision.function()
            } catch {
                throw FunctionBaseError(.refused, "revision \(number) cannot be run: \(error.message)")
            }
            prepared[number] = revision
        }
        try store.save(next, of: name)

        let routed = next.routed
        let collected = next.collectable(Set(known.keys).union(new.map { [$0.stored.revision.number] } ?? []))
        let ended = withTable { table in
            table.state = next
            if let new {
                table.stored[new.stored.revision.number] = new.stored
                table.running[new.stored.revision.number] = makeRunning(new.stored, loaded: new.loaded)
            }
            for (number, revision) in prepared where table.running[number] == nil { table.running[number] = revision }
            for number in collected { table.stored[number] = nil }
            let newest = new?.stored.revision.number
            let ended = table.running.filter { !routed.contains($0.key) && $0.key != newest }
            for number in ended.keys { table.running[number] = nil }
            table.closing += ended.values
            return Array(ended.values)
        }
        tableChanged()
        // Nobody waits for calls of the old revisions to end.
        for revision in ended {
            Task.detached { [self] in await close(revision) }
        }
        for number in collected { store.remove(number, of: name) }
        await app?.runtime.replace(AppTriggers(next.triggers, of: name))
        watchState(next.triggers)
    }

    private func close(_ revision: RunningRevision) async {
        let usage = await revision.close()
        withTable { table in
            table.closing.removeAll { $0 === revision }
            table.usage.add(usage, of: revision.stored.revision.number)
        }
    }

    /// Begins to answer calls: opened by the base before anything else.
    func attach(_ app: any FunctionApp) {
        withTable { $0.app = app }
        watchState(state.triggers)
    }

    private func watchState(_ triggers: [FunctionTrigger]) {
        let watcher = withTable { table -> StateTriggers? in
            if table.stateTriggers == nil, let runtime = table.app?.runtime, !table.isClosed,
                triggers.contains(where: { if case .state = $0.event { true } else { false } })
            {
                table.stateTriggers = StateTriggers(runtime)
            }
            return table.stateTriggers
        }
        watcher?.replace(triggers)
    }

    /// Loads what has to stand ready without a call.
    func warm() async {
        let (routed, stored) = withTable { ($0.state.routed, $0.stored) }
        for number in routed.sorted() {
            guard let stored = stored[number], stored.revision.scaling.minimumInstances > 0 else { continue }
            let running = withTable { table in
                if let running = table.running[number] { return running }
                let running = makeRunning(stored)
                table.running[number] = running
                return running
            }
            guard running.enter() else { continue }
            defer { running.leave() }
            do throws(FunctionError) {
                _ = try await running.function()
            } catch {
                app?.runtime.logger.error("revision \(number) cannot be run: \(error.message)")
            }
        }
    }

    /// Writes down what was used so far. Blocks.
    func saveUsage() throws(FunctionBaseError) {
        let usage = usage
        try store.save(usage, of: name)
        withTable { $0.savedUsage = usage }
    }

    /// Takes the function out of the process: no further calls, those under way end, `destroy` has run.
    func close() async {
        await changes.enter()
        defer { changes.leave() }
        let (app, running) = withTable { table in
            defer {
                table.isClosed = true
                table.closing += table.running.values
                table.running = [:]
            }
            return (table.app, Array(table.running.values))
        }
        await withTable { $0.stateTriggers.take() }?.close()
        await app?.close()
        for revision in running { await close(revision) }
        withTable { $0.app = nil }
    }
}
