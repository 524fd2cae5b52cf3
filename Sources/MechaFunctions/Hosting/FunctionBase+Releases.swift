import MechaCore
import MechaManifest

// Revisions that get an alias's calls step by step.
extension FunctionBase {
    /// Begins a release of a revision, the newest when none is named.
    public func release(
        _ revision: Int?, of name: String, through alias: String, _ plan: ReleasePlan
    ) async throws(FunctionBaseError) {
        let function = try function(name)
        let number = revision ?? function.state.lastRevision
        try await function.change { state throws(FunctionBaseError) in
            guard let before = state.aliases[alias]?.split else { throw FunctionBaseError(.notFound, "there is no alias \(alias)") }
            try state.begin(Release(revision: number, plan: plan, before: before), alias: alias)
        }
        lookAfterReleases()
    }

    /// Ends a release; the calls go where they went before.
    public func endRelease(_ alias: String, of name: String) async throws(FunctionBaseError) {
        try await function(name).change { state throws(FunctionBaseError) in
            guard var release = state.releases[alias], release.isRunning else {
                throw FunctionBaseError(.conflict, "no release through \(alias) is under way")
            }
            release.end("ended by hand")
            state.advance(release, alias: alias)
        }
    }

    /// Gives one revision a part of an alias's calls, and the function its triggers.
    public func give(
        _ revision: Int, percent: Int, through alias: String, of name: String, triggers: [FunctionTrigger]?
    ) async throws(FunctionBaseError) {
        guard FunctionSpec.isAliasName(alias) else { throw .aliasName(alias) }
        try await function(name).change { state throws(FunctionBaseError) in
            let split = state.aliases[alias].map { $0.split.giving(revision, percent: percent) } ?? TrafficSplit(revision)
            try state.set(alias, split)
            if let triggers { state.triggers = triggers }
        }
        triggersChanged()
    }
}

extension Function {
    /// What calls did in the step that is under way; nil without a release.
    public func releaseWindow(_ alias: String) -> Release.Window? { withTable { $0.meters[alias] }?.window }

    func measure(_ revision: Int, since began: UInt64, failed: Bool) {
        let nanoseconds = clock.monotonicNanoseconds() &- began
        let meters = withTable { table in table.meters.values.filter { $0.revision == revision } }
        for meter in meters { meter.add(nanoseconds: nanoseconds, failed: failed) }
    }

    /// Looks at the releases of the function.
    ///
    /// - Returns: whether any is still under way.
    func advanceReleases() async -> Bool {
        for alias in state.releases.filter(\.value.isRunning).keys.sorted() { await advanceRelease(alias) }
        let running = state.releases.filter(\.value.isRunning)
        withTable { table in table.meters = table.meters.filter { running[$0.key] != nil } }
        isReleasing.store(!running.isEmpty, ordering: .relaxed)
        return !running.isEmpty
    }

    private func advanceRelease(_ alias: String) async {
        guard let release = state.releases[alias] else { return }
        let meter = withTable { table in
            if let meter = table.meters[alias], meter.revision == release.revision { return meter }
            let meter = ReleaseMeter(revision: release.revision)
            table.meters[alias] = meter
            return meter
        }
        isReleasing.store(true, ordering: .relaxed)
        let logger = app?.runtime.logger
        let now = clock.monotonicNanoseconds()
        var told: (() -> Void)?
        do throws(FunctionBaseError) {
            try await change { state throws(FunctionBaseError) in
                guard var next = state.releases[alias], next.isRunning, next.revision == release.revision else { return }
                let action = next.judge(meter.window, at: now)
                guard action != .none else { return }
                state.advance(next, alias: alias)
                switch action {
                case .none: break
                case .give(let percent):
                    meter.reset()
                    told = { logger?.info("release: revision \(release.revision) gets \(percent) % of the calls through \(alias)") }
                case .finish: told = { logger?.info("release: revision \(release.revision) has all calls through \(alias)") }
                case .rollBack:
                    if case .rolledBack(let reason) = next.phase {
                        told = { logger?.error("release: the calls through \(alias) go back from revision \(release.revision): \(reason)") }
                    }
                }
            }
            told?()
        } catch {
            logger?.error("release: revision \(release.revision) cannot get its calls: \(error)")
            try? await change { state throws(FunctionBaseError) in
                guard var failed = state.releases[alias], failed.isRunning else { return }
                failed.fail("\(error)")
                state.advance(failed, alias: alias)
            }
        }
    }
}
