import NIOCore

/// Renders registries in the text formats that Prometheus reads.
public enum MetricsText {
    /// All series of `registries`, those of one family together even when several registries (one per app)
    /// have it, as the format demands.
    public static func render(_ registries: [MetricRegistry], format: MetricsTextFormat = .prometheus) -> ByteBuffer {
        var order: [String] = []
        var families: [String: [any AnyMetricFamily]] = [:]
        for registry in registries {
            for family in registry.collect() {
                let name = family.descriptor.name
                if families[name] == nil { order.append(name) }
                families[name, default: []].append(family)
            }
        }
        var buffer = ByteBuffer()
        for name in order {
            guard let members = families[name], let descriptor = members.first?.descriptor else { continue }
            write(descriptor, members, format, into: &buffer)
        }
        if format == .openMetrics { buffer.writeStaticString("# EOF\n") }
        return buffer
    }

    private static func write(
        _ descriptor: MetricDescriptor, _ members: [any AnyMetricFamily], _ format: MetricsTextFormat,
        into buffer: inout ByteBuffer
    ) {
        let family = format.familyName(of: descriptor)
        let start = buffer.writerIndex
        buffer.writeString("# HELP \(family) \(escapeHelp(descriptor.help, format))\n")
        buffer.writeString("# TYPE \(family) \(format.typeName(of: descriptor))\n")
        let header = buffer.writerIndex
        for member in members where member.descriptor.kind == descriptor.kind {
            member.writeSamples(format: format, into: &buffer)
        }
        // A family without series says nothing.
        if buffer.writerIndex == header { buffer.moveWriterIndex(to: start) }
    }

    /// A number as both formats write it: without a needless `.0`, infinities as `+Inf` and `-Inf`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    static func escapeHelp(_ text: String, _ format: MetricsTextFormat) -> String {
        escape(text, quotes: format == .openMetrics)
    }

    static func escapeLabel(_ text: String) -> String { escape(text, quotes: true) }

    private static func escape(_ text: String, quotes: Bool) -> String {
        func special(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") || quotes && byte == UInt8(ascii: "\"")
        }
        guard text.utf8.contains(where: special) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension ByteBuffer {
    /// Appends one sample line; `bound` is a bucket's own label, put after the others.
    mutating func writeSample(
        _ name: String, suffix: StaticString = "", labels: String, bound: String = "", value: String
    ) {
        writeString(name)
        writeStaticString(suffix)
        if !labels.isEmpty || !bound.isEmpty {
            writeInteger(UInt8(ascii: "{"))
            writeString(labels)
            if !labels.isEmpty, !bound.isEmpty { writeInteger(UInt8(ascii: ",")) }
            writeString(bound)
            writeInteger(UInt8(ascii: "}"))
        }
        writeInteger(UInt8(ascii: " "))
        writeString(value)
        writeInteger(UInt8(ascii: "\n"))
    }
}
