import MechaCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

// A process that runs several apps is told by a file and a signal which one to end: being the same user is all the right that
// this takes, as with a signal alone. The runtime's API would want a token that only the app may know.
extension RunRecordStore {
    /// The signal that says that requests lie in the folder.
    static let stopRequestSignal = SIGUSR1

    /// Asks `process` to end one of its apps.
    func requestStop(of appID: String, in process: ProcessIdentity) throws(CommandError) {
        let path = "\(folder)/\(process.pid).\(getpid()).stop"
        do {
            try Files.write(appID, to: path, mode: 0o600)
        } catch {
            throw CommandError("cannot ask its runtime: \(error)")
        }
        guard kill(process.pid, Self.stopRequestSignal) == 0 else {
            let reason = SystemError.text(errno)
            Files.remove(path)
            throw CommandError("cannot signal process \(process.pid): \(reason)")
        }
    }

    /// The apps that this process was asked to end since the last call.
    func takeOwnStopRequests() -> [String] {
        Files.names(in: folder).filter { $0.hasPrefix("\(getpid()).") && $0.hasSuffix(".stop") }.compactMap { name in
            let path = "\(folder)/\(name)"
            defer { Files.remove(path) }
            return (try? Files.read(path)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Removes requests to processes that ended before they saw them.
    func removeStaleStopRequests(except running: [RunRecord]) {
        for name in Files.names(in: folder) where name.hasSuffix(".stop") {
            let pid = name.prefix { $0 != "." }
            if !running.contains(where: { "\($0.process.pid)" == pid }) { Files.remove("\(folder)/\(name)") }
        }
    }
}
