/// The documents of one text, as far as they can be read, and what is wrong with the rest.
struct YAMLStream {
    private(set) var documents: [YAMLNode] = []
    private(set) var problems: [YAMLError] = []

    /// Never throws: a document that cannot be read is reported, and reading goes on behind the next `---`.
    init(_ text: String, limits: ManifestLimits) {
        guard text.utf8.count <= limits.maximumFileBytes else {
            problems = [YAMLError(message: "is longer than \(limits.maximumFileBytes) bytes", mark: YAMLMark(line: 1, column: 1))]
            return
        }
        var rest = Array(text.utf8)[...]
        var linesBefore = 0
        while let failure = readDocuments(of: rest, linesBefore: linesBefore, limits: limits) {
            problems.append(failure)
            let line = failure.mark.line - linesBefore
            // Broken documents count too: each costs a new attempt.
            guard documents.count + problems.count < limits.maximumDocumentsPerFile,
                let next = Self.documentStart(in: rest, fromLine: line)
            else { return }
            rest = rest[next.index...]
            linesBefore += next.linesBefore
        }
    }

    /// Reads documents up to the end or the first that cannot be read, whose problem is returned.
    private mutating func readDocuments(
        of bytes: ArraySlice<UInt8>, linesBefore: Int, limits: ManifestLimits
    ) -> YAMLError? {
        do throws(YAMLError) {
            try bytes.withUnsafeBufferPointer { buffer throws(YAMLError) in
                try YAMLEventReader.read(buffer, linesBefore: linesBefore) { reader throws(YAMLError) in
                    try readDocuments(from: &reader, limits: limits)
                }
            }
            return nil
        } catch {
            return Self.explained(error, in: bytes, linesBefore: linesBefore)
        }
    }

    private mutating func readDocuments(from reader: inout YAMLEventReader, limits: ManifestLimits) throws(YAMLError) {
        while true {
            let event = try reader.next()
            if case .streamEnd = event.kind { return }
            guard case .documentStart = event.kind else { continue }
            guard documents.count < limits.maximumDocumentsPerFile else {
                throw YAMLError(message: "has more than \(limits.maximumDocumentsPerFile) documents", mark: event.mark)
            }
            var composer = YAMLComposer(limits: limits)
            documents.append(try composer.composeDocument(from: &reader))
            problems += composer.problems
        }
    }

    /// The first `---` at the begin of a line, from that line on but never the first line, so that every
    /// further attempt reads less.
    private static func documentStart(
        in bytes: ArraySlice<UInt8>, fromLine line: Int
    ) -> (index: Int, linesBefore: Int)? {
        var lines = 0
        for (index, byte) in zip(bytes.indices, bytes) where byte == UInt8(ascii: "\n") {
            lines += 1
            if lines + 1 >= line, bytes[(index + 1)...].starts(with: "---".utf8) { return (index + 1, lines) }
        }
        return nil
    }

    /// Says more than libyaml does where people slip most.
    private static func explained(_ error: YAMLError, in bytes: ArraySlice<UInt8>, linesBefore: Int) -> YAMLError {
        var error = error
        let number = max(1, error.mark.line - linesBefore)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
        // The end of the text counts as the begin of a line that nobody wrote.
        if number > lines.count { error.mark = YAMLMark(line: linesBefore + lines.count, column: 1) }
        let line = lines[min(number, lines.count) - 1]
        let indentation = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        if error.message.contains("Maximum nesting level") {
            error.message = "nested too deep"
        } else if indentation.contains(UInt8(ascii: "\t")), !error.message.contains("flow") {
            error.message += " (a tab stands in the indentation; expected spaces)"
        }
        return error
    }
}
