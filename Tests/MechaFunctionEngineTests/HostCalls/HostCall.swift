import MechaWasm

/// One parameter of a function of the host, or the two that a text is, with what is right and what is wrong for it.
enum HostParameter {
    /// A number, and others with the outcome that each has.
    case number(Int64, _ others: [Int64: HostOutcome] = [:])
    /// A pointer and a length of bytes that the host reads.
    case text(String)
    /// The same for a list in the form of the interface; others are malformed.
    case list(_ valid: [UInt8], malformed: [[UInt8]], HostOutcome)
    /// A pointer to where the host writes so many bytes.
    case place(Int)
    /// A pointer and a capacity of a place that the host writes to as far as its answer fits.
    case buffer(Int)
}

/// What a call comes to.
enum HostOutcome: Hashable, CustomStringConvertible {
    case answer(Int64)
    /// Any answer; the guest goes on.
    case anyAnswer
    case trap

    var description: String {
        switch self {
        case .answer(let number): "answers \(number)"
        case .anyAnswer: "answers"
        case .trap: "traps"
        }
    }
}

/// A function of the host as the table has it.
struct HostShape {
    var name: String
    var parameters: [HostParameter]
    /// Of a call with nothing wrong.
    var outcome: HostOutcome

    init(_ name: String, _ parameters: [HostParameter], _ outcome: HostOutcome) {
        self.name = name
        self.parameters = parameters
        self.outcome = outcome
    }
}

/// One call, with all its numbers.
struct HostCall {
    var function: String
    var arguments: [Int64]
    var outcome: HostOutcome

    var text: String { "\(function)(\(arguments.map(String.init).joined(separator: ", "))) \(outcome)" }
}

/// A guest that makes calls of the host, one for each number that a request has as its body.
struct HostCallGuest {
    /// Two pages.
    static let memoryBytes: Int64 = 131_072
    /// Where the host may write.
    private static let place: Int64 = 65_000

    private(set) var calls: [HostCall] = []
    /// What the guest's memory begins with.
    private var data: [UInt8] = []
    private static let dataStart: Int64 = 1_024

    /// - Parameter memoryOutcome: what becomes of calls with memory that the guest does not have.
    init(_ shapes: [HostShape], memoryOutcome: HostOutcome) {
        for shape in shapes { add(shape, memoryOutcome) }
    }

    private mutating func keep(_ bytes: [UInt8]) -> Int64 {
        defer { data += bytes }
        return Self.dataStart + Int64(data.count)
    }

    private mutating func add(_ shape: HostShape, _ memoryOutcome: HostOutcome) {
        let end = Self.memoryBytes
        // The arguments of each parameter that are right, then the wrong ones with what becomes of them.
        var right: [[Int64]] = []
        var wrong: [(parameter: Int, arguments: [Int64], outcome: HostOutcome)] = []
        for (index, parameter) in shape.parameters.enumerated() {
            switch parameter {
            case .number(let number, let others):
                right.append([number])
                for (other, outcome) in others.sorted(by: { $0.key < $1.key }) { wrong.append((index, [other], outcome)) }
            case .text(let text):
                right.append([keep(Array(text.utf8)), Int64(text.utf8.count)])
                for bytes in Self.elsewhere { wrong.append((index, bytes, memoryOutcome)) }
            case .list(let valid, let malformed, let outcome):
                right.append([keep(valid), Int64(valid.count)])
                for bytes in Self.elsewhere { wrong.append((index, bytes, memoryOutcome)) }
                for bytes in malformed { wrong.append((index, [keep(bytes), Int64(bytes.count)], outcome)) }
            case .place(let count):
                right.append([Self.place])
                for pointer in [-1, end, end - Int64(count) + 1, 0x7fff_ffff, -0x8000_0000] {
                    wrong.append((index, [pointer], memoryOutcome))
                }
            case .buffer(let capacity):
                right.append([Self.place, Int64(capacity)])
                for pointer in [-1, end, end - 1, 0x7fff_ffff, -0x8000_0000] {
                    wrong.append((index, [pointer, Int64(capacity)], memoryOutcome))
                }
            }
        }
        calls.append(HostCall(function: shape.name, arguments: right.flatMap { $0 }, outcome: shape.outcome))
        for (parameter, arguments, outcome) in wrong {
            var all = right
            all[parameter] = arguments
            calls.append(HostCall(function: shape.name, arguments: all.flatMap { $0 }, outcome: outcome))
        }
    }

    /// Pointers and lengths that lie outside of the memory, overlap its end, or overflow 32 bits together.
    private static let elsewhere: [[Int64]] = [
        [-1, 1], [-1, -1], [0, -1], [memoryBytes, 1], [memoryBytes - 1, 2], [memoryBytes - 8, -1], [0x7fff_ffff, 1],
        [-0x8000_0000, 0x7fff_ffff], [1, memoryBytes],
    ]

    /// The guest as text: `start` calls `$call` with the number at address 0 and finds the answer at address 8.
    func module(_ functions: [WasmHostFunction], besides: String, start: String) -> String {
        var imports = ""
        var cases = ""
        for function in functions {
            let types = function.signature.parameters.map(\.description).joined(separator: " ")
            let result = function.signature.results.first.map { "(result \($0))" } ?? ""
            imports += "(import \"\(function.module)\" \"\(function.name)\" (func $\(function.name) (param \(types)) \(result)))\n"
        }
        let known = Dictionary(functions.map { ($0.name, $0.signature) }) { first, _ in first }
        for (index, call) in calls.enumerated() {
            guard let signature = known[call.function] else { continue }
            let arguments = zip(signature.parameters, call.arguments).map { "(\($0).const \($1))" }.joined(separator: " ")
            let bare = "(call $\(call.function) \(arguments))"
            let made =
                switch signature.results.first {
                case .i32: "(i64.store (i32.const 8) (i64.extend_i32_s \(bare)))"
                case .i64: "(i64.store (i32.const 8) \(bare))"
                default: bare
                }
            cases += "(if (i32.eq (local.get 0) (i32.const \(index))) (then \(made)))\n"
        }
        let bytes = data.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "\\0\(digits)" : "\\\(digits)"
        }
        return """
            (module
              \(imports)
              (memory (export "memory") 2)
              (data (i32.const \(Self.dataStart)) "\(bytes.joined())")
              (func $call (local i32)
                (local.set 0 (i32.load (i32.const 0)))
                \(cases))
              \(besides)
              \(start))
            """
    }
}
