import FoundationEssentials

/// How to install PoCL, the OpenCL driver for CPUs, on the distributions that package it.
package enum DriverInstallation {
  /// What to do if there is no OpenCL device, for this machine's distribution.
  package static let hint = hint(
    osRelease: (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? "")

  /// What to do if there is no OpenCL device.
  ///
  /// - Parameter osRelease: The contents of `/etc/os-release`; see os-release(5).
  package static func hint(osRelease: String) -> String {
    "install your GPU's OpenCL driver, or for the CPU: \(command(osRelease: osRelease))"
  }

  /// The installing commands by a distribution's `ID`, or one that it is like.
  private static let commands = [
    "debian": "apt-get install pocl-opencl-icd", "ubuntu": "apt-get install pocl-opencl-icd",
    "fedora": "dnf install pocl", "arch": "pacman -S pocl", "alpine": "apk add pocl",
    "suse": "zypper install pocl", "opensuse": "zypper install pocl",
  ]

  private static func command(osRelease: String) -> String {
    names(osRelease).lazy.compactMap { commands[$0] }.first ?? "PoCL (portablecl.org)"
  }

  /// The values of `ID` and `ID_LIKE`, the more exact one first.
  private static func names(_ osRelease: String) -> [String] {
    ["ID", "ID_LIKE"].flatMap { key in
      osRelease.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("\(key)=") }.flatMap {
        $0.dropFirst(key.count + 1).split { " \"'".contains($0) }.map { $0.lowercased() }
      }
    }
  }
}
