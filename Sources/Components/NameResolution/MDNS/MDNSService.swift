import MechaCore

/// An own app as multicast DNS describes it (RFC 6763), in the form that Dapr uses: the app's id is the
/// service type below `local.`, and the first text of the instance is the id once more. A second text
/// gives the namespace, which Dapr's resolver does not look at.
struct MDNSService: Sendable, Hashable {
    /// How long others may keep what we say (section 1.3 of the Dapr surface).
    static let secondsToLive: UInt32 = 60
    static let namespaceText = "namespace="

    let registration: AppRegistration
    let name: DNSName
    private let instance: DNSName
    private let host: DNSName
    private let port: UInt16

    /// The name that askers ask for; nil for an id that cannot be a label.
    static func name(of appID: String) -> DNSName? { DNSName([appID, "local"]) }

    /// Nil when the app's id cannot be a label of a name, or its port is none.
    ///
    /// - Parameters:
    ///   - processName: tells runtimes apart, for people.
    ///   - unique: a random text without dots. It makes names that nobody else can hold, so that they
    ///     need no probing (RFC 6762 section 8.1).
    init?(_ registration: AppRegistration, processName: String, unique: String) {
        guard let name = Self.name(of: registration.address.appID), let instance = name.prefixed(by: "\(processName)-\(unique)"),
            let host = DNSName(["mecha-\(unique)", "local"]), let port = UInt16(exactly: registration.endpoint.port)
        else { return nil }
        self.registration = registration
        self.name = name
        self.instance = instance
        self.host = host
        self.port = port
    }

    /// What to say on an interface; nil when there is nothing to be said there. A listener on a loopback
    /// address is nobody's business but this host's.
    ///
    /// - Parameter secondsToLive: 0 to say farewell.
    func answer(on interface: MDNSInterface, secondsToLive: UInt32 = MDNSService.secondsToLive) -> DNSMessage? {
        guard let address = address(on: interface) else { return nil }
        var texts = [registration.address.appID]
        if !registration.address.namespace.isEmpty { texts.append(Self.namespaceText + registration.address.namespace) }
        var message = DNSMessage()
        message.isResponse = true
        message.answers = [.init(name: name, secondsToLive: secondsToLive, data: .ptr(instance))]
        message.additionals = [
            .init(name: instance, secondsToLive: secondsToLive, isUnique: true, data: .srv(port: port, host: host)),
            .init(name: instance, secondsToLive: secondsToLive, isUnique: true, data: .txt(texts)),
            .init(name: host, secondsToLive: secondsToLive, isUnique: true, data: address.record),
        ]
        return message
    }

    private func address(on interface: MDNSInterface) -> IPAddress? {
        guard let listener = IPAddress(registration.endpoint.host) else { return nil }
        if listener.isUnspecified { return interface.address }
        return listener.isLoopback && !interface.isLoopback ? nil : listener
    }
}

/// A network interface that multicasts, as far as services need to know it.
struct MDNSInterface: Sendable, Hashable {
    var name: String
    var address: IPAddress

    var isLoopback: Bool { address.isLoopback }
}
