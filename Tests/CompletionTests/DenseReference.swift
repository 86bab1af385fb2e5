// The completion network written for reading: dense arithmetic on zero-filled grids, then the mask. Nothing here is
// shared with the network it is compared with.
import Glibc
import Quantities

struct DenseReference {
  let fixture: CompletionFixture

  /// (channels, height, width) with a mask (height, width): zero wherever the mask is.
  struct Map {
    var channels: Int
    var height: Int
    var width: Int
    var values: [Float]
    var mask: [Bool]

    func value(_ channel: Int, _ row: Int, _ column: Int) -> Float {
      guard row >= 0, row < height, column >= 0, column < width else { return 0 }
      return values[(channel * height + row) * width + column]
    }

    func isActive(_ row: Int, _ column: Int) -> Bool {
      row >= 0 && row < height && column >= 0 && column < width && mask[row * width + column]
    }
  }

  /// Additions P of every level (channels, height, width), before enlarging.
  func additions(_ picture: DepthPicture) -> [[Float]] {
    var map = encode(thin(picture))
    return fixture.levels.map { level in
      map = block(pool(map), level)
      return convolve(map, level.tensors["projection.weight"] ?? [], nil, kernel: 1, outputs: level.channels)
        .values
    }
  }

  /// Of each 4x4 cell the nearest point, of equals the first.
  func thin(_ picture: DepthPicture) -> DepthPicture {
    var thinned = DepthPicture(picture.size)
    let width = picture.size.width
    for row in stride(from: 0, to: picture.size.height, by: 4) {
      for column in stride(from: 0, to: width, by: 4) {
        let cell = (0..<16).map { (row + $0 / 4) * width + column + $0 % 4 }
        let points = cell.filter { picture.values[$0] > 0 }
        guard let best = points.min(by: { picture.values[$0] < picture.values[$1] }) else { continue }
        thinned.values[best] = picture.values[best]
      }
    }
    return thinned
  }

  private func encode(_ picture: DepthPicture) -> Map {
    let mask = picture.values.map { $0 > 0 }
    let near = picture.values.map { depth -> Float in
      guard depth > 0 else { return 0 }
      let far = CompletionFixture.maximumDepth
      return log(0.1 * far / min(far, max(CompletionFixture.minimumDepth, depth)))
    }
    return Map(
      channels: 2, height: picture.size.height, width: picture.size.width,
      values: near + mask.map { $0 ? 1 : 0 }, mask: mask)
  }

  private func pool(_ map: Map) -> Map {
    var pooled = Map(
      channels: map.channels, height: map.height / 2, width: map.width / 2, values: [], mask: [])
    for row in 0..<pooled.height {
      for column in 0..<pooled.width {
        pooled.mask.append((0..<4).contains { map.isActive(2 * row + $0 / 2, 2 * column + $0 % 2) })
      }
    }
    for channel in 0..<map.channels {
      for cell in 0..<pooled.mask.count {
        let (row, column) = cell.quotientAndRemainder(dividingBy: pooled.width)
        var highest = -Float.infinity
        for v in 2 * row - 1...2 * row + 1 {
          for u in 2 * column - 1...2 * column + 1 where map.isActive(v, u) {
            highest = max(highest, map.value(channel, v, u))
          }
        }
        pooled.values.append(pooled.mask[cell] ? highest : 0)
      }
    }
    return pooled
  }

  private func block(_ map: Map, _ level: CompletionFixture.Level) -> Map {
    let c = level.width
    func convolution(_ map: Map, _ name: String, _ outputs: Int) -> Map {
      convolve(
        map, level.tensors["\(name).weight"] ?? [], level.tensors["\(name).bias"], kernel: level.kernel,
        outputs: outputs)
    }
    func relu(_ map: Map) -> Map {
      var result = map
      result.values = map.values.map { max(0, $0) }
      return result
    }
    let a = convolution(map, "first", 5 * c)
    let direct = slice(a, 0, c)
    let two = relu(slice(a, c, 3 * c))
    let three = relu(convolution(relu(slice(a, 3 * c, 5 * c)), "middle", 2 * c))
    var both = two
    both.channels = 4 * c
    both.values += three.values
    var sum = convolution(both, "last", c)
    for index in sum.values.indices { sum.values[index] += direct.values[index] }
    return relu(sum)
  }

  private func slice(_ map: Map, _ from: Int, _ to: Int) -> Map {
    var part = map
    part.channels = to - from
    part.values = Array(map.values[from * map.height * map.width..<to * map.height * map.width])
    return part
  }

  /// A dense convolution with zero borders, then the mask.
  private func convolve(_ map: Map, _ weights: [Float], _ bias: [Float]?, kernel: Int, outputs: Int) -> Map {
    var result = map
    result.channels = outputs
    let plane = map.height * map.width
    result.values = [Float](repeating: 0, count: outputs * plane)
    let reach = kernel / 2
    for cell in 0..<plane where map.mask[cell] {
      let (row, column) = cell.quotientAndRemainder(dividingBy: map.width)
      for output in 0..<outputs { result.values[output * plane + cell] = bias?[output] ?? 0 }
      for offset in 0..<kernel * kernel {
        let (v, u) = (row + offset / kernel - reach, column + offset % kernel - reach)
        for input in 0..<map.channels {
          let value = map.value(input, v, u)
          guard value != 0 else { continue }
          let start = (offset * map.channels + input) * outputs
          for output in 0..<outputs {
            result.values[output * plane + cell] += value * weights[start + output]
          }
        }
      }
    }
    return result
  }
}
