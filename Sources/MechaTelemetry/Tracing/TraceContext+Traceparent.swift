import NIOCore

extension TraceContext {
    /// Length of a `traceparent` of version 00.
    static let traceparentBytes = 55

    /// Reads `traceparent` (W3C Trace Context, section 3.2).
    ///
    /// Strict as the recommendation wants it: lower-case digits only, version `ff` and all-zero ids are invalid,
    /// a version above 00 may have more after the flags. Nil means to go on as if the header were absent.
    public init?(traceparent: String) {
        var text = traceparent
        guard let context = text.withUTF8({ TraceContext(traceparentBytes: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = context
    }

    /// Reads both headers of a request. A `tracestate` that is not valid is dropped; the trace goes on without it.
    ///
    /// - Parameter tracestate: the values of all headers of that name, in order.
    public init?(traceparent: String, tracestate: [String]) {
        self.init(traceparent: traceparent)
        if !tracestate.isEmpty { state = TraceState(tracestate.joined(separator: ",")) }
    }

    /// See ``init(traceparent:)-(String)``.
    public init?(traceparent: ByteBufferView) {
        let context = traceparent.withContiguousStorageIfAvailable {
            TraceContext(traceparentBytes: UnsafeRawBufferPointer($0))
        }
        guard let context = context ?? nil else { return nil }
        self = context
    }

    /// See ``init(traceparent:)-(String)``.
    public init?(traceparentBytes text: UnsafeRawBufferPointer) {
        let dash = UInt8(ascii: "-")
        guard text.count >= Self.traceparentBytes,
            let version = Hex.read(text, at: 0, count: 2), version != 0xff,
            text[2] == dash, text[35] == dash, text[52] == dash,
            version == 0 ? text.count == Self.traceparentBytes : text.count == Self.traceparentBytes || text[55] == dash,
            let high = Hex.read(text, at: 3, count: 16), let low = Hex.read(text, at: 19, count: 16),
            let span = Hex.read(text, at: 36, count: 16), let flags = Hex.read(text, at: 53, count: 2),
            high | low != 0, span != 0
        else { return nil }
        self.init(
            traceID: TraceID(high: high, low: low), spanID: SpanID(span), isSampled: flags & 1 != 0,
            // Of a future version only the sampled flag may be believed.
            hasRandomTraceID: version == 0 && flags & 2 != 0)
    }

    /// The value of a `traceparent` header of version 00.
    public var traceparent: String {
        String(unsafeUninitializedCapacity: Self.traceparentBytes) { text in
            let dash = UInt8(ascii: "-")
            text[0] = 0x30
            text[1] = 0x30
            text[2] = dash
            Hex.write(traceID.high, to: text, at: 3)
            Hex.write(traceID.low, to: text, at: 19)
            text[35] = dash
            Hex.write(spanID.value, to: text, at: 36)
            text[52] = dash
            text[53] = 0x30
            text[54] = 0x30 + flags
            return Self.traceparentBytes
        }
    }
}
