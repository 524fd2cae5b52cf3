/// A resource that wants to know when the guest lets go of it.
package protocol ComponentResource: AnyObject {
    func dropped()
}
