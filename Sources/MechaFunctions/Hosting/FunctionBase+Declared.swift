import Logging
import MechaCore
import MechaManifest
import NIOCore

// Functions that resource files declare: what the files say is what runs, unless it cannot be run.
extension FunctionBase {
    /// Brings what runs into line with the resources: a function whose file or module changed gets a new revision, one
    /// that is broken keeps the revision that it has, one that is declared no more is no longer hosted (its revisions
    /// stay in the store).
    ///
    /// - Returns: what could not be done, by the function's name, for the log.
    public func apply(_ resources: [FunctionResource], workingDirectory: String) async -> [String: String] {
        var problems = await applyDeclared(resources, workingDirectory: workingDirectory)
        let declared = Set(resources.map(\.name))
        for function in functions where function.state.origin == .declared && !declared.contains(function.name) {
            do throws(FunctionBaseError) {
                try await remove(function.name, forgets: false)
            } catch {
                problems[function.name] = "the function \(function.name) cannot be ended: \(error)"
            }
        }
        return problems
    }

    /// The same for some of the resources; the others stay as they are.
    ///
    /// - Returns: what could not be done, by the function's name.
    public func apply(_ names: Set<String>, of resources: [FunctionResource], workingDirectory: String) async -> [String: String] {
        await applyDeclared(resources.filter { names.contains($0.name) }, workingDirectory: workingDirectory)
    }

    private func applyDeclared(_ resources: [FunctionResource], workingDirectory: String) async -> [String: String] {
        var problems: [String: String] = [:]
        var declared: Set<String> = []
        let meant = resources.filter { declared.insert($0.name).inserted }
        await withTaskGroup(of: (name: String, problem: String)?.self) { group in
            for (index, resource) in meant.enumerated() {
                if index >= Self.openingAtOnce, let found = await group.next() ?? nil { problems[found.name] = found.problem }
                group.addTask { [self] in
                    await problem(applying: resource, workingDirectory: workingDirectory).map { (resource.name, $0) }
                }
            }
            for await case let found? in group { problems[found.name] = found.problem }
        }
        return problems
    }

    private func problem(applying resource: FunctionResource, workingDirectory: String) async -> String? {
        do throws(FunctionBaseError) {
            try await apply(resource, workingDirectory: workingDirectory)
            return nil
        } catch {
            let still = self[resource.name].map { ", revision \($0.state.lastRevision) goes on" } ?? ""
            return "\(resource.source): \(resource.label): \(error)\(still)"
        }
    }

    /// The files that the resources' modules are in.
    public static func modulePaths(_ resources: [FunctionResource], workingDirectory: String) -> [String] {
        resources.filter { $0.spec.source.image == nil }.map { resource in
            let path = resource.path(of: resource.spec.source.file, workingDirectory: workingDirectory)
            // Behind the last # may stand which image of a layout is meant.
            guard !FunctionFiles.exists(path), let mark = path.lastIndex(of: "#") else { return path }
            return String(path[..<mark])
        }
    }

    private func apply(_ resource: FunctionResource, workingDirectory: String) async throws(FunctionBaseError) {
        try Self.check(name: resource.name)
        // One of an earlier run of the process goes on, unless something changed meanwhile.
        if self[resource.name] == nil, let entry = try await stored(resource.name) {
            guard entry.state.origin == .declared else {
                throw FunctionBaseError(
                    .conflict, "it was deployed by command before; delete that first (mecha fn delete \(resource.name))")
            }
            try await host(entry)
        }
        let found = try await module(of: resource, workingDirectory: workingDirectory)
        let module = found.bytes
        let digest = FunctionFiles.digest(module)
        if let wanted = resource.spec.source.digest, wanted != digest {
            throw FunctionBaseError(.refused, "\(found.source) has the digest \(digest), which is not the one that is declared")
        }
        var deployment = FunctionDeployment(resource.spec, folder: resource.folder(workingDirectory: workingDirectory))
        deployment.source = found.source
        let aliases = resource.spec.aliases
        if !aliases.isEmpty { deployment.alias = nil }
        let earlier = self[resource.name]
        // A release has the word about its alias.
        let immediate = aliases.filter { $0.value.release == nil || earlier?.state.aliases[$0.key] == nil }
        if let function = self[resource.name], let newest = function.revisions[function.state.lastRevision],
            newest.isSame(as: deployment, digest: digest)
        {
            let latest = newest.revision.number
            let triggers = deployment.triggers ?? []
            let splits = try Self.splits(immediate, latest: latest)
            try await function.change { state throws(FunctionBaseError) in
                for (alias, split) in splits.sorted(by: { $0.key < $1.key }) { try state.set(alias, split) }
                state.triggers = triggers
            }
            return
        }
        let kept = try await upload(module)
        let stored = try await deploy(resource.name, digest: kept, deployment, origin: .declared) { number throws(FunctionBaseError) in
            try Self.splits(immediate, latest: number)
        }
        for (alias, spec) in aliases.sorted(by: { $0.key < $1.key }) where immediate[alias] == nil {
            guard let plan = try spec.release.map({ release throws(FunctionBaseError) in try ReleasePlan(release) }) else { continue }
            if earlier?.state.releases[alias]?.isRunning == true { try? await endRelease(alias, of: resource.name) }
            try await release(stored.revision.number, of: resource.name, through: alias, plan)
        }
    }

