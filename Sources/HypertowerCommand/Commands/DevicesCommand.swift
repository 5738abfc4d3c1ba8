import ArgumentParser
import Hypertower
import OpenCL

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "Lists the devices that --device may name.")

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let inventory = try DeviceInventory()
    let lines = json ? [inventory.json.text] : inventory.lines
    for line in lines { try Console.print(line) }
  }
}
