internal import CYaml

/// What a parser finds in a YAML stream, one step at a time.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String, isPlain: Bool)
        case alias(String)
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
    }

    var kind: Kind
    /// The name under which an alias may repeat this node.
    var anchor: String?
    var mark: YAMLMark
}

/// Pulls events out of libyaml. Nothing is built and nothing recurses here, so the reader's cost is bound
/// by the length of the text.
struct YAMLEventReader: ~Copyable {
    // On the heap because libyaml keeps a pointer to it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let linesBefore: Int

    /// Runs `body` with a reader over `bytes`, which must be UTF-8 and stand behind `linesBefore` lines of
    /// the file.
    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, linesBefore: Int,
        _ body: (inout YAMLEventReader) throws(YAMLError) -> Void
    ) throws(YAMLError) {
        var reader = try YAMLEventReader(bytes, linesBefore: linesBefore)
        try body(&reader)
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, linesBefore: Int) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(message: "cannot be read: out of memory", mark: YAMLMark(line: 1, column: 1))
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        self.parser = parser
        self.linesBefore = linesBefore
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        let mark = position(event.start_mark)
        switch event.type {
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, mark: mark)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: mark)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), mark: mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return YAMLEvent(
                kind: .scalar(value, isPlain: scalar.plain_implicit == 1), anchor: text(scalar.anchor), mark: mark)
        case YAML_SEQUENCE_START_EVENT:
            return YAMLEvent(kind: .sequenceStart, anchor: text(event.data.sequence_start.anchor), mark: mark)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, mark: mark)
        case YAML_MAPPING_START_EVENT:
            return YAMLEvent(kind: .mappingStart, anchor: text(event.data.mapping_start.anchor), mark: mark)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, mark: mark)
        default: return YAMLEvent(kind: .streamStart, mark: mark)
        }
    }

    private func text(_ pointer: UnsafePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// libyaml's own words, led by what it was reading and where that began.
    private func failure() -> YAMLError {
        let state = parser.pointee
        var message = state.problem.map { String(cString: $0) } ?? "cannot be read"
        if let context = state.context {
            message = "\(String(cString: context)) (begun in line \(position(state.context_mark).line)): \(message)"
        }
        let mark = state.error == YAML_READER_ERROR ? state.mark : state.problem_mark
        return YAMLError(message: "is not valid YAML: \(message)", mark: position(mark))
    }

    private func position(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: linesBefore + Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
