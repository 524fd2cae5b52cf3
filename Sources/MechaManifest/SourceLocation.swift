/// A place in a file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// Counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// Counted from 1 in Unicode scalars.
    public var column: Int?

    public init(file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as compilers write it.
    public var description: String {
        [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
    }
}
