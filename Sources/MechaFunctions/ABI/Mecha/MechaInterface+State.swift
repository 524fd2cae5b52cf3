import MechaCore
import MechaHost
import MechaWasm
import NIOCore

extension MechaInterface {
    static var stateFunctions: [WasmHostFunction] {
        [
            outbound("state_get", 6, hasOutput: true) { guest, arguments in
                let (store, key) = (try arguments.text(), try arguments.text())
                let attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.state.grants(store), "state store", store)
                let options = readOptions(attributes)
                return { runtime in
                    guard let entry = try await runtime.getState(store: store, key: key, options: options) else {
                        throw GuestFailure(.notFound, "the key does not exist")
                    }
                    return GuestResult(entry.value, attributes: self.attributes(of: entry))
                }
            },
            outbound("state_set", 8, hasOutput: false) { guest, arguments in
                let (store, key, value) = (try arguments.text(), try arguments.text(), try arguments.bytes())
                let attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.state.grants(store), "state store", store)
                let write = try self.write(key, value, attributes)
                return { runtime in
                    try await runtime.saveState(store: store, writes: [write])
                    return GuestResult()
                }
            },
            outbound("state_delete", 6, hasOutput: false) { guest, arguments in
                let (store, key) = (try arguments.text(), try arguments.text())
                let attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.state.grants(store), "state store", store)
                let removal = removal(key, attributes)
                return { runtime in
                    try await runtime.deleteState(store: store, removal: removal)
                    return GuestResult()
                }
            },
            outbound("state_bulk_get", 6, hasOutput: true) { guest, arguments in
                let store = try arguments.text()
                let keys = try GuestRecords.list(arguments.bytes(), "keys") { $0.text() }
                let attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.state.grants(store), "state store", store)
                let options = readOptions(attributes)
                return { runtime in
                    let results = try await runtime.bulkGetState(store: store, keys: keys, options: options, parallelism: 0)
                    return GuestResult(self.bytes(of: results))
                }
            },
            outbound("state_transaction", 6, hasOutput: false) { guest, arguments in
                let store = try arguments.text()
                let steps = try GuestRecords.list(arguments.bytes(), "operations") { records -> Step? in
                    guard let kind = records.number(), kind <= 1, let key = records.text(), let value = records.data(),
                        let attributes = records.data()
                    else { return nil }
                    return Step(isDeletion: kind == 1, key: key, value: value, attributes: attributes)
                }
                let attributes = try GuestRecords.attributes(arguments.bytes(), "attributes")
                try require(guest.context.grants.state.grants(store), "state store", store)
                let operations = try steps.map { step -> StateOperation in
                    let attributes = try GuestRecords.attributes(step.attributes, "attributes of an operation")
                    return step.isDeletion
                        ? .delete(removal(step.key, attributes)) : .upsert(try write(step.key, step.value, attributes))
                }
                let trace = guest.request?.trace
                return { runtime in
                    try await runtime.transactState(
                        store: store, operations: operations, metadata: self.metadata(attributes), trace: trace)
                    return GuestResult()
                }
            },
        ]
    }

    /// One operation of a transaction as the guest wrote it.
    private struct Step {
        var isDeletion: Bool
        var key: String
        var value: ByteBuffer
        var attributes: ByteBuffer
    }

    // MARK: - Attributes

    /// Those that are options of the interface; the others are metadata for the component.
    private static let options: Set<String> = ["etag", "concurrency", "consistency"]

    static func metadata(_ attributes: [String: String]) -> [String: String] { attributes.filter { !options.contains($0.key) } }

    static func readOptions(_ attributes: [String: String]) -> StateReadOptions {
        StateReadOptions(consistency: consistency(attributes), metadata: metadata(attributes))
    }

    private static func consistency(_ attributes: [String: String]) -> StateConsistency {
        switch attributes["consistency"] {
        case "strong": .strong
        case "eventual": .eventual
        default: .unspecified
        }
    }

    private static func concurrency(_ attributes: [String: String]) -> StateConcurrency {
        switch attributes["concurrency"] {
        case "first-write": .firstWrite
        case "last-write": .lastWrite
        default: .unspecified
        }
    }

    static func write(_ key: String, _ value: ByteBuffer, _ attributes: [String: String]) throws(GuestFailure) -> StateWrite {
        var write = StateWrite(
            key: key, value: value, etag: attributes["etag"], concurrency: concurrency(attributes),
            consistency: consistency(attributes), contentType: attributes["contentType"], metadata: metadata(attributes))
        if let seconds = attributes["ttlInSeconds"] {
            guard let number = Int(seconds) else { throw GuestFailure(.invalid, "the attribute ttlInSeconds is no number") }
            write.ttlInSeconds = number
        }
        return write
    }

    static func removal(_ key: String, _ attributes: [String: String]) -> StateRemoval {
        StateRemoval(
            key: key, etag: attributes["etag"], concurrency: concurrency(attributes), consistency: consistency(attributes),
            metadata: metadata(attributes))
    }

    private static func attributes(of entry: StateEntry) -> [(name: String, value: String)] {
        entry.etag.map { [("etag", $0)] } ?? []
    }

    private static func bytes(of results: [StateBulkResult]) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(results.count), endianness: .little)
        for result in results {
            bytes.writeRecord(result.key)
            switch result.outcome {
            case .success(let entry?):
                bytes.writeInteger(Int32(0), endianness: .little)
                bytes.writeRecord(entry.value)
                bytes.writeRecord(entry.etag ?? "")
            case .success(nil):
                bytes.writeInteger(GuestStatus.notFound.rawValue, endianness: .little)
                bytes.writeRecord("")
                bytes.writeRecord("")
            case .failure(let error):
                let failure = GuestFailure(error)
                bytes.writeInteger(failure.status.rawValue, endianness: .little)
                bytes.writeRecord(failure.message)
                bytes.writeRecord("")
            }
        }
        return bytes
    }
}
