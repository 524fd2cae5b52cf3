import MechaCore

extension FunctionSpec: DecodableSpec {
    static let apiVersions = ["mecha.io/v1alpha1"]
    static let envelope: ResourceEnvelope = [.scopes]

    init(_ fields: FieldReader, apiVersion: String) {
        source = fields.object("source") { Source($0) } ?? Source(file: "", digest: nil)
        if fields.value("source") == nil { fields.error("source", "is missing", expected: "a mapping with the module's file or image") }
        abi = fields.choice("abi", of: ABI.self)
        configuration = fields.string("configuration") ?? ""
        environment = fields.stringMap("env")
        for name in environment.keys.sorted() where !Self.isVariable(name) {
            fields.error("env", "has \"\(name.clipped)\"", expected: "names of variables without = and NUL")
        }
        grants = fields.object("grants") { Grants($0) } ?? Grants()
        limits = fields.object("limits") { Limits($0) } ?? Limits()
        scaling = fields.object("scaling") { Scaling($0) } ?? Scaling()
        triggers = fields.list("triggers") { Trigger($0) }.compactMap { $0 }
        aliases = fields.objects("aliases") { Alias($0) }
        for name in aliases.keys.sorted() where !Self.isAliasName(name) {
            fields.error("aliases", "has \"\(name.clipped)\"", expected: "names of letters, digits, - and _ that begin with a letter")
        }
        tests = fields.list("tests") { Test($0) }
        build = fields.object("build") { Build(command: $0.required("command", expected: "a command for the shell")) }
    }

    /// Numbers are revisions, so no alias begins with a digit.
    package static func isAliasName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 63, first | 0x20 >= 0x61, first | 0x20 <= 0x7a else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
            default: false
            }
        }
    }

    private static func isVariable(_ name: String) -> Bool { !name.isEmpty && !name.utf8.contains { $0 == 0x3d || $0 == 0 } }
}

extension FunctionSpec.Source {
    init(_ fields: FieldReader) {
        image = fields.string("image").flatMap { $0.isEmpty ? nil : $0 }
        isInsecure = fields.bool("insecure", default: false)
        file = image == nil ? fields.required("file", expected: "the path of a WebAssembly module") : fields.string("file") ?? ""
        if image != nil, !file.isEmpty { fields.error("image", "stands beside a file", expected: "one of the two") }
        var digest = fields.string("digest").map { $0.lowercased() }
        if let text = digest, text.hasPrefix("sha256:") { digest = String(text.dropFirst(7)) }
        if let text = digest, text.utf8.count != 64 || !text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) {
            fields.error("digest", "is \"\(text.clipped)\"", expected: "sha256: and 64 hexadecimal digits")
            digest = nil
        }
        self.digest = digest
    }
}

extension FunctionSpec.Grants {
    init() {
        (state, pubsub, bindings, secrets, configuration, locks, invoke, env, arguments) = ([], [], [], [], [], [], [], [], [])
        (clock, random, stdout, wasi) = (false, false, false, false)
        folders = [:]
    }

    init(_ fields: FieldReader) {
        state = fields.strings("state")
        pubsub = fields.strings("pubsub")
        bindings = fields.strings("bindings")
        secrets = fields.strings("secrets")
        configuration = fields.strings("configuration")
        locks = fields.strings("locks")
        invoke = fields.strings("invoke")
        env = fields.strings("env")
        arguments = fields.strings("arguments")
        clock = fields.bool("clock", default: false)
        random = fields.bool("random", default: false)
        stdout = fields.bool("stdout", default: false)
        wasi = fields.bool("wasi", default: false)
        folders = fields.objects("folders") { folder in
            Folder(
                path: folder.required("path", expected: "a folder of this machine"),
                isWritable: folder.bool("writable", default: false))
        }
        for path in folders.keys.sorted() where !path.hasPrefix("/") {
            fields.error("folders.\(path.clipped)", "is no absolute path", expected: "the path under which the guest sees the folder")
        }
    }
}

/// How what a function uses is counted.
private enum Metering: String, CaseIterable, Sendable {
    /// By processor time.
    case time
    /// By fuel too.
    case exact
}

extension FunctionSpec.Limits {
    init(_ fields: FieldReader) {
        memoryBytes = fields.bytes("memory", in: (64 << 10)...(4 << 30))
        cpu = fields.positiveDuration("cpu")
        wall = fields.positiveDuration("time")
        fuel = fields.integer("fuel", in: 1...Int.max)
        isMeteredExactly = fields.choice("metering", of: Metering.self) == .exact
        stackBytes = fields.bytes("stack", in: (16 << 10)...(64 << 20))
        requestBytes = fields.bytes("request", in: 0...(1 << 30))
        responseBytes = fields.bytes("response", in: 0...(1 << 30))
        outboundCalls = fields.integer("outboundCalls", in: 0...1_000_000)
        logBytes = fields.bytes("log", in: 0...(64 << 20))
        concurrency = fields.integer("concurrency", in: 1...100_000)
        queue = fields.integer("queue", in: 0...1_000_000)
    }
}

