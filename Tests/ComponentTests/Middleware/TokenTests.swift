import Crypto
import CryptoExtras
import Logging
import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import Synchronization
import Testing

@testable import MechaMiddleware

/// Claims and keys; signatures of every algorithm by another implementation are in Tests/EndToEnd/test_middleware.py.
@Suite struct TokenTests {
    private let now = Timestamp(seconds: 1_000_000)

    private func token(_ claims: String, header: String = #"{"alg":"ES256"}"#) -> JSONWebToken? {
        JSONWebToken("\(Base64URL.encode(header.utf8)).\(Base64URL.encode(claims.utf8)).\(Base64URL.encode("signature".utf8))")
    }

    @Test(
        arguments: [
            (#"{"iss":"i","aud":"a","exp":1000001}"#, nil), (#"{"iss":"i","aud":["b","a"],"exp":1000000.5,"nbf":1000000}"#, nil),
            (#"{"iss":"i","aud":"a","exp":999990}"#, nil), (#"{"iss":"i","aud":"a","exp":999970}"#, "has expired"),
            (#"{"iss":"i","aud":"a"}"#, "does not say when"), (#"{"iss":"i","aud":"a","exp":"1000001"}"#, "does not say when"),
            (#"{"iss":"i","aud":"a","exp":1000001,"nbf":1000020}"#, nil),
            (#"{"iss":"i","aud":"a","exp":2000001,"nbf":1000031}"#, "not valid yet"),
            (#"{"iss":"i","aud":"a","exp":2000001,"nbf":"x"}"#, "not valid yet"),
            (#"{"iss":"i","aud":"b","exp":1000001}"#, "another audience"), (#"{"iss":"i","aud":[],"exp":1000001}"#, "another audience"),
            (#"{"iss":"i","exp":1000001}"#, "another audience"), (#"{"iss":"j","aud":"a","exp":1000001}"#, "another issuer"),
            (#"{"aud":"a","exp":1000001}"#, "another issuer"),
        ] as [(String, String?)])
    func `claims are judged with some patience for clocks`(_ claims: String, _ problem: String?) throws {
        let objection = try #require(token(claims)).objection(issuer: "i", audience: "a", at: now, skew: .seconds(30))
        #expect((objection == nil) == (problem == nil))
        if let problem { #expect(objection?.contains(problem) == true, "\(objection ?? "")") }
    }

    @Test(arguments: ["", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.AA.AA", "e30=.e30.AA", "W10.e30.AA", "eyJhbGciOiJFUzI1NiJ9.W10.AA"])
    func `what is no token`(_ text: String) { #expect(JSONWebToken(text[...]) == nil) }

    @Test func `a header that must be understood is not`() {
        #expect(token("{}", header: #"{"alg":"ES256","crit":["b64"],"b64":false}"#) == nil)
        #expect(token(String(repeating: "x", count: JSONWebToken.maximumBytes)) == nil)
    }

    @Test func `an algorithm must suit the key, and none is none`() throws {
        let key = P256.Signing.PrivateKey()
        let point = Array(key.publicKey.x963Representation)
        func jwk(_ more: String = "") throws -> JSONWebKey? {
            JSONWebKey(
                try JSON.parse(
                    #"{"kty":"EC","crv":"P-256","x":"\#(Base64URL.encode(point[1..<33]))","y":"\#(Base64URL.encode(point[33...]))"\#(more)}"#
                ))
        }
        func signed(_ algorithm: String) throws -> JSONWebToken {
            let text = "\(Base64URL.encode(#"{"alg":"\#(algorithm)"}"#.utf8)).e30"
            let signature = try key.signature(for: Array(text.utf8)).rawRepresentation
            return try #require(JSONWebToken("\(text).\(Base64URL.encode(signature))"))
        }
        let usable = try #require(try jwk())
        #expect(usable.verifies(try signed("ES256")))
        for algorithm in ["none", "HS256", "RS256", "ES384", "EdDSA", ""] { #expect(!usable.verifies(try signed(algorithm))) }
        #expect(try jwk(#","alg":"ES384""#)?.verifies(try signed("ES256")) == false)
        #expect(try jwk(#","use":"enc""#) == nil)
        #expect(try jwk(#","key_ops":["sign"]"#) == nil)
        #expect(JSONWebKey(try JSON.parse(#"{"kty":"oct","k":"AAAA"}"#)) == nil)
        #expect(JSONWebKey(try JSON.parse(#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#)) == nil)
        // 1024 bits.
        let short = Base64URL.encode([UInt8](repeating: 0xff, count: 128))
        #expect(JSONWebKey(try JSON.parse(#"{"kty":"RSA","n":"\#(short)","e":"AQAB"}"#)) == nil)
    }

    @Test func `random bytes are never a token that is verified`() throws {
        var generator = SeededGenerator(seed: 11)
        let key = Curve25519.Signing.PrivateKey()
        let document = try JSON.parse(
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(Base64URL.encode(key.publicKey.rawRepresentation))"},{"kty":1},[],null]}"#)
        let set = try #require(JSONWebKeySet(document.buffer))
        #expect(set.keys.count == 1)
        let good = "\(Base64URL.encode(#"{"alg":"EdDSA"}"#.utf8)).\(Base64URL.encode(#"{"iss":"i"}"#.utf8))"
        let signature = Base64URL.encode(try key.signature(for: Array(good.utf8)))
        let whole = Array("\(good).\(signature)".utf8)
        let intact = try #require(JSONWebToken(String(decoding: whole, as: UTF8.self)[...]))
        #expect(set.verifies(intact) == true)
        for _ in 0..<3_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0x20...0x7e, using: &generator)
            }
            if bytes == whole { continue }
            let token = JSONWebToken(String(decoding: bytes, as: UTF8.self)[...])
            #expect(token.flatMap { set.verifies($0) } != true, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    // MARK: - Keys over time

    @Test func `keys are fetched once, again when they are old, and not more often than allowed`() async throws {
        let clock = ManualClock()
        let fetches = Mutex(0)
        let fails = Mutex(false)
        let cache = KeySetCache(clock: clock, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })) {
            fetches.withLock { $0 += 1 }
            if fails.withLock({ $0 }) { throw CapabilityError(.unavailable, "away") }
            return try #require(JSONWebKeySet(ByteBuffer(string: #"{"keys":[]}"#)))
        }
        #expect(cache.current == nil)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { #expect(await cache.refreshed() != nil) } }
        }
        #expect(fetches.withLock { $0 } == 1, "many share one fetch")
        _ = await cache.refreshed()
        #expect(fetches.withLock { $0 } == 1, "just now")
        clock.advance(by: KeySetCache.minimumPause)
        fails.withLock { $0 = true }
        #expect(await cache.refreshed() != nil, "the old keys outlive a failure")
        #expect(fetches.withLock { $0 } == 2)
        clock.advance(by: KeySetCache.maximumAge)
        #expect(cache.current != nil, "old keys are used while new ones are fetched")
        while fetches.withLock({ $0 }) < 3 { await Task.yield() }
    }

    @Test func `a token of the runtime's own is used until shortly before its end`() async throws {
        let clock = ManualClock()
        let fetches = Mutex(0)
        let cache = TokenCache(clock: clock) {
            let number = fetches.withLock { count -> Int in
                count += 1
                return count
            }
            return TokenEndpoint.Token(headerValue: "Bearer \(number)", lifetime: .seconds(60))
        }
        #expect(cache.current == nil)
        let values = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await cache.fetched() } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(values == ["Bearer 1"])
        clock.advance(by: .seconds(49))
        #expect(cache.current == "Bearer 1")
        clock.advance(by: .seconds(2))
        #expect(cache.current == nil)
        #expect(try await cache.fetched() == "Bearer 2")
    }

    // MARK: - Sessions

    @Test func `a session opens with its key, for its client, in its time, and not else`() throws {
        let seal = SessionSeal(secret: "s", clientID: "c")
        let contents: [SessionContent] = [.loggingIn(state: "x", target: "/a?b=ü"), .loggedIn(headerValue: "Bearer t")]
        for content in contents {
            let text = try seal.seal(content, until: Timestamp(seconds: 100))
            #expect(seal.open(text, at: Timestamp(seconds: 99)) == content)
            #expect(SessionSeal(secret: "s", clientID: "c").open(text, at: Timestamp(seconds: 99)) == content, "another process")
            #expect(seal.open(text, at: Timestamp(seconds: 100)) == nil)
            #expect(SessionSeal(secret: "t", clientID: "c").open(text, at: Timestamp(seconds: 1)) == nil)
            #expect(SessionSeal(secret: "s", clientID: "d").open(text, at: Timestamp(seconds: 1)) == nil)
            #expect(SessionSeal(secret: nil, clientID: "c").open(text, at: Timestamp(seconds: 1)) == nil)
            for index in text.indices {
                var changed = text
                changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
                #expect(seal.open(changed, at: Timestamp(seconds: 1)) != content || changed == text)
            }
            for length in 0..<text.count { #expect(seal.open(text.prefix(length), at: Timestamp(seconds: 1)) == nil) }
        }
    }
}
