import NIOHTTP1

/// Routes of the reference that are not built yet (sections 1.6 to 1.12 of the Dapr surface).
/// They answer 501 ERR_API_UNIMPLEMENTED rather than falling through to invocation.
enum LaterRoutes {
    static let all: [HTTPRoute] =
        configuration + lock + crypto + actors + workflows + jobs + conversation

    private static let configuration: [HTTPRoute] = [APIVersion.v1, .v1alpha1].flatMap { version in
        [
            HTTPRoute(.GET, at: "configuration/{store}", version, .configuration),
            HTTPRoute(.GET, at: "configuration/{store}/subscribe", version, .configuration),
            HTTPRoute(.GET, at: "configuration/{store}/{id}/unsubscribe", version, .configuration),
        ]
    }

    private static let lock: [HTTPRoute] = [
        HTTPRoute(.POST, at: "lock/{store}", .v1alpha1, .lock),
        HTTPRoute(.POST, at: "unlock/{store}", .v1alpha1, .unlock),
    ]

    private static let crypto: [HTTPRoute] =
        [
            HTTPRoute(.PUT, at: "crypto/{name}/encrypt", .v1alpha1, .crypto),
            HTTPRoute(.PUT, at: "crypto/{name}/decrypt", .v1alpha1, .crypto),
        ]
        + ["getkey", "encrypt", "decrypt", "wrapkey", "unwrapkey", "sign", "verify"].map {
            HTTPRoute(.POST, at: "subtlecrypto/{name}/\($0)", .v1alpha1, .subtlecrypto)
        }

    private static let actors: [HTTPRoute] = [
        HTTPRoute(.GET, .POST, .PUT, .DELETE, at: "actors/{type}/{id}/method/{method}", .v1, .actors),
        HTTPRoute(.POST, .PUT, at: "actors/{type}/{id}/state", .v1, .actors),
        HTTPRoute(.GET, at: "actors/{type}/{id}/state/{key}", .v1, .actors),
        HTTPRoute(.GET, .POST, .PUT, .DELETE, at: "actors/{type}/{id}/reminders/{name}", .v1, .actors),
        HTTPRoute(.POST, .PUT, .DELETE, at: "actors/{type}/{id}/timers/{name}", .v1, .actors),
    ]

    private static let workflows: [HTTPRoute] = [APIVersion.v1, .v1beta1, .v1alpha1].flatMap { version in
        [
            HTTPRoute(.POST, at: "workflows/{component}/{workflow}/start", version, .workflows),
            HTTPRoute(.GET, at: "workflows/{component}/{id}", version, .workflows),
            HTTPRoute(.POST, at: "workflows/{component}/{id}/pause", version, .workflows),
            HTTPRoute(.POST, at: "workflows/{component}/{id}/resume", version, .workflows),
            HTTPRoute(.POST, at: "workflows/{component}/{id}/terminate", version, .workflows),
            HTTPRoute(.POST, at: "workflows/{component}/{id}/purge", version, .workflows),
            HTTPRoute(.POST, at: "workflows/{component}/{id}/raiseEvent/{event}", version, .workflows),
        ]
    }

    private static let jobs: [HTTPRoute] = [APIVersion.v1, .v1alpha1].map { version in
        HTTPRoute(.GET, .POST, .DELETE, at: "jobs/{name}", version, .jobs)
    }

    private static let conversation: [HTTPRoute] = [APIVersion.v1alpha1, .v1alpha2].map { version in
        HTTPRoute(.POST, at: "conversation/{name}/converse", version, .conversation)
    }
}
