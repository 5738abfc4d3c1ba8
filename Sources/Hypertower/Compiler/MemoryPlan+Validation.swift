/// What is wrong with a plan of memory, counted again from the uses that it was made of.
extension MemoryPlan {
  /// Stops at the first fault, where programs are looked at; see `ProgramValidator.isOn`.
  func check(_ buffers: [BufferDescription], uses: [[Int]]) {
    guard ProgramValidator.isOn else { return }
    let fault = firstFault(buffers, uses: uses)
    require(fault == nil, "MemoryPlan: \(fault ?? "")")
  }

  /// The first buffer whose slot is missing, too small, of another type, or another's while it is still needed.
  func firstFault(_ buffers: [BufferDescription], uses: [[Int]]) -> String? {
    // What lies in each slot, and until when it is needed.
    var last: [Int: Int] = [:]
    for (time, used) in uses.enumerated() { for buffer in used { last[buffer] = time } }
    var holders: [Int: Int] = [:]
    for (time, used) in uses.enumerated() {
      for buffer in used where buffers[buffer].isTemporary {
        guard let slot = slots[buffer] else { return "temporary buffer \(buffer) has no slot" }
        let description = buffers[buffer]
        guard slotSizes[slot] >= description.count, slotTypes[slot] == description.type else {
          return
            "temporary buffer \(buffer), \(description.count) of \(description.type), is in slot "
            + "\(slot), \(slotSizes[slot]) of \(slotTypes[slot])"
        }
        if let other = holders[slot], other != buffer, last[other]! >= time {
          return
            "temporary buffer \(buffer) takes slot \(slot) at \(time), which buffer \(other) needs "
            + "until \(last[other]!)"
        }
        holders[slot] = buffer
      }
    }
    return nil
  }
}