    /// An image is pulled when the process starts, and when another one is declared; one that is named by its digest, and
    /// is what runs, is not pulled again.
    private func module(of resource: FunctionResource, workingDirectory: String) async throws(FunctionBaseError) -> ImageModule {
        let source = resource.spec.source
        guard let image = source.image else {
            return try await ModuleFiles.module(at: resource.path(of: source.file, workingDirectory: workingDirectory))
        }
        let reference = try ImageReference(image)
        let function = self[resource.name]
        let newest = function.flatMap { $0.revisions[$0.state.lastRevision] }
        let running = newest.flatMap { newest -> StoredRevision? in
            guard let known = try? ImageReference(newest.source) else { return nil }
            var named = known
            named.digest = reference.digest
            if reference.digest == nil, named.tag == nil { named.tag = "latest" }
            return named.description == reference.description && (reference.digest == nil || known.digest == reference.digest)
                ? newest : nil
        }
        func kept(_ stored: StoredRevision) async throws(FunctionBaseError) -> ImageModule {
            ImageModule(ByteBuffer(bytes: try await module(stored.revision.digest)), source: stored.source)
        }
        if let running, reference.digest != nil || pulledImage(of: resource.name) == image { return try await kept(running) }
        do throws(FunctionBaseError) {
            guard let images else { throw FunctionBaseError(.unavailable, "images are not pulled here") }
            let module = try await images.pull(reference, isInsecure: source.isInsecure)
            notePulled(image, of: resource.name)
            return module
        } catch {
            // A registry that is away stops nothing that ran before.
            guard error.code == .unavailable, let running else { throw error }
            logger.warning("the function \(resource.name) goes on with revision \(running.revision.number): \(error)")
            notePulled(image, of: resource.name)
            return try await kept(running)
        }
    }

    private static func splits(_ aliases: [String: FunctionSpec.Alias], latest: Int) throws(FunctionBaseError) -> [String: TrafficSplit] {
        var splits: [String: TrafficSplit] = [:]
        for (name, alias) in aliases {
            var weights: [Int: Int] = [:]
            for (revision, weight) in alias.weights { weights[Int(revision) ?? latest, default: 0] += weight }
            let stickiness: Stickiness? =
                switch alias.stickiness {
                case .header(let name): .header(name)
                case .cookie(let name): .cookie(name)
                case nil: nil
                }
            guard let split = TrafficSplit(weights, stickiness: stickiness) else {
                throw FunctionBaseError(.invalid, "the weights of the alias \(name) give nobody a part")
            }
            splits[name] = split
        }
        return splits
    }
}

extension ReleasePlan {
    fileprivate init(_ release: FunctionSpec.Alias.Release) throws(FunctionBaseError) {
        try self.init(
            steps: release.steps, waitMilliseconds: release.wait.map { Int($0 / .milliseconds(1)) } ?? 30_000,
            errorsPer100000AtMost: release.errorsPer100000AtMost,
            p99MillisecondsAtMost: release.p99.map { Int($0 / .milliseconds(1)) }, callsAtLeast: release.callsAtLeast ?? 20)
    }
}

extension StoredRevision {
    /// Whether a deployment would make the same once more.
    fileprivate func isSame(as deployment: FunctionDeployment, digest: String) -> Bool {
        revision.digest == digest && deployment.abi.map { $0 == revision.abi } ?? true && revision.configuration == deployment.configuration
            && revision.environment == deployment.environment && revision.grants == deployment.grants
            && revision.limits == deployment.limits && revision.scaling == deployment.scaling
    }
}

extension FunctionResource {
    fileprivate func folder(workingDirectory: String) -> String {
        let file = source.file.hasPrefix("/") ? source.file : "\(workingDirectory)/\(source.file)"
        return file.lastIndex(of: "/").map { String(file[..<$0]) } ?? workingDirectory
    }

    fileprivate func path(of file: String, workingDirectory: String) -> String {
        file.hasPrefix("/") ? file : "\(folder(workingDirectory: workingDirectory))/\(file)"
    }
}
