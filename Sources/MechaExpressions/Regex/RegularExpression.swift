/// A regular expression in RE2's syntax, matched anywhere in a text in time linear to it.
///
/// The pattern becomes a program (`RegularExpressionCompiler`) whose threads are run side by side over the
/// text, each instruction at most once per character (`RegularExpressionMatcher`): there is no backtracking,
/// so no pattern can be made to take long. Only whether there is a match is told, so greediness and captures
/// are read and without meaning.
package struct RegularExpression: Sendable {
    /// Why a text is no pattern.
    package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
        /// In characters, from 1.
        package var column: Int
        package var problem: String
        package var description: String { "character \(column): \(problem)" }
    }

    enum Instruction: Sendable {
        case character(Unicode.Scalar)
        case set(RegularExpressionSet)
        case any
        case anyButNewline
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case match
    }

    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    let program: [Instruction]

    /// Instructions of the program, to which the time of a match is proportional.
    package var size: Int { program.count }

    package init(_ pattern: String) throws(PatternError) {
        var parser = RegularExpressionParser(pattern)
        program = try RegularExpressionCompiler.compile(try parser.wholePattern())
    }

    /// Whether the pattern matches some part of `text`.
    package func matches(_ text: String) -> Bool {
        var matcher = RegularExpressionMatcher(program)
        return matcher.run(text)
    }
}
