/// Makes the program of a pattern's tree.
struct RegularExpressionCompiler {
    /// Instructions of a program; counted repetitions multiply, so this is what bounds them.
    static let maximumInstructions = 10_000

    private var program: [RegularExpression.Instruction] = []

    static func compile(
        _ node: RegularExpressionParser.Node
    ) throws(RegularExpression.PatternError) -> [RegularExpression.Instruction] {
        var compiler = RegularExpressionCompiler()
        try compiler.emit(node)
        compiler.program.append(.match)
        return compiler.program
    }

    private mutating func append(_ instruction: RegularExpression.Instruction) throws(RegularExpression.PatternError) {
        guard program.count < Self.maximumInstructions else {
            throw RegularExpression.PatternError(
                column: 1, problem: "the pattern is too large once its repetitions are written out")
        }
        program.append(instruction)
    }

    private mutating func emit(_ node: RegularExpressionParser.Node) throws(RegularExpression.PatternError) {
        switch node {
        case .empty: break
        case .character(let scalar): try append(.character(scalar))
        case .set(let set): try append(.set(set))
        case .any: try append(.any)
        case .anyButNewline: try append(.anyButNewline)
        case .assert(let assertion): try append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let nodes):
            var jumps: [Int] = []
            for node in nodes.dropLast() {
                let split = program.count
                try append(.split(0, 0))
                try emit(node)
                jumps.append(program.count)
                try append(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
            if let last = nodes.last { try emit(last) }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repeated(let node, let low, let high):
            for _ in 0..<low { try emit(node) }
            guard let high else { return try emitLoop(node) }
            var splits: [Int] = []
            for _ in low..<high {
                splits.append(program.count)
                try append(.split(0, 0))
                try emit(node)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }

    private mutating func emitLoop(_ node: RegularExpressionParser.Node) throws(RegularExpression.PatternError) {
        let split = program.count
        try append(.split(0, 0))
        try emit(node)
        try append(.jump(split))
        program[split] = .split(split + 1, program.count)
    }
}
