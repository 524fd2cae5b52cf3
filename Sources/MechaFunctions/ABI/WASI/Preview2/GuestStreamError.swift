/// Why a stream failed.
final class GuestStreamError: Sendable {
    let message: String
    /// When a file was the reason.
    let file: GuestFileError?

    init(_ message: String, file: GuestFileError? = nil) {
        self.message = message
        self.file = file
    }
}
