/// A program to run as an app.
struct AppCommand: Sendable, Equatable {
    /// The program (looked up in `PATH`) and its arguments.
    var words: [String]
    var environment: [String: String]
    /// Where it runs; nil for the current folder.
    var directory: String?
    /// What it prints is carried line by line instead of going where this process prints.
    var isOutputCarried = false

    var text: String { words.joined(separator: " ") }
}
