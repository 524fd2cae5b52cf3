import NIOCore

/// One line (or, for a histogram, one block of lines) of a family: the values behind one set of labels.
///
/// A series is what callers hold on to: resolving labels takes a lock and a dictionary, recording takes
/// a few relaxed atomic additions.
public protocol MetricSeries: AnyObject, Sendable {
    /// Appends the samples in the text format; `labels` is the rendered list without braces.
    func writeSamples(name: String, labels: String, format: MetricsTextFormat, into buffer: inout ByteBuffer)
}
