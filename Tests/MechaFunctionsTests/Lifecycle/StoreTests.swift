import Foundation
import MechaCore
import MechaTestKit
import Testing

@testable import MechaFunctions

@Suite struct StoreTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "mecha-functions") }

    private func revision(_ number: Int, digest: String) -> StoredRevision {
        var revision = FunctionRevision(function: "hello", number: number, digest: digest, abi: .proxyWasm)
        revision.configuration = "text"
        revision.environment = ["A": "1"]
        revision.grants.state = ["*"]
        revision.grants.folders = ["/data": .init(path: "/srv", isWritable: true)]
        revision.grants.clock = true
        revision.limits.memoryBytes = 1 << 20
        revision.scaling.isolation = .reused
        return StoredRevision(revision, created: Timestamp(seconds: 1_800_000_000), moduleBytes: 4, source: "hello.wasm")
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: folder.file(path))) }

    @Test func `what was written is what is read`() throws {
        let store = try FunctionStore(folder: folder.file("f"))
        let digest = try store.keep(module: [0, 1, 2, 3])
        #expect(digest == "054edec1d0211f624fed0cbca9d4f9400b0e491c43742af2c5b0abebf0c990d8")
        #expect(try store.module(digest) == [0, 1, 2, 3])
        var state = FunctionState(origin: .declared)
        _ = try state.deploy(alias: "prod", percent: 100)
        state.triggers = [
            .init(.http(path: "/x", host: "h", methods: ["GET"])),
            .init(.cron(schedule: "@daily", timeZone: "UTC", route: "/c"), alias: "prod"),
            .init(.topic(pubsub: "p", topic: "t", route: "/t", deadLetterTopic: "d")), .init(.binding(name: "b")),
        ]
        state.routeID = "id_1"
        try store.add(revision(1, digest: digest))
        try store.save(state, of: "hello")
        var usage = UsageLedger()
        usage.add(FunctionUsage(calls: 3, failures: 1), of: 1)
        try store.save(usage, of: "hello")
        let (entries, problems) = store.load()
        #expect(problems == [] && entries.map(\.name) == ["hello"])
        #expect(entries.first?.state == state)
        #expect(entries.first?.revisions == [1: revision(1, digest: digest)])
        #expect(store.usage(of: "hello") == usage)
        store.remove("hello")
        #expect(store.load().entries.isEmpty && FunctionFiles.names(in: folder.file("f/functions")).isEmpty)
    }

    @Test func `a revision without a state that knows it does not count`() throws {
        let store = try FunctionStore(folder: folder.file("f"))
        try store.add(revision(1, digest: "00"))
        #expect(store.load().entries.isEmpty && store.load().problems.isEmpty)
        var state = FunctionState(origin: .deployed)
        _ = try state.deploy(alias: "prod", percent: 100)
        try store.save(state, of: "hello")
        try store.add(revision(2, digest: "00"))
        #expect(store.load().entries.first.map { Set($0.revisions.keys) } == [1])
    }

    @Test func `files that were cut off anywhere, or altered, are refused`() throws {
        let store = try FunctionStore(folder: folder.file("f"))
        var state = FunctionState(origin: .deployed)
        _ = try state.deploy(alias: "prod", percent: 100)
        try store.add(revision(1, digest: "00"))
        try store.save(state, of: "hello")
        let path = folder.file("f/functions/hello/state.json")
        let whole = try bytes("f/functions/hello/state.json")
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: URL(filePath: path))
            let (entries, problems) = store.load()
            #expect(entries.isEmpty && problems.count == 1, "cut off after \(length) bytes")
        }
        var altered = whole
        altered[whole.count - 10] ^= 1
        try altered.write(to: URL(filePath: path))
        #expect(store.load().entries.isEmpty)
        try whole.write(to: URL(filePath: path))
        #expect(store.load().entries.count == 1)
        try Data("{}".utf8).write(to: URL(filePath: folder.file("f/functions/hello/1.json")))
        let (entries, problems) = store.load()
        #expect(entries.first?.revisions.isEmpty == true && problems.count == 1)
    }

    @Test func `a damaged module is not run, and is mended by the next upload`() throws {
        let store = try FunctionStore(folder: folder.file("f"))
        let digest = try store.keep(module: [UInt8](repeating: 7, count: 1_000))
        let path = folder.file("f/modules/\(digest).wasm")
        try bytes("f/modules/\(digest).wasm").prefix(999).write(to: URL(filePath: path))
        #expect { try store.module(digest) } throws: { ($0 as? FunctionBaseError)?.code == .unavailable }
        #expect(try store.keep(module: [UInt8](repeating: 7, count: 1_000)) == digest)
        #expect(try store.module(digest).count == 1_000)
        #expect { try store.module("../../etc/passwd") } throws: { ($0 as? FunctionBaseError)?.code == .invalid }
        #expect { try store.module(String(repeating: "0", count: 64)) } throws: { ($0 as? FunctionBaseError)?.code == .notFound }
        store.collectModules(keeping: [])
        #expect { try store.module(digest) } throws: { ($0 as? FunctionBaseError)?.code == .notFound }
    }

    @Test func `one process has a store at a time`() throws {
        var store: FunctionStore? = try FunctionStore(folder: folder.file("f"))
        #expect { try FunctionStore(folder: folder.file("f")) } throws: { ($0 as? FunctionBaseError)?.code == .unavailable }
        withExtendedLifetime(store) {}
        store = nil
        _ = try FunctionStore(folder: folder.file("f"))
    }

    @Test func `accounts beyond the newest hundred are added up`() {
        var ledger = UsageLedger()
        for number in 1...150 { ledger.add(FunctionUsage(calls: 2, peak: UInt64(number)), of: number) }
        #expect(ledger.revisions.count == 100 && ledger.earlier.calls == 100 && ledger.total.calls == 300)
        #expect(ledger.total.peakMemoryBytes == 150)
        #expect(UsageLedger(ledger.json) == ledger)
    }
}

extension FunctionUsage {
    init(calls: UInt64, failures: UInt64 = 0, peak: UInt64 = 0) {
        self.init()
        self.calls = calls
        self.failures = failures
        peakMemoryBytes = peak
    }
}
