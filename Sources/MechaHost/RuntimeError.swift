import MechaCore

/// Why a call through an ``AppRuntime`` failed. Front ends map `code` to their wire codes in one file each.
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// For people; never carries values or secrets.
    public var message: String
    /// The component, app or key that the failure is about.
    public var resource: String?
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, resource: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.resource = resource
        self.cause = cause
    }

    public var description: String { message }

    /// The listeners are open before the components are loaded, so that health can be asked at once.
    static let starting = RuntimeError(.starting, "the runtime is still starting: its components are being loaded")

    public struct Code: Hashable, Sendable {
        let name: String
        private init(_ name: String) { self.name = name }

        /// Components are still being loaded.
        public static let starting = Code("starting")
        public static let stateStoresNotConfigured = Code("stateStoresNotConfigured")
        public static let stateStoreNotFound = Code("stateStoreNotFound")
        public static let stateIllegalKey = Code("stateIllegalKey")
        public static let stateGet = Code("stateGet")
        public static let stateSave = Code("stateSave")
        public static let stateDelete = Code("stateDelete")
        public static let stateBulkGet = Code("stateBulkGet")
        public static let stateQuery = Code("stateQuery")
        public static let stateQueryUnsupported = Code("stateQueryUnsupported")
        public static let stateTransaction = Code("stateTransaction")
        public static let stateTransactionsUnsupported = Code("stateTransactionsUnsupported")
        public static let stateTooManyOperations = Code("stateTooManyOperations")
        public static let stateOperationUnsupported = Code("stateOperationUnsupported")
        public static let secretStoresNotConfigured = Code("secretStoresNotConfigured")
        public static let secretStoreNotFound = Code("secretStoreNotFound")
        public static let secretDenied = Code("secretDenied")
        public static let secretGet = Code("secretGet")
        public static let pubsubNameEmpty = Code("pubsubNameEmpty")
        public static let pubsubsNotConfigured = Code("pubsubsNotConfigured")
        public static let pubsubNotFound = Code("pubsubNotFound")
        public static let topicEmpty = Code("topicEmpty")
        public static let pubsubForbidden = Code("pubsubForbidden")
        public static let pubsubMetadata = Code("pubsubMetadata")
        public static let pubsubCloudEvent = Code("pubsubCloudEvent")
        public static let pubsubMarshalEvents = Code("pubsubMarshalEvents")
        public static let pubsubUnmarshalEvents = Code("pubsubUnmarshalEvents")
        public static let pubsubPublish = Code("pubsubPublish")
        public static let binding = Code("binding")
    }

    /// What the component said, when it was a component that failed.
    public var capabilityCode: CapabilityError.Code? { (cause as? CapabilityError)?.code }
}