extension FunctionSpec.Scaling {
    init(_ fields: FieldReader) {
        isolation = fields.choice("isolation", of: Isolation.self)
        maximumRequests = fields.integer("maxRequests", in: 1...Int.max)
        maximumMemoryBytes = fields.bytes("maxMemory", in: (64 << 10)...(4 << 30))
        minimumInstances = fields.integer("minInstances", in: 0...10_000)
        idle = fields.positiveDuration("idle")
    }
}

extension FunctionSpec.Alias {
    init(_ fields: FieldReader) {
        var weights: [String: Int] = [:]
        for (revision, text) in fields.stringMap("weights").sorted(by: { $0.key < $1.key }) {
            if revision != "latest", Int(revision).map({ $0 < 1 }) ?? true {
                fields.error("weights", "has \"\(revision.clipped)\"", expected: "numbers of revisions, or latest")
            } else if let weight = Int(text), (0...1_000_000).contains(weight) {
                weights[revision] = weight
            } else {
                fields.error("weights.\(revision)", "is \"\(text.clipped)\"", expected: "a whole number from 0 to 1000000")
            }
        }
        if weights.values.allSatisfy({ $0 == 0 }) {
            fields.error("weights", "give nobody a part", expected: "a weight above 0 for some revision, such as {latest: 100}")
        }
        release = fields.object("release") { FunctionSpec.Alias.Release($0) }
        if release != nil, weights.keys.contains(where: { $0 != "latest" }) {
            fields.error("release", "stands beside weights of other revisions", expected: "weights: {latest: 100}")
        }
        self.weights = weights
        stickiness =
            fields.object("stickiness") { sticky in
                let header = sticky.string("header")
                let cookie = sticky.string("cookie")
                switch (header, cookie) {
                case (let header?, nil): return FunctionSpec.Alias.Stickiness.header(header)
                case (nil, let cookie?): return .cookie(cookie)
                default:
                    sticky.problems.error(
                        "names \(header == nil ? "neither" : "both"); expected header or cookie", at: sticky.node.mark, field: sticky.path)
                    return nil
                }
            } ?? nil
    }
}

extension FunctionSpec.Alias.Release {
    /// In thousandths of a percent, of a text such as 1% or 0.5%.
    package static func rate(_ text: String) -> Int? {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let percent = Double(digits), percent >= 0, percent <= 100 else { return nil }
        return Int((percent * 1_000).rounded())
    }

    init(_ fields: FieldReader) {
        steps = fields.strings("steps").compactMap { Int($0) }
        let isRising = zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
        if steps.isEmpty || steps[0] < 1 || (steps.last ?? 0) > 100 || !isRising || steps.count != fields.strings("steps").count {
            fields.error("steps", "are no steps", expected: "percentages that rise, such as [5, 25, 50, 100]")
            steps = [100]
        }
        wait = fields.duration("wait")
        errorsPer100000AtMost = fields.string("maxErrorRate").flatMap { text in
            if let rate = Self.rate(text) { return rate }
            fields.error("maxErrorRate", "is \"\(text.clipped)\"", expected: "a part of all calls such as 1%")
            return nil
        }
        p99 = fields.positiveDuration("maxLatencyP99")
        callsAtLeast = fields.integer("minCalls", in: 0...1_000_000_000)
    }
}

extension FunctionSpec.Test {
    init(_ fields: FieldReader) {
        name = fields.string("name") ?? ""
        (method, path, headers, body) = ("GET", "/", [:], nil)
        if let request = fields.object(
            "request",
            { request in
                let path = request.string("path") ?? "/"
                if !path.hasPrefix("/") || path.contains(where: { $0.isWhitespace || $0 == "#" }) {
                    request.error("path", "is \"\(path.clipped)\"", expected: "a path such as /orders?id=1")
                }
                return (request.string("method"), path, request.stringMap("headers"), request.string("body"))
            })
        {
            (path, headers, body) = (request.1, request.2, request.3)
            method = request.0?.uppercased() ?? (body == nil ? "GET" : "POST")
        }
        (status, expectedHeaders, expectedBody, contains) = (200, [:], nil, nil)
        if let response = fields.object(
            "response",
            { response in
                (
                    response.integer("status", in: 100...599), response.stringMap("headers"), response.string("body"),
                    response.string("contains")
                )
            })
        {
            status = response.0 ?? 200
            (expectedHeaders, expectedBody, contains) = (response.1, response.2, response.3)
        }
    }
}

