import Messaging
import TestSupport

extension TemporaryFolder {
  var endpoints: EndpointDirectory { EndpointDirectory(path: path) }
}
