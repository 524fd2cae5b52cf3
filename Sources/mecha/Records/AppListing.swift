import MechaCore

/// Running apps in the columns and keys of `dapr list` (section 3.3 of the Dapr surface).
struct AppListing: Sendable {
    var apps: [RunningApp]
    var now: Timestamp

    /// Longer commands are cut in the table.
    private static let commandWidth = 20

    var table: String {
        TextTable(
            headings: [
                "APP ID", "HTTP PORT", "GRPC PORT", "APP PORT", "COMMAND", "AGE", "CREATED", "DAPRD PID", "CLI PID", "APP PID",
                "RUN_TEMPLATE_PATH", "APP_LOG_PATH", "DAPRD_LOG_PATH",
            ],
            rows: apps.map { running in
                let app = running.app
                return [
                    app.appID, "\(app.httpPort ?? 0)", "\(app.grpcPort ?? 0)", "\(app.appPort ?? 0)", Self.cut(app.command),
                    Age.text(since: running.record.created, now: now), Age.created(running.record.created),
                    "\(running.record.process.pid)", "\(running.cliPID)", "\(app.appPID ?? 0)",
                    running.record.runTemplatePath ?? "", app.appLogPath ?? "", app.daprLogPath ?? "",
                ]
            }
        ).text
    }

    var json: JSON {
        .array(
            apps.map { running in
                let app = running.app
                return .object([
                    .init("appId", .string(app.appID)), .init("httpPort", .integer(app.httpPort ?? 0)),
                    .init("grpcPort", .integer(app.grpcPort ?? 0)), .init("appPort", .integer(app.appPort ?? 0)),
                    .init("metricsEnabled", .bool(app.metricsPort != nil)), .init("command", .string(app.command)),
                    .init("age", .string(Age.text(since: running.record.created, now: now))),
                    .init("created", .string(Age.created(running.record.created))),
                    .init("daprdPid", .integer(running.record.process.pid)), .init("cliPid", .integer(running.cliPID)),
                    .init("appPid", .integer(app.appPID ?? 0)), .init("maxRequestBodySize", .integer(app.maximumBodyBytes)),
                    .init("httpReadBufferSize", .integer(app.maximumHeaderBytes)),
                    .init("runTemplatePath", .string(running.record.runTemplatePath ?? "")),
                    .init("appLogPath", .string(app.appLogPath ?? "")), .init("daprdLogPath", .string(app.daprLogPath ?? "")),
                    .init("runTemplateName", .string(running.record.runTemplateName ?? "")),
                ])
            })
    }

    private static func cut(_ command: String) -> String {
        command.count <= commandWidth ? command : command.prefix(commandWidth - 3) + "..."
    }
}

extension RunningApp {
    /// `run` is command line and runtime in one process; `serve` has no command line beside it.
    var cliPID: Int32 { record.isServe ? 0 : record.process.pid }
}
