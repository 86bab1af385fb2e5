// usage: allocation-check MODEL.onnx WIDTHxHEIGHT THREADS
// Runs a network twice to warm up, then ten times, and exits 1 if those ten allocated from the heap.
import CAllocationCounter
import Foundation
import Inference
import Platform
import Quantities

let arguments = CommandLine.arguments
guard arguments.count == 4, let size = ImageSize(arguments[2]), let threads = Int(arguments[3]) else {
  print("usage: allocation-check MODEL.onnx WIDTHxHEIGHT THREADS")
  exit(2)
}
let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[1])))
let model = try Model(onnx: bytes, name: arguments[1])
guard let input = model.inputs.first?.name else { exit(2) }
let session = try model.session(
  inputSizes: [input: [1, 3, size.height, size.width]], executor: WorkerTeam(width: threads))
try session.input(input).update(repeating: 0.5)
session.run()
session.run()
allocation_counter_start()
for _ in 0..<10 { session.run() }
let allocations = allocation_counter_stop()
// The counter must see an allocation when there is one.
allocation_counter_start()
let probe = [UInt8](repeating: 1, count: 4096 + arguments.count)
let seen = withExtendedLifetime(probe) { allocation_counter_stop() }
guard seen > 0 else {
  print("the allocation counter does not count")
  exit(3)
}
print("\(allocations) allocations in 10 runs")
exit(allocations == 0 ? 0 : 1)
