import NIOCore

/// Changes a body as it streams. One value serves one body.
public protocol BodyTransform {
    /// What goes on of a piece; the rest may be kept for the next one, up to a bound.
    mutating func transform(_ chunk: ByteBuffer) -> ByteBuffer
    /// What is left at the end of the body.
    mutating func finish() -> ByteBuffer
}

/// Makes the transformation of one body.
public typealias BodyTransformation = @Sendable () -> any BodyTransform

extension BodyTransform {
    /// Transforms a body that is there as a whole.
    package mutating func transformAll(_ body: ByteBuffer) -> ByteBuffer {
        var all = transform(body)
        let rest = finish()
        if rest.readableBytes > 0 { all.writeImmutableBuffer(rest) }
        return all
    }
}

/// One transformation after another.
struct BodyTransformChain: BodyTransform {
    private var links: [any BodyTransform]

    init(_ links: [any BodyTransform]) { self.links = links }

    mutating func transform(_ chunk: ByteBuffer) -> ByteBuffer {
        var chunk = chunk
        for index in links.indices { chunk = links[index].transform(chunk) }
        return chunk
    }

    mutating func finish() -> ByteBuffer {
        var rest = ByteBuffer()
        for index in links.indices {
            var passed = rest.readableBytes > 0 ? links[index].transform(rest) : ByteBuffer()
            let own = links[index].finish()
            passed.writeImmutableBuffer(own)
            rest = passed
        }
        return rest
    }
}
