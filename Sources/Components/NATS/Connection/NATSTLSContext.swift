import MechaCore
import NIOSSL
import Synchronization

/// The TLS context of a client, made when first needed: it takes milliseconds and memory.
final class NATSTLSContext: Sendable {
    private let settings: NATSTLS
    private let made = Mutex<NIOSSLContext?>(nil)

    init(_ settings: NATSTLS) { self.settings = settings }

    func get() throws(CapabilityError) -> NIOSSLContext {
        let outcome: Result<NIOSSLContext, CapabilityError> = made.withLock { made in
            if let made { return .success(made) }
            do throws(CapabilityError) {
                let context = try settings.makeContext()
                made = context
                return .success(context)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
