import MechaCore
import MechaLocalSecrets
import MechaTestKit
import Testing

@Suite struct FileSecretStoreTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()

    init() throws { directory = try TemporaryDirectory() }

    private func store(_ metadata: [String: String] = ["secretsFile": "secrets.json"]) async throws -> any SecretStore {
        let made = try FileSecretStore.descriptor.make(ComponentMetadata(metadata), environment(directory, clock: clock))
        let store = try #require(made as? any SecretStore)
        try await store.start()
        return store
    }

    @Test func `a file keeps the contract`() async throws {
        try directory.write(
            #"{"plain": "p", "a": {"b": "x", "c": {"d": "y"}}, "list": ["0th", {"k": "v"}], "n": 1.50, "t": true}"#, to: "secrets.json")
        let expected = [
            "plain": "p", "a:b": "x", "a:c:d": "y", "list:0": "0th", "list:1:k": "v", "n": "1.50", "t": "true",
        ]
        let store = try await store()
        #expect(try await store.allSecrets(metadata: [:]).count == expected.count)
        #expect(store.features.isEmpty)
        await report(SecretStoreConformance(store, expected: expected.reduce(into: [:]) { $0[$1.key] = [$1.key: $1.value] }))
    }

    @Test func `a multi-valued file keeps the contract`() async throws {
        try directory.write(#"{"plain": "p", "a": {"b": "x", "c": {"d": "y"}}}"#, to: "secrets.json")
        let store = try await store(["secretsFile": directory.file("secrets.json"), "multiValued": "true", "nestedSeparator": "."])
        #expect(store.features == ["MULTIPLE_KEY_VALUES_PER_SECRET"])
        await report(SecretStoreConformance(store, expected: ["plain": ["plain": "p"], "a": ["b": "x", "c.d": "y"]]))
    }

    @Test func `a changed file is read again`() async throws {
        try directory.write(#"{"k": "old"}"#, to: "secrets.json")
        let store = try await store()
        #expect(try await store.secret("k", metadata: [:]) == ["k": "old"])
        try directory.write(#"{"k": "newer"}"#, to: "secrets.json")
        clock.advance(by: .seconds(1))
        #expect(try await store.secret("k", metadata: [:]) == ["k": "newer"])
    }

    @Test func `a file that breaks leaves the last good secrets, and the status says why`() async throws {
        try directory.write(#"{"k": "good"}"#, to: "secrets.json")
        let store = try await store()
        #expect(store.status == .ready)
        try directory.write(#"{"k": "hidden-value"#, to: "secrets.json")
        clock.advance(by: .seconds(1))
        #expect(try await store.secret("k", metadata: [:]) == ["k": "good"])
        #expect(store.status.phase == .connecting)
        #expect(store.status.reason?.contains("invalid JSON at byte") == true)
        #expect(store.status.reason?.contains("hidden-value") == false)
        try directory.write(#"{"k": "mended"}"#, to: "secrets.json")
        clock.advance(by: .seconds(1))
        #expect(try await store.secret("k", metadata: [:]) == ["k": "mended"])
        #expect(store.status == .ready)
    }

    @Test func `a file that is not there yet is an error until it comes`() async throws {
        let store = try await store()
        await #expect { try await store.secret("k", metadata: [:]) } throws: { error in
            (error as? CapabilityError)?.code == .unavailable && "\(error)".contains(directory.file("secrets.json"))
        }
        try directory.write(#"{"k": "v"}"#, to: "secrets.json")
        clock.advance(by: .seconds(1))
        #expect(try await store.secret("k", metadata: [:]) == ["k": "v"])
    }

    @Test func `the default file need not exist`() async throws {
        let store = try await store([:])
        #expect(store.status == .ready)
        #expect(try await store.allSecrets(metadata: [:]).isEmpty)
        try directory.write(#"{"k": "v"}"#, to: "secrets.json")
        clock.advance(by: .seconds(1))
        #expect(try await store.secret("k", metadata: [:]) == ["k": "v"])
    }

    @Test(arguments: [
        (#"["a"]"#, "an array; expected an object"), (#"{"a:b": "1", "a": {"b": "2"}}"#, "\"a:b\" twice"), ("", "invalid JSON"),
    ])
    func `a document that makes no sense is refused with its place`(text: String, message: String) async throws {
        try directory.write(text, to: "secrets.json")
        let store = try await store()
        await #expect { try await store.secret("a", metadata: [:]) } throws: { "\($0)".contains(message) }
    }

    @Test func `a file that is too large is refused`() async throws {
        try directory.write(#"{"k": "\#(String(repeating: "x", count: 4 << 20))"}"#, to: "secrets.json")
        let store = try await store()
        await #expect { try await store.secret("k", metadata: [:]) } throws: { "\($0)".contains("larger than 4194304 bytes") }
    }
}

@Suite struct EnvironmentSecretStoreTests {
    @Test func `variables keep the contract`() async {
        let store = EnvironmentSecretStore(variables: ["USER": "u", "EMPTY": "", "WITH=": "odd"])
        await report(
            SecretStoreConformance(store, expected: ["USER": ["USER": "u"], "EMPTY": ["EMPTY": ""]], missingReadsAsEmpty: true))
    }

    @Test func `a prefix chooses variables and is left out of their names`() async throws {
        let store = EnvironmentSecretStore(prefix: "MY_", variables: ["MY_KEY": "1", "MY_": "2", "OTHER": "3", "MYKEY": "4"])
        #expect(try await store.allSecrets(metadata: [:]) == ["KEY": ["KEY": "1"]])
        #expect(try await store.secret("OTHER", metadata: [:]) == ["OTHER": ""])
    }

    @Test(arguments: ["DAPR_API_TOKEN", "dapr_http_port", "APP_API_TOKEN", "app_api_token", "MECHA_TOKEN"])
    func `the runtime's own variables are hidden`(name: String) async throws {
        let store = EnvironmentSecretStore(variables: [name: "token"])
        #expect(try await store.allSecrets(metadata: [:]).isEmpty)
        #expect(try await store.secret(name, metadata: [:]) == [name: ""])
        let prefixed = EnvironmentSecretStore(prefix: String(name.prefix(4)), variables: [name: "token"])
        #expect(try await prefixed.allSecrets(metadata: [:]).isEmpty)
    }

    @Test func `the process's own variables are seen`() async throws {
        let path = try await EnvironmentSecretStore().secret("PATH", metadata: [:])
        #expect(path["PATH"]?.isEmpty == false)
    }
}

private func report(_ suite: SecretStoreConformance) async {
    for failure in await suite.failures() { Issue.record(failure) }
}
