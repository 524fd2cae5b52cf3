/// Commands of Dapr that Mecha does not have, with the reason that the user is told.
enum MissingCommands {
    private static let kubernetes = "it works on a Kubernetes cluster, and Mecha runs apps on this machine only"
    private static let later = "Mecha does not have that building block yet"

    private static let reasons: [String: String] = [
        "annotate": kubernetes,
        "build-info": "see 'version'",
        "dashboard": "there is no dashboard; see 'list' and the metrics port",
        "generate-certificate": kubernetes,
        "logs": "the logs of 'run' are printed, those of 'run -f' lie beside each app in .dapr/logs",
        "mcpservers": later,
        "mtls": kubernetes,
        "renew-certificate": kubernetes,
        "scheduler": later,
        "status": kubernetes,
        "upgrade": "replace the mecha binary instead",
        "workflow": later,
    ]

    /// What to tell the user of `name`, or nil when it is no command of Dapr's that is missing here.
    static func refusal(of name: String) -> CommandError? {
        reasons[name].map { CommandError("There is no '\(name)' command", hint: $0) }
    }
}
