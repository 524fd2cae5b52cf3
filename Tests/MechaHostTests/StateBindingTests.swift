import MechaCore
import NIOCore
import Testing

@testable import MechaHost

@Suite struct KeyPrefixTests {
    private let app = AppAddress(appID: "orders", namespace: "shop")

    @Test(arguments: [
        (nil, "orders||k"), ("appid", "orders||k"), ("name", "store||k"), ("namespace", "shop.orders||k"), ("none", "k"),
        ("fixed", "fixed||k"),
    ])
    func `each strategy has its prefix`(strategy: String?, expected: String) throws {
        let prefix = try KeyPrefix(strategy: strategy, component: "store", app: app)
        #expect(try prefix.apply(to: "k") == expected)
        #expect(prefix.strip(from: expected) == "k")
    }

    @Test func `without a namespace the app id stands alone`() throws {
        let prefix = try KeyPrefix(strategy: "namespace", component: "store", app: AppAddress(appID: "orders"))
        #expect(try prefix.apply(to: "k") == "orders||k")
    }

    @Test func `the separator is allowed neither in prefixes nor in keys`() throws {
        #expect(throws: MetadataError.self) { try KeyPrefix(strategy: "a||b", component: "store", app: app) }
        let prefix = try KeyPrefix(strategy: "none", component: "store", app: app)
        #expect(throws: RuntimeError.self) { try prefix.apply(to: "a||b") }
        #expect(try prefix.apply(to: "a|b") == "a|b")
    }
}

@Suite struct StateEncryptionTests {
    private static let hex = String(repeating: "0f", count: 32)

    private func key(_ name: String, _ hex: String = Self.hex) throws -> StateEncryption.Key {
        try StateEncryption.Key(name: name, hex: hex, field: "primaryEncryptionKey")
    }

    @Test func `what is encrypted comes back and names its key`() throws {
        let encryption = StateEncryption(primary: try key("k1"), secondary: nil)
        let stored = try encryption.encrypt(ByteBuffer(string: "plain text"))
        #expect(String(buffer: stored).hasSuffix("||k1"))
        #expect(!String(buffer: stored).contains("plain"))
        #expect(try encryption.decrypt(stored) == ByteBuffer(string: "plain text"))
    }

    @Test func `after a rotation the second key still reads`() throws {
        let old = StateEncryption(primary: try key("k1"), secondary: nil)
        let new = StateEncryption(primary: try key("k2", String(repeating: "ab", count: 16)), secondary: try key("k1"))
        #expect(try new.decrypt(try old.encrypt(ByteBuffer(string: "x"))) == ByteBuffer(string: "x"))
        #expect(throws: CapabilityError.self) { try old.decrypt(try new.encrypt(ByteBuffer(string: "x"))) }
    }

    @Test(arguments: ["no separator", "!!!||k1", "AAAA||k1", "AAAA||other"])
    func `what was not encrypted so is refused`(stored: String) throws {
        let encryption = StateEncryption(primary: try key("k1"), secondary: nil)
        #expect(throws: CapabilityError.self) { try encryption.decrypt(ByteBuffer(string: stored)) }
    }

    @Test(arguments: ["", "zz", "0f0f", String(repeating: "0", count: 63)])
    func `a key must be hexadecimal and of an AES length`(hex: String) {
        #expect(throws: MetadataError.self) { try key("k", hex) }
    }
}
