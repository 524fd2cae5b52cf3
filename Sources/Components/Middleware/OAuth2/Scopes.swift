/// Scopes as the metadata of components have them.
enum Scopes {
    /// With blanks between them, as requests have them; with commas or blanks in `text`.
    static func joined(_ text: String) -> String {
        text.split { $0 == "," || $0 == " " }.joined(separator: " ")
    }
}
