@main struct Mecha { static func main() {} }
