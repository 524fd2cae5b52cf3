import MechaCore

extension RunRecord {
    var json: JSON {
        .object([
            .init("pid", .integer(process.pid)), .init("startTicks", .integer(process.startTicks)),
            .init("serve", .bool(isServe)), .init("created", .string(created.rfc3339)),
            .init("runTemplatePath", .text(runTemplatePath)), .init("runTemplateName", .text(runTemplateName)),
            .init("adminSocket", .text(adminSocket)), .init("apps", .array(apps.map(\.json))),
        ])
    }

    /// Nil when it is not a record, or one of another version that lacks something.
    init?(json: JSON) {
        guard let pid = json["pid"]?.intValue.flatMap({ Int32(exactly: $0) }),
            let ticks = json["startTicks"]?.intValue.flatMap({ UInt64(exactly: $0) }),
            let created = json["created"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) }),
            let apps = json["apps"]?.arrayValue
        else { return nil }
        process = ProcessIdentity(pid: pid, startTicks: ticks)
        isServe = json["serve"]?.boolValue ?? false
        self.created = created
        runTemplatePath = json["runTemplatePath"]?.stringValue
        runTemplateName = json["runTemplateName"]?.stringValue
        adminSocket = json["adminSocket"]?.stringValue
        self.apps = apps.compactMap(App.init(json:))
    }
}

extension RunRecord.App {
    fileprivate var json: JSON {
        .object([
            .init("appId", .string(appID)), .init("httpPort", .number(httpPort)), .init("grpcPort", .number(grpcPort)),
            .init("appPort", .number(appPort)), .init("metricsPort", .number(metricsPort)),
            .init("unixDomainSocketDirectory", .text(unixDomainSocketDirectory)), .init("command", .string(command)),
            .init("appPid", .number(appPID.map(Int.init))), .init("maximumBodyBytes", .integer(maximumBodyBytes)),
            .init("maximumHeaderBytes", .integer(maximumHeaderBytes)), .init("appLogPath", .text(appLogPath)),
            .init("daprLogPath", .text(daprLogPath)),
        ])
    }

    fileprivate init?(json: JSON) {
        guard let appID = json["appId"]?.stringValue else { return nil }
        self.appID = appID
        httpPort = json["httpPort"]?.intValue
        grpcPort = json["grpcPort"]?.intValue
        appPort = json["appPort"]?.intValue
        metricsPort = json["metricsPort"]?.intValue
        unixDomainSocketDirectory = json["unixDomainSocketDirectory"]?.stringValue
        command = json["command"]?.stringValue ?? ""
        appPID = json["appPid"]?.intValue.flatMap { Int32(exactly: $0) }
        maximumBodyBytes = json["maximumBodyBytes"]?.intValue ?? 0
        maximumHeaderBytes = json["maximumHeaderBytes"]?.intValue ?? 0
        appLogPath = json["appLogPath"]?.stringValue
        daprLogPath = json["daprLogPath"]?.stringValue
    }
}

extension JSON {
    /// `null` for nil.
    fileprivate static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    fileprivate static func number(_ number: Int?) -> JSON { number.map { .integer($0) } ?? .null }
}
