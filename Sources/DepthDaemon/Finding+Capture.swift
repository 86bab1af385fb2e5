package import Capture
package import Health

extension Finding {
  /// What the state of capture says about the camera; nil while frames arrive.
  package init?(capture state: CaptureStatus.State) {
    switch state {
    case .streaming: return nil
    case .starting: self.init(.cameraStarting)
    case .ended: self.init(.recordingEnded)
    case .unavailable(let error): self.init(error)
    }
  }

  package init(_ error: CaptureError) {
    switch error {
    case .badSource: self.init(.sourceUnusable, error.description)
    case .camera(let fault): self.init(DiagnosticCode(fault), fault.description)
    }
  }
}

extension DiagnosticCode {
  /// The code of a camera's fault.
  package init(_ fault: CameraFault) {
    self =
      switch fault {
      case .absent: .cameraAbsent
      case .ambiguous: .cameraAmbiguous
      case .different: .cameraDifferent
      case .busy: .cameraBusy
      case .noPermission: .cameraForbidden
      case .notACamera: .cameraUnsuitable
      case .noBandwidth: .cameraNoBandwidth
      case .unusableFormat: .cameraWrongFormat
      case .unknownControl, .controlRefused: .cameraControl
      case .lost: .cameraLost
      case .stalled: .cameraStalled
      case .transferFailed: .cameraTransfer
      case .damagedFrame, .impossibleLength, .undecodable: .decodeBrokenFrames
      case .system: .cameraFailed
      }
  }
}
