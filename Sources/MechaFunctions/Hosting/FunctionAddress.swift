/// What the first segment of a path on the functions' listener names: `/hello`, `/hello@dev`, `/hello@3`.
struct FunctionAddress {
    let function: String
    /// An alias or the number of a revision; nil where the path names none.
    let alias: String?
    /// Where the segment ends in the path.
    let end: String.Index

    /// Nil when the path does not begin with a slash.
    init?(path: Substring) {
        let bytes = path.utf8
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        let start = bytes.index(after: bytes.startIndex)
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
        let mark = bytes[start..<end].firstIndex(of: UInt8(ascii: "@"))
        function = String(path[start..<(mark ?? end)])
        alias = mark.map { String(path[bytes.index(after: $0)..<end]) }
        self.end = end
    }
}
