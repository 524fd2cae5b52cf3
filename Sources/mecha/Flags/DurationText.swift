import ArgumentParser
import MechaCore

/// A duration as Go writes it: `500ms`, `10s`, `1m30s`.
struct DurationText: ExpressibleByArgument, Sendable {
    var duration: Duration

    init?(argument: String) {
        guard let duration = GoDuration.parse(argument), duration >= .zero else { return nil }
        self.duration = duration
    }
}
