// The inner loop of direct convolution: a few neighbouring pixels by one panel of output channels, all in
// registers. Compiled twice: for 8 lanes in Kernels and, through links, for 16 lanes in KernelsAVX512.
// Written out by pixel, because the accumulators must be named variables to stay in registers.

#if WIDE_LANES
  package import Kernels
#endif

/// Adds the residual, clamps and stores one pixel.
@inline(__always)
private func finish(_ sum: Lanes, _ pixel: Int, _ epilogue: DirectEpilogue) {
  var value = sum
  if let residual = epilogue.residual { value += loadBlocks(residual + pixel &* 8, epilogue.blockStride) }
  storeBlocks(
    clampLanes(value, epilogue.minimum, epilogue.maximum), epilogue.output + pixel &* 8, epilogue.blockStride)
}

/// 12 pixels by one panel of output channels.
@inline(never)
package func directTile12(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue
) {
  // A constant pixel stride folds into the addresses of the loads.
  if tile.pixelStride == 8 {
    accumulate12(tile, weights, epilogue, 8)
  } else {
    accumulate12(tile, weights, epilogue, tile.pixelStride)
  }
}

@inline(__always)
private func accumulate12(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue, _ s: Int
) {
  var a0 = loadLanes(epilogue.bias)
  var a1 = a0
  var a2 = a0
  var a3 = a0
  var a4 = a0
  var a5 = a0
  var a6 = a0
  var a7 = a0
  var a8 = a0
  var a9 = a0
  var a10 = a0
  var a11 = a0
  var w = weights
  var block = 0
  while block < tile.blockCount {
    let base = tile.blocks[block] + tile.offset
    let count = Int(tile.counts[block])
    var ky = 0
    while ky < tile.kernelHeight {
      var tap = base + ky &* tile.rowStride
      var kx = 0
      while kx < tile.kernelWidth {
        var x = tap
        let end = tap + count
        while x < end {
          let v = loadLanes(w)
          a0.addProduct(v, Lanes(repeating: x[0]))
          a1.addProduct(v, Lanes(repeating: x[s]))
          a2.addProduct(v, Lanes(repeating: x[s &* 2]))
          a3.addProduct(v, Lanes(repeating: x[s &* 3]))
          a4.addProduct(v, Lanes(repeating: x[s &* 4]))
          a5.addProduct(v, Lanes(repeating: x[s &* 5]))
          a6.addProduct(v, Lanes(repeating: x[s &* 6]))
          a7.addProduct(v, Lanes(repeating: x[s &* 7]))
          a8.addProduct(v, Lanes(repeating: x[s &* 8]))
          a9.addProduct(v, Lanes(repeating: x[s &* 9]))
          a10.addProduct(v, Lanes(repeating: x[s &* 10]))
          a11.addProduct(v, Lanes(repeating: x[s &* 11]))
          w += Lanes.scalarCount
          x += 1
        }
        tap += tile.tapStride
        kx &+= 1
      }
      ky &+= 1
    }
    block &+= 1
  }
  finish(a0, 0, epilogue)
  finish(a1, 1, epilogue)
  finish(a2, 2, epilogue)
  finish(a3, 3, epilogue)
  finish(a4, 4, epilogue)
  finish(a5, 5, epilogue)
  finish(a6, 6, epilogue)
  finish(a7, 7, epilogue)
  finish(a8, 8, epilogue)
  finish(a9, 9, epilogue)
  finish(a10, 10, epilogue)
  finish(a11, 11, epilogue)
}

/// 8 pixels by one panel of output channels.
@inline(never)
package func directTile8(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue
) {
  // A constant pixel stride folds into the addresses of the loads.
  if tile.pixelStride == 8 {
    accumulate8(tile, weights, epilogue, 8)
  } else {
    accumulate8(tile, weights, epilogue, tile.pixelStride)
  }
}

@inline(__always)
private func accumulate8(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue, _ s: Int
) {
  var a0 = loadLanes(epilogue.bias)
  var a1 = a0
  var a2 = a0
  var a3 = a0
  var a4 = a0
  var a5 = a0
  var a6 = a0
  var a7 = a0
  var w = weights
  var block = 0
  while block < tile.blockCount {
    let base = tile.blocks[block] + tile.offset
    let count = Int(tile.counts[block])
    var ky = 0
    while ky < tile.kernelHeight {
      var tap = base + ky &* tile.rowStride
      var kx = 0
      while kx < tile.kernelWidth {
        var x = tap
        let end = tap + count
        while x < end {
          let v = loadLanes(w)
          a0.addProduct(v, Lanes(repeating: x[0]))
          a1.addProduct(v, Lanes(repeating: x[s]))
          a2.addProduct(v, Lanes(repeating: x[s &* 2]))
          a3.addProduct(v, Lanes(repeating: x[s &* 3]))
          a4.addProduct(v, Lanes(repeating: x[s &* 4]))
          a5.addProduct(v, Lanes(repeating: x[s &* 5]))
          a6.addProduct(v, Lanes(repeating: x[s &* 6]))
          a7.addProduct(v, Lanes(repeating: x[s &* 7]))
          w += Lanes.scalarCount
          x += 1
        }
        tap += tile.tapStride
        kx &+= 1
      }
      ky &+= 1
    }
    block &+= 1
  }
  finish(a0, 0, epilogue)
  finish(a1, 1, epilogue)
  finish(a2, 2, epilogue)
  finish(a3, 3, epilogue)
  finish(a4, 4, epilogue)
  finish(a5, 5, epilogue)
  finish(a6, 6, epilogue)
  finish(a7, 7, epilogue)
}

/// 4 pixels by one panel of output channels.
@inline(never)
package func directTile4(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue
) {
  // A constant pixel stride folds into the addresses of the loads.
  if tile.pixelStride == 8 {
    accumulate4(tile, weights, epilogue, 8)
  } else {
    accumulate4(tile, weights, epilogue, tile.pixelStride)
  }
}

@inline(__always)
private func accumulate4(
  _ tile: DirectTile, _ weights: UnsafePointer<Float>, _ epilogue: DirectEpilogue, _ s: Int
) {
  var a0 = loadLanes(epilogue.bias)
  var a1 = a0
  var a2 = a0
  var a3 = a0
  var w = weights
  var block = 0
  while block < tile.blockCount {
    let base = tile.blocks[block] + tile.offset
    let count = Int(tile.counts[block])
    var ky = 0
    while ky < tile.kernelHeight {
      var tap = base + ky &* tile.rowStride
      var kx = 0
      while kx < tile.kernelWidth {
        var x = tap
        let end = tap + count
        while x < end {
          let v = loadLanes(w)
          a0.addProduct(v, Lanes(repeating: x[0]))
          a1.addProduct(v, Lanes(repeating: x[s]))
          a2.addProduct(v, Lanes(repeating: x[s &* 2]))
          a3.addProduct(v, Lanes(repeating: x[s &* 3]))
          w += Lanes.scalarCount
          x += 1
        }
        tap += tile.tapStride
        kx &+= 1
      }
      ky &+= 1
    }
    block &+= 1
  }
  finish(a0, 0, epilogue)
  if tile.pixelCount > 1 { finish(a1, 1, epilogue) }
  if tile.pixelCount > 2 { finish(a2, 2, epilogue) }
  if tile.pixelCount > 3 { finish(a3, 3, epilogue) }
}
