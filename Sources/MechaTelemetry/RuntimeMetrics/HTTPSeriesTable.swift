/// Finds the series of (route, verb, status) by indices alone, for the server and the client side.
///
/// Configured path patterns are numbered after the routes, so a path that matches one is a route like any
/// other. Only with the `path` label (an operator's explicit wish) does recording look labels up by value.
final class HTTPSeriesTable<Series: AnyObject & Sendable>: Sendable {
    private let labels: [String]
    private let patterns: PathPatterns
    private let firstPattern: Int
    private let pathLabel: MetricsOptions.PathLabel
    private let excludesVerbs: Bool
    private let slots: LazySlots<StatusSlots<Series>>
    private let make: @Sendable (_ method: String, _ path: String, _ status: String) -> Series

    init(
        routes: [String], options: MetricsOptions,
        make: @escaping @Sendable (_ method: String, _ path: String, _ status: String) -> Series
    ) {
        patterns = PathPatterns(options.pathPatterns)
        // The last two labels are for requests without a route: none, and none of the patterns.
        labels = (options.pathLabel == .routeTemplate ? routes : routes.map { _ in "" }) + patterns.patterns + [""]
        firstPattern = routes.count
        pathLabel = options.pathLabel
        excludesVerbs = options.excludesVerbs
        slots = LazySlots(count: labels.count * HTTPVerb.allCases.count)
        self.make = make
    }

    @inline(__always)
    func series(_ route: RouteID, path: () -> String, verb: HTTPVerb, status: Int) -> Series {
        var row = route.index >= 0 && route.index < firstPattern ? route.index : labels.count - 1
        if !patterns.patterns.isEmpty, let pattern = patterns.match(path()) {
            row = firstPattern + pattern
        } else if pathLabel == .path {
            return make(method(verb), String(path().prefix { $0 != "?" }), HTTPStatusIndex.label(of: status))
        }
        return slots.value(at: row * HTTPVerb.allCases.count + Int(verb.rawValue)) { StatusSlots() }
            .series(status) { make(method(verb), labels[row], $0) }
    }

    private func method(_ verb: HTTPVerb) -> String { excludesVerbs ? "" : verb.label }
}
