import MechaCore
import NIOCore

/// A JSON document on disk under a line with its length and SHA-256, so that one that was cut off or altered is found
/// out rather than believed: `mecha-record 1 <bytes> <digest>`.
package enum RecordFile {
    package static let bytesAtMost = 16 << 20
    private static let mark = "mecha-record 1 "

    package static func write(_ document: JSON, to path: String) throws(FunctionFiles.Failure) {
        let body = Array((document.text + "\n").utf8)
        try FunctionFiles.write(Array("\(mark)\(body.count) \(FunctionFiles.digest(body))\n".utf8) + body, to: path)
    }

    package static func read(_ path: String) throws(FunctionFiles.Failure) -> JSON {
        let bytes = try FunctionFiles.read(path, atMost: bytesAtMost)
        guard let end = bytes.firstIndex(of: 0x0a) else { throw damaged(path, "has no first line") }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let fields = head.split(separator: " ")
        guard head.hasPrefix(mark), fields.count == 4, let length = Int(fields[2]) else { throw damaged(path, "is no record") }
        let body = Array(bytes[(end + 1)...])
        guard body.count == length else { throw damaged(path, "has \(body.count) bytes where \(length) were written") }
        guard FunctionFiles.digest(body) == fields[3] else { throw damaged(path, "is not what was written") }
        do {
            return try JSON.parse(ByteBuffer(bytes: body))
        } catch {
            throw damaged(path, "\(error)")
        }
    }

    private static func damaged(_ path: String, _ problem: String) -> FunctionFiles.Failure {
        FunctionFiles.Failure(path: path, reason: "the file is damaged: it \(problem)")
    }
}
