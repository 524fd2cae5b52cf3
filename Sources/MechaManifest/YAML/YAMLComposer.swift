/// Builds the tree of one document out of events, within limits: an alias is counted as a copy of what
/// it names before anything is copied, so that a few lines of aliases of aliases ("billion laughs") are
/// refused at once.
struct YAMLComposer {
    private struct Measured {
        var node: YAMLNode
        var nodes: Int
        var levels: Int
    }

    private let limits: ManifestLimits
    private var anchors: [String: Measured] = [:]
    private var nodes = 0
    /// Problems that do not keep the document from being read.
    private(set) var problems: [YAMLError] = []

    init(limits: ManifestLimits) { self.limits = limits }

    /// Reads the document whose start event was just taken, its end event included.
    mutating func composeDocument(from reader: inout YAMLEventReader) throws(YAMLError) -> YAMLNode {
        let root = try compose(try reader.next(), from: &reader, level: 1)
        _ = try reader.next()
        return root.node
    }

    private mutating func compose(
        _ event: YAMLEvent, from reader: inout YAMLEventReader, level: Int
    ) throws(YAMLError) -> Measured {
        var result: Measured
        switch event.kind {
        case .alias(let name):
            guard let target = anchors[name] else {
                throw YAMLError(message: "the alias *\(name) names no anchor before it", mark: event.mark)
            }
            try count(target.nodes, at: event.mark)
            try check(level: level + target.levels - 1, at: event.mark)
            // Problems of the copy are reported where the alias stands.
            result = target
            result.node.mark = event.mark
            return result
        case .sequenceStart: result = try composeSequence(event, from: &reader, level: level)
        case .mappingStart: result = try composeMapping(event, from: &reader, level: level)
        case .scalar(let text, let isPlain):
            try count(1, at: event.mark)
            result = Measured(
                node: YAMLNode(content: .scalar(text, isPlain: isPlain), mark: event.mark), nodes: 1, levels: 1)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw YAMLError(message: "is not valid YAML: the document ends too early", mark: event.mark)
        }
        if let anchor = event.anchor { anchors[anchor] = result }
        return result
    }

    private mutating func composeSequence(
        _ start: YAMLEvent, from reader: inout YAMLEventReader, level: Int
    ) throws(YAMLError) -> Measured {
        try check(level: level, at: start.mark)
        try count(1, at: start.mark)
        var elements: [YAMLNode] = []
        var size = 1
        var levels = 0
        while true {
            let event = try reader.next()
            if case .sequenceEnd = event.kind { break }
            let element = try compose(event, from: &reader, level: level + 1)
            elements.append(element.node)
            size += element.nodes
            levels = max(levels, element.levels)
        }
        return Measured(node: YAMLNode(content: .sequence(elements), mark: start.mark), nodes: size, levels: levels + 1)
    }

    private mutating func composeMapping(
        _ start: YAMLEvent, from reader: inout YAMLEventReader, level: Int
    ) throws(YAMLError) -> Measured {
        try check(level: level, at: start.mark)
        try count(1, at: start.mark)
        var members: [YAMLNode.Member] = []
        var names: Set<String> = []
        var merges: [YAMLNode] = []
        var size = 1
        var levels = 0
        while true {
            let event = try reader.next()
            if case .mappingEnd = event.kind { break }
            guard case .scalar(let name, let isPlain) = event.kind else {
                throw YAMLError(message: "a name of a mapping is a list, mapping or alias; expected text", mark: event.mark)
            }
            try count(1, at: event.mark)
            let value = try compose(try reader.next(), from: &reader, level: level + 1)
            size += value.nodes + 1
            levels = max(levels, value.levels)
            if name == "<<", isPlain {
                merges.append(value.node)
            } else if names.insert(name).inserted {
                members.append(YAMLNode.Member(name: name, value: value.node, mark: event.mark))
            } else {
                problems.append(YAMLError(message: "the name \"\(name.clipped)\" stands twice in one mapping", mark: event.mark))
            }
        }
        for merge in merges { try self.merge(merge, into: &members, names: &names) }
        return Measured(node: YAMLNode(content: .mapping(members), mark: start.mark), nodes: size, levels: levels + 1)
    }

    /// The merge key of YAML 1.1: `<<` adds the members of one mapping, or of a list of them, that are
    /// not written out.
    private func merge(
        _ source: YAMLNode, into members: inout [YAMLNode.Member], names: inout Set<String>
    ) throws(YAMLError) {
        switch source.content {
        case .mapping(let others):
            for member in others where names.insert(member.name).inserted { members.append(member) }
        case .sequence(let sources) where sources.allSatisfy(\.isMapping):
            for mapping in sources { try merge(mapping, into: &members, names: &names) }
        case .sequence, .scalar:
            throw YAMLError(message: "the merge key << has \(source.kindName); expected a mapping or a list of mappings", mark: source.mark)
        }
    }

    private mutating func count(_ number: Int, at mark: YAMLMark) throws(YAMLError) {
        nodes += number
        guard nodes <= limits.maximumNodesPerDocument else {
            throw YAMLError(
                message: "the document holds more than \(limits.maximumNodesPerDocument) values, aliases expanded", mark: mark)
        }
    }

    private func check(level: Int, at mark: YAMLMark) throws(YAMLError) {
        guard level <= limits.maximumNestingLevels else {
            throw YAMLError(message: "nested deeper than \(limits.maximumNestingLevels) levels", mark: mark)
        }
    }
}
