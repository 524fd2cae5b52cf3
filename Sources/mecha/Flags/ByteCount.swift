import ArgumentParser
import MechaCore

/// A size in bytes with an optional binary or decimal suffix (`4Mi`, `64Ki`, `1000`); -1 means "not given".
struct ByteCount: ExpressibleByArgument, Sendable, Equatable {
    var bytes: Int?

    init?(argument: String) {
        if argument == "-1" { return }
        guard let bytes = ByteSize.parse(argument) else { return nil }
        self.bytes = bytes
    }
}
