import Logging
import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest
import MechaTelemetry
import MechaTestKit
import MechaWire
import NIOCore
import NIOHTTP1

@testable import MechaFunctions

/// A process with functions and nothing else.
final class TestHost: Sendable {
    let loops = EventLoops(count: 1)
    let client: HTTPClient
    let host: Host
    let loader = TestLoader()
    let base: FunctionBase

    init(folder: String) {
        client = HTTPClient(loops: loops)
        host = Host(
            loops: loops, client: client, catalog: ComponentCatalog([]), hostName: "test", dataDirectory: folder, environment: [:]
        ) { _, scope in Logger(label: scope) { _ in SwiftLogNoOpLogHandler() } }
        base = FunctionBase(
            folder: "\(folder)/functions", loader: loader, hosting: TestHosting(host), clock: host.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func deploy(_ name: String, _ text: String, _ change: (inout FunctionDeployment) -> Void = { _ in }) async throws -> StoredRevision {
        var deployment = FunctionDeployment()
        change(&deployment)
        let digest = try await base.upload(Array(text.utf8))
        return try await base.deploy(name, digest: digest, deployment)
    }

    func call(_ name: String, _ headers: HTTPHeaders = [:], body: String = "") async throws -> AppResponse {
        let function = try base.function(name)
        guard let app = function.app?.runtime.app else { throw FunctionBaseError(.notFound, "no app") }
        return try await app.invoke(AppRequest(.POST, try MethodPath("/x"), headers: headers, body: ByteBuffer(string: body)))
    }

    func text(_ name: String, _ headers: HTTPHeaders = [:]) async throws -> String { String(buffer: try await call(name, headers).body) }

    func close() async {
        await base.close()
        await client.close()
        await loops.shutdown()
    }
}

private struct TestHosting: FunctionHosting {
    let host: Host

    init(_ host: Host) { self.host = host }

    func prepare(_ base: FunctionBase) async throws {}

    func open(_ name: String, channel: any AppChannel, triggers: AppTriggers, log: FunctionLog) async throws -> any FunctionApp {
        let options = AppOptions(appID: name)
        let telemetry = AppTelemetry(
            metrics: RuntimeMetrics(appID: name), tracer: .off,
            apiLog: AppLogs(identity: .init(appID: name, version: "0"), outputs: []).apiLog(.init()),
            clock: host.clock)
        let logger = Logger(label: name) { [host] _ in
            FunctionLogHandler(Logger(label: name) { _ in SwiftLogNoOpLogHandler() }, log: log, clock: host.clock)
        }
        return TestApp(
            runtime: AppRuntime(
                options: options, configuration: ConfigurationSpec(), telemetry: telemetry, logger: logger, host: host, channel: channel,
                triggers: triggers))
    }
}

private struct TestApp: FunctionApp {
    let runtime: AppRuntime
    func join() async throws { runtime.host.apps.add(runtime.app) }
    func close() async { runtime.host.apps.remove(runtime.app) }
}
