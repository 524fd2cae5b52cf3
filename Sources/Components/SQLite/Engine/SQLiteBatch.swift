import CSQLite
import MechaCore

/// Calls that a lane took from its queue together, and how they are served on its connection.
final class SQLiteBatch {
    private let jobs: [any SQLiteJob]
    private let connection: SQLiteConnection
    /// The connection must not be used again.
    private(set) var hasSpoiledConnection = false
    private(set) var commits = 0

    init(_ jobs: [any SQLiteJob], on connection: SQLiteConnection) {
        self.jobs = jobs
        self.connection = connection
    }

    // MARK: - Reading

    /// All reads see one snapshot, taken after every one of them was asked for: so each sees what was
    /// acknowledged before.
    func read() {
        do { try connection.run("BEGIN") } catch { return failAll(jobs, error) }
        for job in jobs {
            do {
                try job.perform(on: connection)
                job.succeed()
            } catch {
                note(error)
                job.fail(SQLiteLane.visible(error))
            }
        }
        connection.rollBackIfOpen()
    }

    // MARK: - Writing

    /// Group commit: all writes in one transaction, a savepoint for each, so that one that is refused
    /// leaves its neighbours alone. Nobody hears of anything, refusals included (they may rest on what a
    /// neighbour wrote), before the commit is on the disk.
    func commit() {
        var waitsForDisk = false
        for job in jobs where job.prepare() { waitsForDisk = true }
        do { try connection.setWaitsForDisk(waitsForDisk) } catch { return failAll(jobs, error) }
        commit(jobs)
    }

    private func commit(_ jobs: [any SQLiteJob]) {
        do { try begin(jobs) } catch { return failAll(jobs, error) }
        var refusals: [(job: any SQLiteJob, error: any Error)] = []
        var done: [any SQLiteJob] = []
        for job in jobs {
            do {
                if jobs.count == 1 {
                    try job.perform(on: connection)
                } else {
                    try connection.withSavepoint { try job.perform(on: connection) }
                }
                done.append(job)
            } catch {
                note(error)
                // Some errors (a full disk, an interrupt) undo the whole transaction.
                guard connection.isInTransaction else { return commitOneByOne(jobs, after: error) }
                refusals.append((job, error))
            }
        }
        if done.isEmpty {
            connection.rollBackIfOpen()
        } else {
            do {
                try connection.run("COMMIT")
                commits += 1
            } catch {
                note(error)
                connection.rollBackIfOpen()
                return commitOneByOne(jobs, after: error)
            }
        }
        for job in done { job.succeed() }
        for (job, error) in refusals { job.fail(SQLiteLane.visible(error)) }
    }

    /// What cannot be committed together is tried apart, since one call may be to blame for all.
    private func commitOneByOne(_ jobs: [any SQLiteJob], after error: any Error) {
        guard jobs.count > 1, !hasSpoiledConnection else { return failAll(jobs, error) }
        for job in jobs { commit([job]) }
    }

    /// Takes the write lock. Another process may hold it: SQLite waits for its busy timeout, and this goes
    /// on until the last of the calls is out of time.
    private func begin(_ jobs: [any SQLiteJob]) throws {
        let deadline = jobs.map(\.deadline).max() ?? 0
        while true {
            do {
                try connection.run("BEGIN IMMEDIATE")
                return
            } catch let error as SQLiteError where error.isBusy && monotonicNanoseconds() < deadline {
                continue
            }
        }
    }

    private func failAll(_ jobs: [any SQLiteJob], _ error: any Error) {
        note(error)
        for job in jobs { job.fail(SQLiteLane.visible(error)) }
    }

    private func note(_ error: any Error) {
        if let error = error as? SQLiteError, error.spoilsConnection { hasSpoiledConnection = true }
    }
}
