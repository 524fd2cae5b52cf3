import ArgumentParser
import MechaCore
import Testing

@testable import mecha

/// The hand-written tables against the flags that the parser knows.
@Suite struct FlagTableTests {
    private struct Declared {
        var values: Set<String> = []
        var switches: Set<String> = []
        var shorts: [Character: String] = [:]
    }

    private func declared(_ command: any ParsableCommand.Type) throws -> Declared {
        let help = try JSON.parse(command._dumpHelp())
        let arguments = try #require(help["command"]?["arguments"]?.arrayValue)
        var declared = Declared()
        for argument in arguments {
            let kind = argument["kind"]?.stringValue
            guard kind == "option" || kind == "flag" else { continue }
            let names = argument["names"]?.arrayValue ?? []
            let longs = names.filter { $0["kind"]?.stringValue == "long" }.compactMap { $0["name"]?.stringValue }
            let shorts = names.filter { $0["kind"]?.stringValue == "short" }.compactMap { $0["name"]?.stringValue?.first }
            guard let long = longs.first, long != "help" else { continue }
            if kind == "option" { declared.values.formUnion(longs) } else { declared.switches.formUnion(longs) }
            for short in shorts { declared.shorts[short] = long }
        }
        return declared
    }

    @Test func `the table of run is what run declares`() throws {
        let declared = try declared(RunCommand.self)
        #expect(FlagTable.run.values == declared.values)
        #expect(FlagTable.run.switches == declared.switches)
        #expect(FlagTable.run.shorts == declared.shorts)
    }

    @Test func `the table of serve is what serve declares`() throws {
        let declared = try declared(ServeCommand.self)
        let table = FlagTable.serve
        #expect(table.values == declared.values)
        #expect(table.switches.union(table.invertible).union(table.invertible.map { "no-\($0)" }) == declared.switches)
        #expect(table.shorts == declared.shorts)
    }

    /// Section 3.1 of the Dapr surface.
    @Test(arguments: [
        "app-id", "app-port", "app-protocol", "app-channel-address", "dapr-http-port", "dapr-grpc-port", "dapr-internal-grpc-port",
        "dapr-internal-grpc-listen-address", "dapr-listen-addresses", "dapr-public-port", "dapr-public-listen-address", "metrics-port",
        "metrics-listen-address", "enable-metrics", "profile-port", "enable-profiling", "resources-path", "components-path", "config",
        "mode", "placement-host-address", "scheduler-host-address", "scheduler-job-streams", "actors-disseminate-timeout",
        "control-plane-address", "sentry-address", "control-plane-trust-domain", "control-plane-namespace", "enable-mtls",
        "sentry-request-jwt-audiences", "max-body-size", "read-buffer-size", "app-max-concurrency", "unix-domain-socket",
        "dapr-graceful-shutdown-seconds", "dapr-block-shutdown-duration", "enable-app-health-check", "app-health-check-path",
        "app-health-probe-interval", "app-health-probe-timeout", "app-health-threshold", "app-binding-options-timeout",
        "disable-init-endpoints", "enable-api-logging", "disable-builtin-k8s-secret-store", "hot-reload-reconcile-interval",
        "allowed-origins", "log-level", "log-as-json", "log-file", "version", "build-info", "wait", "reminders-service", "actors-service",
        "app-ssl", "dapr-http-max-request-size", "dapr-http-read-buffer-size",
    ])
    func `every flag of daprd is taken`(name: String) {
        let table = FlagTable.serve
        #expect(
            [table.values, table.switches, table.invertible, table.ignoredValues, table.ignoredSwitches].contains { $0.contains(name) })
    }
}
