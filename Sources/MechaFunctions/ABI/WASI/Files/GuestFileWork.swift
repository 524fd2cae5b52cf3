import NIOPosix

/// Runs what blocks on files away from the event loops.
enum GuestFileWork {
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(GuestFileError) -> Value
    ) async -> Result<Value, GuestFileError> {
        do {
            return try await NIOThreadPool.singleton.runIfActive { () -> Result<Value, GuestFileError> in
                do throws(GuestFileError) {
                    return .success(try body())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            // The process ends.
            return .failure(.io)
        }
    }
}
