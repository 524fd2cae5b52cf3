import MechaTelemetry
import Testing

@Suite struct BaggageTests {
    @Test func `members, properties and percent-encoding are read`() {
        let baggage = Baggage(header: "userId=Am%C3%A9lie , serverNode=DF%2028;ttl=30; x ,isProduction=false")
        #expect(
            baggage.members == [
                .init(key: "userId", value: "Amélie"), .init(key: "serverNode", value: "DF 28", properties: "ttl=30; x"),
                .init(key: "isProduction", value: "false"),
            ])
        #expect(baggage["isProduction"] == "false")
        #expect(baggage.header == "userId=Am%C3%A9lie,serverNode=DF%2028;ttl=30; x,isProduction=false")
    }

    @Test func `what is not valid is left out`() {
        #expect(Baggage(header: "novalue,=x,k ey=1,a=%zz,b=%2,c=d\"e,ok=1").members == [.init(key: "ok", value: "1")])
        #expect(Baggage(header: "").header == nil)
        #expect(Baggage(header: "a=" + String(repeating: "x", count: 9_000)).members.isEmpty)
        #expect(Baggage(header: (0..<100).map { "k\($0)=1" }.joined(separator: ",")).members.count == Baggage.maximumMembers)
    }

    @Test func `any value comes back as it went`() {
        let value = "100% \"a,b;c=d\\e\" é\n"
        #expect(Baggage(header: Baggage([.init(key: "k", value: value)]).header ?? "")["k"] == value)
    }
}
