import Logging
import MechaCore
import MechaTelemetry
import NIOCore
import Testing

@Suite struct LogTests {
    private func logs(
        _ capture: LogCapture, format: LogFormat = .text, level: Logger.Level = .info, prefix: String = ""
    ) -> AppLogs {
        AppLogs(
            identity: LogIdentity(appID: "orders", instance: "host-1", version: "1.2.3"), outputs: [.init(capture.writer, prefix: prefix)],
            format: format, level: level, clock: FixedClock())
    }

    /// Reads a text line back into its pairs.
    private func parse(_ line: Substring) -> [(key: String, value: String)] {
        var pairs: [(String, String)] = []
        var rest = line
        while let equals = rest.firstIndex(of: "=") {
            let key = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\", let escaped = rest.popFirst() else {
                        value.append(character)
                        continue
                    }
                    switch escaped {
                    case "n": value.append("\n")
                    case "r": value.append("\r")
                    case "t": value.append("\t")
                    case "x":
                        value.unicodeScalars.append(Unicode.Scalar(UInt8(rest.prefix(2), radix: 16) ?? 0))
                        rest = rest.dropFirst(2)
                    default: value.append(escaped)
                    }
                }
            } else {
                value = String(rest.prefix { $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            if rest.first == " " { rest.removeFirst() }
            pairs.append((key, value))
        }
        return pairs
    }

    @Test func `a text line has Dapr's keys in Dapr's order`() {
        let capture = LogCapture()
        logs(capture).logger(scope: "dapr.runtime").info("dapr initialized. Status: Running. Init Elapsed 12ms")
        #expect(
            capture.text() == """
                time="2026-11-21T10:00:00.1234567Z" level=info msg="dapr initialized. Status: Running. Init Elapsed 12ms" \
                app_id=orders instance=host-1 scope=dapr.runtime type=log ver=1.2.3

                """)
    }

    @Test func `a JSON line has the same keys`() throws {
        let capture = LogCapture()
        logs(capture, format: .json).logger(scope: "dapr.runtime").warning("a \"b\"\n\u{1}", metadata: ["component": "x"])
        let text = capture.text()
        #expect(text.hasSuffix("\n") && text.dropLast().allSatisfy { $0 != "\n" })
        #expect(
            try JSON.parse(String(text.dropLast())) == [
                "app_id": "orders", "component": "x", "instance": "host-1", "level": "warning", "msg": "a \"b\"\n\u{1}",
                "scope": "dapr.runtime", "time": "2026-11-21T10:00:00.1234567Z", "type": "log", "ver": "1.2.3",
            ])
    }

    @Test(arguments: [
        "plain", "", "with space", "quote \" and \\ backslash", "line\nfeed\r\ttab", "control \u{1}\u{7f}", "umlaut äöü 🙂",
        "key=value app_id=forged", "-./@^+_ok",
    ])
    func `any message comes back as it went, on one line`(message: String) {
        let capture = LogCapture()
        logs(capture).logger(scope: "s").error("\(message)", metadata: ["extra": "\(message)"])
        let lines = capture.text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 && lines[1].isEmpty)
        let pairs = parse(lines[0])
        #expect(pairs.map(\.key) == ["time", "level", "msg", "app_id", "extra", "instance", "scope", "type", "ver"])
        #expect(pairs.first { $0.key == "msg" }?.value == message)
        #expect(pairs.first { $0.key == "extra" }?.value == message)
        #expect(pairs.first { $0.key == "app_id" }?.value == "orders")
    }

    @Test func `lines below the level are not written and each app has its own prefix`() {
        let capture = LogCapture()
        let logger = logs(capture, level: .warning, prefix: "== orders == ").logger(scope: "s")
        logger.info("no")
        logger.warning("yes")
        let text = capture.text()
        #expect(text.hasPrefix("== orders == time=") && text.contains("msg=yes") && !text.contains("msg=no"))
        #expect(text.count { $0 == "\n" } == 1)
    }

    @Test func `Dapr's level names are read and shown`() {
        #expect(Logger.Level(daprName: "WARN") == .warning)
        #expect(Logger.Level(daprName: "fatal") == .fatal)
        #expect(Logger.Level(daprName: "loud") == nil)
        #expect(
            [Logger.Level.trace, .debug, .info, .notice, .warning, .error, .critical].map(\.daprName)
                == ["debug", "debug", "info", "info", "warning", "error", "fatal"])
    }

    @Test func `what stands under a secret's name is hidden`() {
        let capture = LogCapture()
        logs(capture).logger(scope: "s").info(
            "connecting",
            metadata: [
                "redisPassword": "hunter2", "dapr-api-token": "hunter2", "nested": ["accessKey": "hunter2", "host": "h"],
                "secretStore": "vault",
            ])
        let text = capture.text()
        #expect(!text.contains("hunter2"))
        #expect(text.contains("redisPassword=\"***\"") && text.contains("host:h") && text.contains("secretStore=vault"))
    }

    @Test(arguments: [
        "password", "API-KEY", "clientSecret", "connectionString", "Authorization", "sasl_password", "SAS", "authToken",
    ])
    func `names of secrets are known`(key: String) { #expect(SecretKeys.isSecret(key)) }

    @Test(arguments: ["redisHost", "secretStore", "method", "sasl", "key", "actorStateStore", ""])
    func `other names are no secrets`(key: String) { #expect(!SecretKeys.isSecret(key)) }

    @Test func `metadata cannot pass for the line's own keys`() {
        let capture = LogCapture()
        logs(capture).logger(scope: "s").info("m", metadata: ["app_id": "forged", "level": "debug"])
        let pairs = parse(capture.text().dropLast()[...])
        #expect(pairs.filter { $0.key == "app_id" }.map(\.value) == ["orders"])
        #expect(pairs.first { $0.key == "fields.app_id" }?.value == "forged")
    }

    @Test func `a huge message is cut`() {
        let capture = LogCapture()
        logs(capture).logger(scope: "s").info(
            "\(String(repeating: "é", count: 20_000))", metadata: ["f": "\(String(repeating: "x", count: 9_000))"])
        let text = capture.text()
        #expect(text.utf8.count < LogLimits.maximumMessageBytes + LogLimits.maximumFieldBytes + 300)
        #expect(text.contains("é...\""))
    }

    @Test func `API calls are recorded with their outcome and without a query`() {
        let capture = LogCapture()
        var options = APILogOptions()
        options.isEnabled = true
        options.omitsHealthChecks = true
        let log = logs(capture).apiLog(options)
        log.httpCalled(
            method: "GET", path: "/v1.0/state/s/k?metadata.x=1", route: "/v1.0/state/{storeName}/{key}", status: 204,
            responseBytes: 12, milliseconds: 3, userAgent: "dapr-sdk/1 x", isHealthCheck: false)
        log.httpCalled(
            method: "GET", path: "/v1.0/healthz", route: "/v1.0/healthz", status: 204, responseBytes: 0, milliseconds: 0,
            userAgent: nil, isHealthCheck: true)
        log.grpcCalled(
            method: "/dapr.proto.runtime.v1.Dapr/GetState", status: 5, responseBytes: 0, milliseconds: 1, userAgent: nil)
        let lines = capture.text().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0].hasSuffix(
                """
                level=info msg="HTTP API Called" app_id=orders code=204 duration=3 instance=host-1 method="GET /v1.0/state/s/k" \
                scope=dapr.runtime.http-info size=12 type=log useragent="dapr-sdk/1 x" ver=1.2.3
                """))
        #expect(
            lines[1].hasSuffix(
                """
                level=info msg="gRPC API Called" app_id=orders code=5 duration=1 instance=host-1 \
                method=/dapr.proto.runtime.v1.Dapr/GetState scope=dapr.runtime.grpc.api-info size=0 type=log ver=1.2.3
                """))
    }

    @Test func `API logs can hide paths and are off by default`() {
        let capture = LogCapture()
        var options = APILogOptions()
        logs(capture).apiLog(options).httpCalled(
            method: "GET", path: "/a/1", route: "/a/{id}", status: 200, responseBytes: 0, milliseconds: 0, userAgent: nil,
            isHealthCheck: false)
        options.isEnabled = true
        options.obfuscatesURLs = true
        logs(capture).apiLog(options).httpCalled(
            method: "GET", path: "/a/1", route: "/a/{id}", status: 200, responseBytes: 0, milliseconds: 0, userAgent: nil,
            isHealthCheck: false)
        let text = capture.text()
        #expect(text.count { $0 == "\n" } == 1)
        #expect(text.contains("method=\"GET /a/{id}\""))
    }
}
