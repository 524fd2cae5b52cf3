import Logging
import MechaCore
import MechaSchedule

/// Events at the times of a schedule. The event has no body; its metadata say when and in which time zone.
///
/// A time that passes while the feed is paused, or while the machine sleeps, is not made up for.
public final class CronBinding: InputBinding {
    /// Events of one schedule that the app may be busy with; a further one is left out.
    static let maximumUnderWay = 16

    let schedule: Schedule
    let timeZone: String
    let clock: any MechaClock
    let logger: Logger

    init(schedule: Schedule, timeZone: String, environment: ComponentEnvironment) {
        self.schedule = schedule
        self.timeZone = timeZone
        clock = environment.clock
        logger = environment.logger
    }

    public var status: ComponentStatus { .ready }

    public func start() async throws {}

    public func close() async {}

    public func read(_ handler: @escaping BindingHandler) async throws -> any MessageFeed { CronFeed(self, handler) }
}

extension CronBinding {
    /// `bindings.cron/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "bindings.cron",
        summary: "Calls the app on a schedule.",
        fields: [
            MetadataField(
                "schedule", .string, required: true,
                "Five or six cron fields (seconds first), @every 30s, @hourly, @daily, ..., or an ISO 8601 period such as R5/PT30M."),
            MetadataField("timezone", .string, default: "UTC", "Name of the time zone that the fields are read in, such as Europe/Paris."),
        ],
        capabilities: ["INPUT_BINDING"],
        // Each app has ticks of its own.
        isShareable: false,
        make: { metadata, environment in
            let zoneName = metadata.string("timezone", default: "UTC")
            guard let zone = TimeZoneRules.named(zoneName) else {
                throw MetadataError(field: "timezone", problem: "is \"\(zoneName)\"", expected: "a time zone that this machine knows")
            }
            let text = try metadata.required("schedule")
            do {
                return CronBinding(schedule: try Schedule(parsing: text, zone: zone), timeZone: zoneName, environment: environment)
            } catch {
                throw MetadataError(field: "schedule", problem: "is \"\(text)\": \(error)", expected: "a schedule")
            }
        })
}
