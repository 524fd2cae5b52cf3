import MechaCore

extension ConfigurationSpec {
    /// Limits of the workflow engine; nil wherever there is none.
    public struct Workflow: Sendable, Equatable {
        /// Under way at once in this process.
        public let maximumConcurrentWorkflows: Int?
        public let maximumConcurrentActivities: Int?
        /// Under way at once in all processes of the app.
        public let globalMaximumConcurrentWorkflows: Int?
        public let globalMaximumConcurrentActivities: Int?
        /// By workflow name.
        public let workflowConcurrencyLimits: [String: Int]
        /// By activity name.
        public let activityConcurrencyLimits: [String: Int]
        public let stateRetention: StateRetention
    }

    /// How long the state of ended workflows is kept; nil for ever.
    public struct StateRetention: Sendable, Equatable {
        /// Of any that ended, unless its way of ending has a value of its own.
        public let anyTerminal: Duration?
        public let completed: Duration?
        public let failed: Duration?
        public let terminated: Duration?
    }
}

extension ConfigurationSpec.Workflow {
    init(_ fields: FieldReader) {
        maximumConcurrentWorkflows = fields.limit("maxConcurrentWorkflowInvocations")
        maximumConcurrentActivities = fields.limit("maxConcurrentActivityInvocations")
        globalMaximumConcurrentWorkflows = fields.limit("globalMaxConcurrentWorkflowInvocations")
        globalMaximumConcurrentActivities = fields.limit("globalMaxConcurrentActivityInvocations")
        workflowConcurrencyLimits = fields.limits("workflowConcurrencyLimits")
        activityConcurrencyLimits = fields.limits("activityConcurrencyLimits")
        stateRetention = fields.section("stateRetentionPolicy") { policy in
            ConfigurationSpec.StateRetention(
                anyTerminal: policy.duration("anyTerminal"), completed: policy.duration("completed"),
                failed: policy.duration("failed"), terminated: policy.duration("terminated"))
        }
    }
}

extension FieldReader {
    /// Zero means no limit, as a missing value does.
    fileprivate func limit(_ name: String) -> Int? {
        integer(name, in: 0...Int(Int32.max)).flatMap { $0 == 0 ? nil : $0 }
    }

    fileprivate func limits(_ name: String) -> [String: Int] {
        let limits = list(name) { entry in
            (entry.required("name"), entry.integer("maxConcurrent", in: 1...Int(Int32.max)) ?? 1)
        }
        return Dictionary(limits) { _, last in last }
    }
}