extension FunctionSpec.Trigger {
    /// Nil when the trigger cannot be understood, which is told.
    init?(_ fields: FieldReader) {
        alias = fields.string("alias")
        if let alias, !FunctionSpec.isAliasName(alias) {
            fields.error("alias", "is \"\(alias.clipped)\"", expected: "the name of an alias")
        }
        let http = fields.object("http") { http in
            Event.http(
                path: http.path("path", default: "/"), host: http.string("host").flatMap { $0.isEmpty ? nil : $0.lowercased() },
                methods: http.strings("methods").map { $0.uppercased() })
        }
        let cron = fields.object("cron") { cron in
            Event.cron(
                schedule: cron.required("schedule", expected: "a schedule such as @every 30s or */5 * * * *"),
                timeZone: cron.string("timezone"), route: cron.path("route", default: "/"))
        }
        let topic = fields.object("topic") { topic in
            let name = topic.required("topic")
            return Event.topic(
                pubsub: topic.required("pubsub", expected: "the name of a pub/sub component"), topic: name,
                route: topic.path("route", default: "/\(name)"),
                deadLetterTopic: topic.string("deadLetterTopic").flatMap { $0.isEmpty ? nil : $0 })
        }
        let binding = fields.object("binding") { binding in
            Event.binding(name: binding.required("name", expected: "the name of an input binding"))
        }
        let state = fields.object("state") { state in
            let operations = state.strings("operations").map { $0.lowercased() }
            for operation in operations where !["set", "delete"].contains(operation) {
                state.error("operations", "has \"\(operation.clipped)\"", expected: "set or delete")
            }
            return Event.state(
                store: state.required("store", expected: "the name of a state store"), keyPrefix: state.string("keyPrefix") ?? "",
                operations: operations.isEmpty ? ["set", "delete"] : operations, route: state.path("route", default: "/state"))
        }
        let grpc = fields.object("grpc") { grpc in
            let service = grpc.required("service", expected: "the full name of a service, such as shop.v1.Orders")
            let method = grpc.required("method", expected: "the name of a method")
            for (field, name) in [("service", service), ("method", method)]
            where !name.utf8.allSatisfy({ byte in (0x21...0x7e).contains(byte) && byte != 0x2f }) {
                grpc.error(field, "is \"\(name.clipped)\"", expected: "a name without slashes and blanks")
            }
            return Event.grpc(service: service, method: method)
        }
        let known = ["http", "cron", "topic", "binding", "state", "grpc"]
        let events = [http, cron, topic, binding, state, grpc].compactMap { $0 }
        guard let event = events.first, events.count == 1 else {
            if fields.names.allSatisfy({ $0.lowercased() == "alias" }) || events.count > 1 {
                fields.problems.error(
                    "names \(events.isEmpty ? "no" : "more than one") event; expected one of \(known.joined(separator: ", "))",
                    at: fields.node.mark,
                    field: fields.path)
            } else if events.isEmpty, !known.contains(where: { fields.value($0) != nil }) {
                fields.problems.error(
                    "names no event that is known; expected one of \(known.joined(separator: ", "))", at: fields.node.mark,
                    field: fields.path)
            }
            return nil
        }
        self.event = event
    }
}

extension FieldReader {
    /// A byte count such as 64Mi.
    fileprivate func bytes(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = string(name) else { return nil }
        guard let bytes = ByteSize.parse(text) else {
            error(name, "is \"\(text.clipped)\"", expected: "a byte count such as 512, 64Ki or 4Mi")
            return nil
        }
        guard range.contains(bytes) else {
            error(name, "is \(bytes) bytes", expected: "\(range.lowerBound) to \(range.upperBound) bytes")
            return nil
        }
        return bytes
    }

    fileprivate func positiveDuration(_ name: String) -> Duration? {
        guard let duration = duration(name) else { return nil }
        guard duration >= .milliseconds(1) else {
            error(name, "is shorter than a millisecond", expected: "a duration such as 500ms, 5s or 1h30m")
            return nil
        }
        return duration
    }

    /// A path with a slash in front.
    fileprivate func path(_ name: String, default fallback: String) -> String {
        guard let text = string(name), !text.isEmpty else { return fallback }
        guard !text.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            error(name, "is \"\(text.clipped)\"", expected: "a path such as /orders")
            return fallback
        }
        return text.hasPrefix("/") ? text : "/\(text)"
    }
}
