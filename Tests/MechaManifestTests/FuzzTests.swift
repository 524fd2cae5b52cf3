import Testing

@testable import MechaManifest

/// Mutations of complete documents: whatever stands in a file, reading it ends and does not crash.
@Suite struct Fuzzing {
    @Test(arguments: Samples.all.indices)
    func `mutated documents are read or refused`(sample: Int) {
        var random = SplitMix64(state: 0x5eed + UInt64(sample))
        let original = Array(Samples.all[sample].utf8)
        for _ in 0..<600 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, using: &random) }
            guard let text = try? ManifestFile.text(from: bytes, "fuzz.yaml") else { continue }
            let report = ManifestLoader(environment: ["A": "b"]).parse(text: text, fileName: "fuzz.yaml")
            for problem in report.errors + report.warnings { #expect(problem.location.file == "fuzz.yaml" && !problem.message.isEmpty) }
        }
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let position = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, position + Int.random(in: 1...24, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(Array("{}[]:,-?&*!|>'\"%@`#\n\t ~<".utf8).randomElement(using: &random) ?? 0, at: position)
        case 2: bytes.removeSubrange(position..<end)
        case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 4: bytes.removeSubrange(position...)
        case 5:
            let pieces = ["- ", "&a ", "*a", "<<: ", "---\n", "null", "99999999999999999999"]
            bytes.replaceSubrange(position..<end, with: Array(pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8))
        default: bytes.swapAt(position, end - 1)
        }
    }
}

/// A small generator with a fixed seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
