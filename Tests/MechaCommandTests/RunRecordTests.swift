import MechaCore
import MechaTestKit
import Testing

@testable import mecha

@Suite struct RunRecordTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "mecha-records") }

    private var store: RunRecordStore { RunRecordStore(folder: folder.file("run")) }

    private func record(process: ProcessIdentity = .own, apps: [String] = ["orders"]) -> RunRecord {
        RunRecord(
            process: process, isServe: false, created: Timestamp(seconds: 1_700_000_000), runTemplatePath: "/t/dapr.yaml",
            runTemplateName: "shop", adminSocket: "/run/1.sock",
            apps: apps.map {
                RunRecord.App(
                    appID: $0, httpPort: 3500, grpcPort: 50001, appPort: nil, metricsPort: 9090, unixDomainSocketDirectory: nil,
                    command: "node app.js --verbose=true", appPID: 4711, maximumBodyBytes: 4 << 20, maximumHeaderBytes: 4 << 10,
                    appLogPath: "/l/a.log", daprLogPath: nil)
            })
    }

    @Test func `a record comes back as it was saved`() throws {
        try store.saveOwn(record())
        #expect(store.running() == [record()])
        store.removeOwn()
        #expect(store.running().isEmpty)
    }

    @Test func `the record of a process that is gone is removed`() throws {
        // The same number, but another process: this one did not start at tick 1.
        try store.saveOwn(record(process: ProcessIdentity(pid: ProcessIdentity.own.pid, startTicks: 1)))
        #expect(store.running().isEmpty)
        #expect(Files.names(in: store.folder).isEmpty)
    }

    @Test func `files that are no records are left alone`() throws {
        try store.saveOwn(record())
        try Files.write("{", to: "\(store.folder)/1.json")
        try Files.write("[]", to: "\(store.folder)/2.json")
        #expect(store.running().count == 1)
        #expect(Files.names(in: store.folder).count == 3)
    }

    @Test func `a folder that is not there holds no records`() {
        #expect(RunRecordStore(folder: folder.file("missing")).running().isEmpty)
    }

    @Test func `an unknown app is answered with the nearest known`() throws {
        try store.saveOwn(record(apps: ["orders", "payments"]))
        #expect(try RunningApp.find("payments", in: store).app.appID == "payments")
        let near = #expect(throws: CommandError.self) { try RunningApp.find("order", in: store) }
        #expect(near?.hint == "did you mean orders?")
        let far = #expect(throws: CommandError.self) { try RunningApp.find("zzz", in: store) }
        #expect(far?.hint == "running: orders, payments")
    }

    @Test func `the list has Dapr's columns and keys`() throws {
        let running = RunningApp(record: record(), app: record().apps[0])
        let listing = AppListing(apps: [running], now: Timestamp(seconds: 1_700_000_000 + 7_300))
        let lines = listing.table.split(separator: "\n")
        #expect(
            lines[0].split(separator: "  ").map { $0.trimmingBlanks() }.filter { !$0.isEmpty } == [
                "APP ID", "HTTP PORT", "GRPC PORT", "APP PORT", "COMMAND", "AGE", "CREATED", "DAPRD PID", "CLI PID", "APP PID",
                "RUN_TEMPLATE_PATH", "APP_LOG_PATH", "DAPRD_LOG_PATH",
            ])
        #expect(lines[1].contains("node app.js --ver..."))
        #expect(lines[1].contains("2h"))
        let row = try #require(listing.json.arrayValue?.first)
        #expect(
            row.objectValue?.map(\.name) == [
                "appId", "httpPort", "grpcPort", "appPort", "metricsEnabled", "command", "age", "created", "daprdPid", "cliPid", "appPid",
                "maxRequestBodySize", "httpReadBufferSize", "runTemplatePath", "appLogPath", "daprdLogPath", "runTemplateName",
            ])
        #expect(row["command"] == "node app.js --verbose=true")
        #expect(row["appPort"] == 0)
        #expect(row["cliPid"]?.intValue == Int(ProcessIdentity.own.pid))
    }

    @Test(arguments: [(0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (86_400, "1d"), (-5, "0s")])
    func `ages are in the largest whole unit`(seconds: Int64, text: String) {
        #expect(Age.text(since: Timestamp(seconds: 1_000), now: Timestamp(seconds: 1_000 + seconds)) == text)
    }
}
