package import RealModule

/// The number types that the CPU backend computes in.
package protocol HostReal: Real, BinaryFloatingPoint, SIMDScalar, Codable, Sendable {}

extension Float: HostReal {}
extension Double: HostReal {}
