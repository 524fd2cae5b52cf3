import Crypto
import MechaCore
import NIOCore

/// What a session cookie holds, sealed so that clients can neither read nor make one.
enum SessionContent: Sendable, Equatable {
    /// Sent to the provider; `target` is what was asked for.
    case loggingIn(state: String, target: String)
    /// Back with a token, as it goes into the header.
    case loggedIn(headerValue: String)
}

/// Seals and opens session cookies: AES-GCM over a small JSON text that says how long it holds.
struct SessionSeal: Sendable {
    private let key: SymmetricKey
    /// Ties a cookie to the client that it was made for.
    private let context: [UInt8]

    init(secret: String?, clientID: String) {
        key = secret.map { SymmetricKey(data: SHA256.hash(data: Array("mecha session \($0)".utf8))) } ?? SymmetricKey(size: .bits256)
        context = Array(clientID.utf8)
    }

    func seal(_ content: SessionContent, until end: Timestamp) throws -> String {
        var members: [JSON.Member] = [.init("exp", .integer(end.seconds))]
        switch content {
        case .loggingIn(let state, let target): members += [.init("state", .string(state)), .init("target", .string(target))]
        case .loggedIn(let value): members.append(.init("token", .string(value)))
        }
        let sealed = try AES.GCM.seal(Array(JSON.object(members).text.utf8), using: key, authenticating: context)
        return Base64URL.encode(Array(sealed.nonce) + Array(sealed.ciphertext) + Array(sealed.tag))
    }

    /// Nil for what is not ours or has expired.
    func open(_ text: some StringProtocol, at now: Timestamp) -> SessionContent? {
        guard let bytes = Base64URL.decode(text), let box = try? AES.GCM.SealedBox(combined: bytes),
            let plain = try? AES.GCM.open(box, using: key, authenticating: context),
            let document = try? JSON.parse(ByteBuffer(bytes: plain)), let end = document["exp"]?.intValue, now.seconds < end
        else { return nil }
        if let value = document["token"]?.stringValue { return .loggedIn(headerValue: value) }
        guard let state = document["state"]?.stringValue, let target = document["target"]?.stringValue else { return nil }
        return .loggingIn(state: state, target: target)
    }
}
