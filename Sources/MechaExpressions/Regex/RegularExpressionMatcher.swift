/// Runs a pattern's program over a text: all threads advance together, one character at a time.
struct RegularExpressionMatcher {
    private let program: [RegularExpression.Instruction]
    /// By instruction: the step in which it was reached last.
    private var reached: [Int]
    private var stack: [Int] = []
    private var step = 0

    init(_ program: [RegularExpression.Instruction]) {
        self.program = program
        reached = Array(repeating: -1, count: program.count)
    }

    mutating func run(_ text: String) -> Bool {
        // The threads of this character and of the next, as instructions that wait for a character.
        var current: [Int] = []
        var following: [Int] = []
        var previous: Unicode.Scalar?
        var iterator = text.unicodeScalars.makeIterator()
        var scalar = iterator.next()
        while true {
            // A match may begin at every character.
            if follow(0, into: &current, previous, scalar) { return true }
            guard let here = scalar else { return false }
            let next = iterator.next()
            step += 1
            following.removeAll(keepingCapacity: true)
            for thread in current where accepts(program[thread], here) {
                if follow(thread + 1, into: &following, here, next) { return true }
            }
            swap(&current, &following)
            previous = here
            scalar = next
        }
    }

    private func accepts(_ instruction: RegularExpression.Instruction, _ scalar: Unicode.Scalar) -> Bool {
        switch instruction {
        case .character(let wanted): scalar == wanted
        case .set(let set): set.contains(scalar)
        case .any: true
        case .anyButNewline: scalar != "\n"
        default: false
        }
    }

    /// Adds what a thread reaches without a character; true when that is a match.
    private mutating func follow(
        _ start: Int, into threads: inout [Int], _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?
    ) -> Bool {
        stack.append(start)
        while let position = stack.popLast() {
            guard reached[position] != step else { continue }
            reached[position] = step
            switch program[position] {
            case .match:
                stack.removeAll()
                return true
            case .jump(let target): stack.append(target)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .assert(let assertion): if holds(assertion, previous, next) { stack.append(position + 1) }
            default: threads.append(position)
            }
        }
        return false
    }

    private func holds(_ assertion: RegularExpression.Assertion, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        switch assertion {
        case .textStart: previous == nil
        case .textEnd: next == nil
        case .lineStart: previous == nil || previous == "\n"
        case .lineEnd: next == nil || next == "\n"
        case .wordBoundary: isWord(previous) != isWord(next)
        case .noWordBoundary: isWord(previous) == isWord(next)
        }
    }

    private func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        return CELLexer.isNameStart(scalar) || CELLexer.isDigit(scalar)
    }
}
