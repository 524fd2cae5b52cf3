import MechaCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The folder of run records: one file per runtime process, named for its process id.
struct RunRecordStore: Sendable {
    var folder: String

    /// Writes the record of this process. Only the own user may read it.
    func saveOwn(_ record: RunRecord) throws(Files.Failure) {
        try Files.makeDirectory(folder, mode: 0o700)
        try Files.write(record.json.text + "\n", to: path(record.process.pid), mode: 0o600)
    }

    func removeOwn() { Files.remove(path(getpid())) }

    /// The records of processes that still run, oldest first. Those of processes that are gone, however
    /// they ended, are removed.
    func running() -> [RunRecord] {
        var records: [RunRecord] = []
        for name in Files.names(in: folder) where name.hasSuffix(".json") {
            let path = "\(folder)/\(name)"
            guard let bytes = try? Files.read(path), let json = try? JSON.parse(ByteBuffer(bytes: bytes)),
                let record = RunRecord(json: json)
            else { continue }
            if record.process.isAlive {
                records.append(record)
            } else {
                Files.remove(path)
                if let socket = record.adminSocket { Files.remove(socket) }
            }
        }
        removeStaleStopRequests(except: records)
        return records.sorted { $0.created < $1.created }
    }

    private func path(_ pid: Int32) -> String { "\(folder)/\(pid).json" }
}
