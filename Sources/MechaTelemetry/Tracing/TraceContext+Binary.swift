extension TraceContext {
    /// Reads `grpc-trace-bin` (OpenCensus binary format: version 0, then numbered fields in ascending order:
    /// 0 trace id, 1 span id, 2 options). The options may be absent, which means not sampled.
    public init?(grpcTraceBin bytes: some RandomAccessCollection<UInt8>) {
        var rest = bytes[...]
        func number(_ count: Int) -> UInt64? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard number(1) == 0, number(1) == 0, let high = number(8), let low = number(8), high | low != 0,
            number(1) == 1, let span = number(8), span != 0
        else { return nil }
        var options: UInt64 = 0
        if number(1) == 2 {
            guard let value = number(1) else { return nil }
            options = value
        }
        self.init(traceID: TraceID(high: high, low: low), spanID: SpanID(span), isSampled: options & 1 != 0)
    }

    /// The value of `grpc-trace-bin`, before base64.
    public var grpcTraceBin: [UInt8] {
        [0, 0] + traceID.bytes + [1] + spanID.bytes + [2, isSampled ? 1 : 0]
    }
}
