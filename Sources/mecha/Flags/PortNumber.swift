import ArgumentParser

/// A TCP port as Dapr's flags write it: -1 means "not given", 0 "none" or "any".
struct PortNumber: ExpressibleByArgument, Sendable, Equatable {
    var value: Int

    init?(argument: String) {
        guard let value = Int(argument), (-1...65_535).contains(value) else { return nil }
        self.value = value
    }

    /// The port of a listener when one is given; 0 stands for any that is free.
    var listening: Int? { value >= 0 ? value : nil }

    /// The port when it names one.
    var number: Int? { value > 0 ? value : nil }
}
