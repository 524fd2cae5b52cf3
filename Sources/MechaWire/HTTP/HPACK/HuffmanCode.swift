/// The Huffman code of header strings (RFC 7541 appendix B), as a machine that reads four bits at a time.
struct HuffmanCode {
    /// Lengths in bits of the codes of all bytes and of the end of string; the code is canonical, so they say it all.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]

    static let standard = HuffmanCode()

    /// What four bits lead to from a node of the code's tree.
    private struct Step {
        var next: UInt8 = 0
        var byte: UInt8 = 0
        var outcome = Outcome.none
    }

    private enum Outcome: UInt8 { case none, byte, invalid }

    /// Sixteen for each inner node of the tree, of which there are 256; node 0 is the root.
    private let steps: [Step]
    /// Whether a string may end at a node: at the root, or after up to seven bits of the end of string's code.
    private let mayEnd: [Bool]

    private init() {
        /// Inner nodes: for a bit of 0 and of 1 an inner node, or a symbol with 1,000 added; 0 for neither yet.
        var children: [(Int, Int)] = [(0, 0)]
        let symbols = Self.lengths.indices.sorted { (Self.lengths[$0], $0) < (Self.lengths[$1], $1) }
        var code: UInt32 = 0
        var length = Self.lengths[symbols[0]]
        for symbol in symbols {
            code <<= UInt32(Self.lengths[symbol] - length)
            length = Self.lengths[symbol]
            var node = 0
            for position in (0..<UInt32(length)).reversed() {
                let isOne = code >> position & 1 == 1
                var child = isOne ? children[node].1 : children[node].0
                if position == 0 {
                    child = symbol + 1_000
                } else if child == 0 {
                    child = children.count
                    children.append((0, 0))
                }
                if isOne { children[node].1 = child } else { children[node].0 = child }
                node = child
            }
            code += 1
        }
        var steps: [Step] = []
        steps.reserveCapacity(children.count * 16)
        for node in children.indices {
            for bits in 0..<16 {
                var step = Step()
                var present = node
                for position in (0..<4).reversed() {
                    let child = bits >> position & 1 == 1 ? children[present].1 : children[present].0
                    guard child >= 1_000 else {
                        present = child
                        continue
                    }
                    present = 0
                    if child == 1_256 {
                        step.outcome = .invalid
                    } else if step.outcome != .invalid {
                        step.outcome = .byte
                        step.byte = UInt8(child - 1_000)
                    }
                }
                step.next = UInt8(present)
                steps.append(step)
            }
        }
        self.steps = steps
        var mayEnd = [Bool](repeating: false, count: children.count)
        var node = 0
        for _ in 0...7 {
            mayEnd[node] = true
            node = children[node].1
        }
        self.mayEnd = mayEnd
    }

    /// Appends to `text` what `bytes` stand for; false when they are not of the code.
    func decode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) -> Bool {
        steps.withUnsafeBufferPointer { steps in
            var node = 0
            for byte in bytes {
                let high = steps[node << 4 | Int(byte >> 4)]
                if high.outcome == .byte { text.append(high.byte) }
                let low = steps[Int(high.next) << 4 | Int(byte & 15)]
                if low.outcome == .byte { text.append(low.byte) }
                if high.outcome == .invalid || low.outcome == .invalid { return false }
                node = Int(low.next)
            }
            return mayEnd[node]
        }
    }
}
