import Logging
import MechaCore
import MechaSQLite
import Synchronization

/// `nameresolution.sqlite`: a registry in a file that the runtimes of a host share.
///
/// A row counts while its process lives, which can be told on the same host; for others it counts while
/// its sign of life is recent. Rows of the dead are left out of answers at once and removed in passing.
public final class RegistryResolver: NameResolver {
    /// An answer is given again for so long.
    static let freshness: Duration = .seconds(1)
    /// An answer serves for so long when the file cannot be read.
    static let staleLimit: Duration = .seconds(60)
    /// A sign of life counts for so many update intervals.
    static let intervalsUntilDead = 3

    private let worker: SQLiteWorker
    private let table: RegistryTable
    private let updateInterval: Duration
    private let clock: any MechaClock
    private let logger: Logger
    private let cache: EndpointCache
    private let process: ProcessIdentity
    private let state = Mutex(State())

    private struct State {
        var registrations: Set<AppRegistration> = []
        var heartbeat: Task<Void, Never>?
        var isClosed = false
    }

    init(
        _ options: SQLiteOptions, table: RegistryTable, updateInterval: Duration, process: ProcessIdentity = .own(),
        environment: ComponentEnvironment
    ) {
        var options = options
        options.prepare = { try table.prepare($0) }
        worker = SQLiteWorker(options, logger: environment.logger)
        self.table = table
        self.updateInterval = updateInterval
        self.process = process
        clock = environment.clock
        logger = environment.logger
        cache = EndpointCache(clock: clock, freshness: Self.freshness, staleLimit: Self.staleLimit)
    }

    public var status: ComponentStatus { worker.status }

    public func start() async throws {
        try worker.start()
        let task = Task { await keepAlive() }
        state.withLock { $0.heartbeat = task }
    }

    public func close() async {
        let (task, registrations) = state.withLock { state in
            defer { state = State(isClosed: true) }
            return (state.heartbeat, state.registrations)
        }
        task?.cancel()
        await task?.value
        if !registrations.isEmpty { await remove(registrations) }
        await worker.close()
    }

    // MARK: - Own apps

    /// A registry that cannot be written now gets the row as soon as it can be.
    public func announce(_ registration: AppRegistration) async throws {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.registrations.insert(registration) }
            return state.isClosed
        }
        guard !isClosed else { throw CapabilityError(.closed, "name resolution is closed") }
        await announceAll([registration])
        cache.forget(registration.address)
    }

    public func withdraw(_ registration: AppRegistration) async {
        state.withLock { _ = $0.registrations.remove(registration) }
        await remove([registration])
        cache.forget(registration.address)
    }

    private func announceAll(_ registrations: Set<AppRegistration>) async {
        let now = clock.now()
        do {
            try await worker.write { [table, process] connection in
                for registration in registrations { try table.put(registration, by: process, at: now, connection) }
            }
        } catch {
            logger.warning("apps could not be announced, trying again", metadata: ["error": "\(error)"])
        }
    }

    private func remove(_ registrations: Set<AppRegistration>) async {
        do {
            try await worker.write { [table, process] connection in
                for registration in registrations { try table.remove(registration, by: process, connection) }
            }
        } catch {
            logger.warning("apps could not be withdrawn; their rows expire", metadata: ["error": "\(error)"])
        }
    }

    private func keepAlive() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: updateInterval) } catch { return }
            let registrations = state.withLock { $0.registrations }
            if !registrations.isEmpty { await announceAll(registrations) }
            await removeDead()
        }
    }

    private func removeDead() async {
        let now = clock.now()
        do {
            try await worker.write { [self] connection in
                try table.removeDead(connection) { isAlive($0, at: now) }
            }
        } catch {
            logger.debug("rows of dead processes could not be removed", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Other apps

    public func resolve(_ target: AppAddress) async throws -> [PeerEndpoint] {
        try await cache.endpoints(of: target) { [self] target in
            let rows = try await worker.read { [table] in try table.rows(of: target, $0) }
            let now = clock.now()
            return rows.filter { isAlive($0, at: now) }.map(\.endpoint)
        }
    }

    /// A process of this host is asked for itself, so that a jump of the clock takes no app away. A sign
    /// of life far in the future is as bad as one long past: a clock was put back since.
    private func isAlive(_ row: RegistryTable.Row, at now: Timestamp) -> Bool {
        if let isAlive = row.process.isAlive(seenFrom: process.realm) { return isAlive }
        let limit = updateInterval.wholeNanoseconds / 1_000_000_000 * Int64(Self.intervalsUntilDead)
        return abs(now.seconds - row.heartbeat.seconds) <= limit
    }
}

extension RegistryResolver {
    /// `nameresolution.sqlite/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "nameresolution.sqlite",
        aliases: ["nameresolution.sqlite3"],
        summary: "Finds apps in a SQLite file that the runtimes of one host share; needs no network.",
        fields: [
            MetadataField(
                "connectionString", .string, "Path of the file or file: URI. Unset means registry.db in the data directory."),
            MetadataField("tableName", .string, default: "mecha_apps", "Table of the apps."),
            MetadataField("updateInterval", .duration, default: "5s", "Between two signs of life; whole seconds."),
            MetadataField("timeout", .duration, default: "1s", "How long an operation may wait and run."),
            MetadataField("busyTimeout", .duration, default: "800ms", "How long SQLite waits at a time for another process's lock."),
        ],
        make: { metadata, environment in
            let location =
                try metadata.string("connectionString")
                .map { try SQLiteLocation(connectionString: $0, relativeTo: environment.workingDirectory) }
                ?? SQLiteLocation(dataDirectory: environment.dataDirectory, file: "registry.db")
            var options = SQLiteOptions(location: location)
            options.callTimeout = try metadata.duration("timeout", default: .seconds(1))
            options.busyTimeout = try metadata.duration("busyTimeout", default: .milliseconds(800))
            // Rows mean nothing after a crash of the machine, and there are few of them.
            options.syncsCommits = false
            options.hasReadingThread = false
            options.cacheKibibytes = 128
            let interval = try metadata.duration("updateInterval", default: .seconds(5))
            guard interval >= .seconds(1), interval.wholeNanoseconds % 1_000_000_000 == 0 else {
                throw MetadataError(
                    field: "updateInterval", problem: "is \(GoDuration.format(interval))", expected: "whole seconds, at least 1s")
            }
            let name = metadata.string("tableName", default: "mecha_apps")
            guard SQLiteName.isValid(name) else {
                throw MetadataError(field: "tableName", problem: "is \"\(name)\"", expected: SQLiteName.rule)
            }
            return RegistryResolver(options, table: RegistryTable(name: name), updateInterval: interval, environment: environment)
        })
}
