@testable import Hypertower

/// What tests of towers without groups look at.
extension TrainingState {
  var layout: TowerLayout { groups[0].layout }
  var values: any DeviceArray { groups[0].values }
  var derivatives: (any DeviceArray)? { groups[0].derivatives }
}
