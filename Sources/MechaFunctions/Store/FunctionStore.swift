import MechaCore

/// Functions on disk. Under the folder of the store:
///
///     lock                              held by the process that hosts the functions
///     modules/<sha-256>.wasm            code, by what it is; shared by revisions that have the same
///     functions/<name>/<number>.json    revisions, written once and never changed
///     functions/<name>/state.json       where calls go; replaced as a whole, which is when a change has happened
///     functions/<name>/usage.json       what calls have used
///
/// Every write is on the disk before it counts, and what was cut off or altered is refused when it is read. All of it
/// blocks; nothing of it may be called on an event loop.
public final class FunctionStore: Sendable {
    public let folder: String
    private let lock: StoreLock

    public static let moduleBytesAtMost = 256 << 20
    public static let functionsAtMost = 100_000

    /// Takes the store for this process. Throws ``FunctionBaseError/Code/unavailable`` when another has it.
    public init(folder: String) throws(FunctionBaseError) {
        self.folder = folder
        do throws(FunctionFiles.Failure) {
            try FunctionFiles.makeFolder("\(folder)/modules")
            try FunctionFiles.makeFolder("\(folder)/functions")
            guard let lock = try StoreLock("\(folder)/lock") else {
                throw FunctionFiles.Failure(
                    path: folder, reason: "another process hosts the functions of this folder; give this one another --data-dir")
            }
            self.lock = lock
        } catch {
            throw FunctionBaseError(error)
        }
    }

    // MARK: - Modules

    /// Keeps a module; its digest.
    public func keep(module: [UInt8]) throws(FunctionBaseError) -> String {
        guard module.count <= Self.moduleBytesAtMost else {
            throw FunctionBaseError(.invalid, "the module is larger than \(Self.moduleBytesAtMost >> 20) MiB")
        }
        let digest = FunctionFiles.digest(module)
        // Not believed for its name alone: one that a crash or somebody else damaged is written anew.
        if (try? self.module(digest)) != nil { return digest }
        try failing { () throws(FunctionFiles.Failure) in try FunctionFiles.write(module, to: path(ofModule: digest)) }
        return digest
    }

    /// The module's bytes, which are what the digest says.
    public func module(_ digest: String) throws(FunctionBaseError) -> [UInt8] {
        guard digest.utf8.count == 64, digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            throw FunctionBaseError(.invalid, "\"\(digest.prefix(80))\" is no digest; expected 64 hexadecimal digits")
        }
        let bytes: [UInt8]
        do throws(FunctionFiles.Failure) {
            bytes = try FunctionFiles.read(path(ofModule: digest), atMost: Self.moduleBytesAtMost)
        } catch {
            if error.isMissing { throw FunctionBaseError(.notFound, "there is no module \(digest)") }
            throw FunctionBaseError(error)
        }
        guard FunctionFiles.digest(bytes) == digest else {
            throw FunctionBaseError(.unavailable, "the module \(digest) is damaged on disk; deploy it again")
        }
        return bytes
    }

    // MARK: - Functions

    /// Everything that is kept of one function.
    public struct Entry: Sendable {
        public var name: String
        public var state: FunctionState
        public var revisions: [Int: StoredRevision]
    }

    /// Functions that can be read, and what is wrong with the others.
    public func load() -> (entries: [Entry], problems: [String]) {
        var entries: [Entry] = []
        var problems: [String] = []
        for name in FunctionFiles.names(in: "\(folder)/functions").prefix(Self.functionsAtMost) {
            do throws(FunctionBaseError) {
                if let entry = try load(name, problems: &problems) { entries.append(entry) }
            } catch {
                problems.append("the function \(name) cannot be read: \(error)")
            }
        }
        return (entries, problems)
    }

    /// One function; nil when the store has none of that name.
    public func load(_ name: String) throws(FunctionBaseError) -> Entry? {
        var problems: [String] = []
        return try load(name, problems: &problems)
    }

    private func load(_ name: String, problems: inout [String]) throws(FunctionBaseError) -> Entry? {
        let document: JSON
        do throws(FunctionFiles.Failure) {
            document = try RecordFile.read("\(path(of: name))/state.json")
        } catch {
            // A crash before the first deployment was complete; nothing was promised.
            if error.isMissing { return nil }
            throw FunctionBaseError(error)
        }
        guard let state = FunctionState(document) else {
            throw FunctionBaseError(.unavailable, "\(path(of: name))/state.json: the state is not understood")
        }
        var revisions: [Int: StoredRevision] = [:]
        for file in FunctionFiles.names(in: path(of: name)) where file.hasSuffix(".json") {
            guard let number = Int(file.dropLast(5)) else { continue }
            // Written by a deployment that did not come to its end.
            guard number <= state.lastRevision else { continue }
            do throws(FunctionFiles.Failure) {
                guard let stored = StoredRevision(try RecordFile.read("\(path(of: name))/\(file)"), function: name) else {
                    throw FunctionFiles.Failure(path: "\(path(of: name))/\(file)", reason: "the revision is not understood")
                }
                revisions[number] = stored
            } catch {
                problems.append("revision \(number) of the function \(name) cannot be read: \(error)")
            }
        }
        return Entry(name: name, state: state, revisions: revisions)
    }

    /// Writes a revision. It counts when ``save(_:of:)`` has written a state that knows it.
    public func add(_ stored: StoredRevision) throws(FunctionBaseError) {
        let folder = path(of: stored.revision.function)
        try failing { () throws(FunctionFiles.Failure) in
            try FunctionFiles.makeFolder(folder)
            try RecordFile.write(stored.json, to: "\(folder)/\(stored.revision.number).json")
        }
    }

    public func save(_ state: FunctionState, of name: String) throws(FunctionBaseError) {
        try failing { () throws(FunctionFiles.Failure) in try RecordFile.write(state.json, to: "\(path(of: name))/state.json") }
    }

    public func remove(_ revision: Int, of name: String) { FunctionFiles.remove("\(path(of: name))/\(revision).json") }

    /// Forgets a function. The state goes first: without it nothing of the function counts.
    public func remove(_ name: String) {
        FunctionFiles.remove("\(path(of: name))/state.json")
        try? FunctionFiles.syncFolder(of: "\(path(of: name))/state.json")
        FunctionFiles.removeFolder(path(of: name))
    }

    /// Removes modules that no revision has any more.
    public func collectModules(keeping digests: Set<String>) {
        for file in FunctionFiles.names(in: "\(folder)/modules")
        where file.hasSuffix(".wasm") && !digests.contains(String(file.dropLast(5))) {
            FunctionFiles.remove("\(folder)/modules/\(file)")
        }
    }

    // MARK: - Usage

    public func usage(of name: String) -> UsageLedger {
        (try? RecordFile.read("\(path(of: name))/usage.json")).map { UsageLedger($0) } ?? UsageLedger()
    }

    public func save(_ usage: UsageLedger, of name: String) throws(FunctionBaseError) {
        try failing { () throws(FunctionFiles.Failure) in
            // One that was deleted meanwhile does not come back.
            guard FunctionFiles.exists("\(path(of: name))/state.json") else { return }
            try RecordFile.write(usage.json, to: "\(path(of: name))/usage.json")
        }
    }

    private func path(of name: String) -> String { "\(folder)/functions/\(name)" }
    private func path(ofModule digest: String) -> String { "\(folder)/modules/\(digest).wasm" }

    private func failing<Value>(_ body: () throws(FunctionFiles.Failure) -> Value) throws(FunctionBaseError) -> Value {
        do throws(FunctionFiles.Failure) { return try body() } catch { throw FunctionBaseError(error) }
    }
}
