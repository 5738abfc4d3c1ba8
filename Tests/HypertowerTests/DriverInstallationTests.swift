import Testing

@testable import Hypertower

@Suite struct DriverInstallationTests {
  @Test(arguments: [
    ("ID=debian\n", "apt-get install pocl-opencl-icd"),
    (
      "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
      "apt-get install pocl-opencl-icd"
    ),
    ("ID=fedora\nVERSION_ID=42\n", "dnf install pocl"),
    ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install pocl"),
    ("ID_LIKE=arch\nID=manjaro\n", "pacman -S pocl"),
    ("ID='opensuse-tumbleweed'\nID_LIKE='opensuse suse'\n", "zypper install pocl"),
    ("ID=nixos\n", "PoCL (portablecl.org)"), ("", "PoCL (portablecl.org)"),
  ])
  func installsPoCLByTheDistribution(_ osRelease: String, _ command: String) {
    #expect(
      DriverInstallation.hint(osRelease: osRelease)
        == "install your GPU's OpenCL driver, or for the CPU: \(command)")
  }
}
